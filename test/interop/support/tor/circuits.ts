import { until } from '../program.ts';
import type { TorControl } from './control.ts';
import { keywordsOf } from './control-reply.ts';

/** A circuit that was opened on request. */
export interface TorCircuit {
  readonly id: string;
  /** Fingerprints, the first hop first. */
  readonly path: readonly string[];
  /** From the command to the BUILT event. */
  readonly builtMs: number;
}

/** Where one circuit stands. */
interface CircuitState {
  readonly status: string;
  /** The event in tor's words. */
  readonly line: string;
}

const EVENTS_MAX = 2_000;

/**
 * Opens circuits along given paths in a C tor client and puts given streams on them. All other streams of that client
 * go where tor wants. One per client: it sets __LeaveStreamsUnattached.
 */
export class TorCircuits {
  readonly #control: TorControl;
  readonly #circuits = new Map<string, CircuitState>();
  /** The local port of a SOCKS connection to the circuit its stream is meant for. */
  readonly #wanted = new Map<number, string>();
  /** CIRC and STREAM events so far, the last {@link EVENTS_MAX}. */
  readonly events: string[] = [];

  private constructor(control: TorControl) {
    this.#control = control;
    control.onEvent((line) => this.#take(line));
  }

  static async start(control: TorControl): Promise<TorCircuits> {
    const circuits = new TorCircuits(control);
    await control.subscribe('CIRC', 'STREAM');
    await control.setConf({ __LeaveStreamsUnattached: 1 });
    return circuits;
  }

  /** Builds a circuit along exactly this path. Throws with tor's reason when it fails. */
  async open(path: readonly string[], timeoutMs = 20_000): Promise<TorCircuit> {
    const startedMs = performance.now();
    const [answer = ''] = await this.#control.send(
      `EXTENDCIRCUIT 0 ${path.map((fingerprint) => `$${fingerprint}`).join(',')}`,
    );
    const id = answer.split(' ')[1] ?? '';
    await until(
      `a circuit along ${path.join(', ')}`,
      () => {
        const state = this.#circuits.get(id);
        if (state?.status === 'FAILED' || state?.status === 'CLOSED')
          throw new Error(`no circuit: ${state.line}`);
        return state?.status === 'BUILT';
      },
      timeoutMs,
    );
    return { id, path, builtMs: performance.now() - startedMs };
  }

  /** The stream of the SOCKS connection from this local port goes to this circuit. To be said before its request. */
  direct(localPort: number, circuit: TorCircuit): void {
    this.#wanted.set(localPort, circuit.id);
  }

  /** The status tor last reported (BUILT, FAILED, CLOSED, …). */
  status(circuit: TorCircuit): string {
    return this.#circuits.get(circuit.id)?.status ?? '';
  }

  async close(circuit: TorCircuit): Promise<void> {
    if (this.status(circuit) === 'BUILT') await this.#control.send(`CLOSECIRCUIT ${circuit.id}`);
  }

  #take(line: string): void {
    if (this.events.push(line) > EVENTS_MAX) this.events.shift();
    const [kind, id = '', status = ''] = line.split(' ');
    if (kind === 'CIRC') this.#circuits.set(id, { status, line });
    if (kind === 'STREAM' && (status === 'NEW' || status === 'NEWRESOLVE')) this.#attach(id, line);
  }

  #attach(streamId: string, line: string): void {
    const localPort = Number(keywordsOf(line).get('SOURCE_ADDR')?.split(':').at(-1));
    const circuitId = this.#wanted.get(localPort) ?? '0';
    this.#wanted.delete(localPort);
    // A refusal shows at the stream: tor ends it. Tor's own streams may be gone already.
    this.#control.send(`ATTACHSTREAM ${streamId} ${circuitId}`).catch((error: unknown) => {
      this.events.push(`refused ${String(error)}`);
      if (circuitId !== '0') this.#control.send(`CLOSESTREAM ${streamId} 1`).catch(() => {});
    });
  }
}
