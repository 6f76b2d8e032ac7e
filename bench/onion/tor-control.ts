import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { type ControlMessage, ControlReplyReader } from '../../test/interop/support/tor/control-reply.ts';

interface Waiting {
  resolve(lines: readonly string[]): void;
  reject(error: Error): void;
}

/** When a circuit was asked for and when it was there, on the clock of `performance.now()`. */
export interface BuiltCircuit {
  readonly id: string;
  readonly beganMs: number;
  readonly builtMs: number;
}

/**
 * Builds circuits in a C tor client and times them. Over a Unix socket: tor delays what it says on a TCP one by up to
 * 40 ms. Who opens the socket must be allowed to by its folder; the cookie of the control port is asked for, too.
 */
export class TorBuilder {
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];
  readonly #circuits = new Map<string, { resolve(atMs: number): void; reject(error: Error): void }>();
  /** Circuits that were there, or failed, before the answer that names them was read. */
  readonly #early = new Map<string, { readonly status: string; readonly atMs: number }>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    const reader = new ControlReplyReader();
    const fail = (): void => {
      const error = new Error('tor closed the control socket');
      for (const { reject } of [...this.#waiting.splice(0), ...this.#circuits.values()]) reject(error);
    };
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', fail);
    createInterface({ input: socket }).on('line', (line) => {
      const message = reader.push(line);
      if (message !== undefined) this.#take(message);
    });
  }

  /** `cookie`: what is in the file of that name. */
  static async open(path: string, cookie: Buffer): Promise<TorBuilder> {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    const builder = new TorBuilder(socket);
    await builder.#send(`AUTHENTICATE ${cookie.toString('hex')}`);
    await builder.#send('SETEVENTS CIRC');
    return builder;
  }

  /** A circuit along these fingerprints. Rejects with tor's words when there is none. */
  async build(path: readonly string[]): Promise<BuiltCircuit> {
    const beganMs = performance.now();
    const [answer = ''] = await this.#send(`EXTENDCIRCUIT 0 ${path.map((relay) => `$${relay}`).join(',')}`);
    const id = answer.split(' ')[1] ?? '';
    const early = this.#early.get(id);
    this.#early.delete(id);
    if (early !== undefined && early.status !== 'BUILT') throw new Error(`no circuit: ${early.status}`);
    if (early !== undefined) return { id, beganMs, builtMs: early.atMs };
    const builtMs = await new Promise<number>((resolve, reject) => {
      this.#circuits.set(id, { resolve, reject });
    });
    return { id, beganMs, builtMs };
  }

  async close(circuit: BuiltCircuit): Promise<void> {
    // It may be gone already.
    await this.#send(`CLOSECIRCUIT ${circuit.id}`).catch(() => {});
  }

  end(): void {
    this.#socket.destroy();
  }

  #send(command: string): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(`${command}\r\n`);
    });
  }

  #take({ code, lines }: ControlMessage): void {
    if (code !== 650) {
      const waiting = this.#waiting.shift();
      if (code >= 200 && code < 300) waiting?.resolve(lines);
      else waiting?.reject(new Error(`${code} ${lines.join('; ')}`));
      return;
    }
    const [kind, id = '', status = ''] = (lines[0] ?? '').split(' ');
    if (kind !== 'CIRC' || !['BUILT', 'FAILED', 'CLOSED'].includes(status)) return;
    const atMs = performance.now();
    const waiter = this.#circuits.get(id);
    this.#circuits.delete(id);
    if (waiter === undefined) this.#noteEarly(id, status, atMs);
    else if (status === 'BUILT') waiter.resolve(atMs);
    else waiter.reject(new Error(`no circuit: ${lines[0] ?? ''}`));
  }

  /** Tor's own circuits come by here as well: only the latest are kept. */
  #noteEarly(id: string, status: string, atMs: number): void {
    this.#early.set(id, { status, atMs });
    const [oldest] = this.#early.keys();
    if (this.#early.size > 256 && oldest !== undefined) this.#early.delete(oldest);
  }
}
