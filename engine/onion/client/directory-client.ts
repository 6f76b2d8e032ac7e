import { AlliumError } from '../../codec/error.ts';
import type { Runtime } from '../../runtime/port.ts';
import type { DirectoryAnswer } from '../directory/directory-answer.ts';
import type { DirectoryRequest } from '../directory/directory-request.ts';
import { failure, type Result, success } from '../directory/result.ts';
import type { ConsensusParams } from '../flow/consensus-param.ts';
import { type BuildModules, buildCircuit } from './builder.ts';
import type { ClientCircuit } from './circuit.ts';
import type { HopPlan } from './circuit-types.ts';
import { type FetchLimits, fetchOver } from './directory-stream.ts';

/** A circuit to a directory without requests is closed after this time. */
const IDLE_MS = 60_000;

/** Where documents come from: a relay over a circuit of one hop, or a DirPort over plain HTTP. */
export type DirectorySource =
  | {
      readonly kind: 'relay';
      readonly plan: HopPlan;
      /** Told whether the relay could be reached. */
      readonly onReached?: (ok: boolean) => void;
    }
  | { readonly kind: 'http'; readonly nickname: string; readonly host: string; readonly port: number };

/** How a source is called in messages. */
export function sourceName(source: DirectorySource): string {
  const { nickname, host, port } = source.kind === 'relay' ? source.plan : source;
  return nickname === '' ? `${host}:${port}` : `${nickname} (${host}:${port})`;
}

interface Seat {
  readonly circuit: Promise<Result<ClientCircuit>>;
  open: ClientCircuit | undefined;
  requests: number;
  idleSinceMs: number;
}

/** Fetches directory documents. One circuit for each source serves all requests to it. */
export class DirectoryClient {
  readonly #modules: BuildModules & { readonly runtime: Runtime };
  readonly #params: () => ConsensusParams;
  readonly #seats = new Map<string, Seat>();

  constructor(modules: BuildModules & { readonly runtime: Runtime; readonly params: () => ConsensusParams }) {
    this.#modules = modules;
    this.#params = modules.params;
  }

  /** Circuits to directories. */
  get circuits(): readonly ClientCircuit[] {
    return [...this.#seats.values()].flatMap(({ open }) => open ?? []);
  }

  /** Asks `source`; never rejects. */
  async ask(
    source: DirectorySource,
    request: DirectoryRequest,
    limits: FetchLimits,
  ): Promise<Result<DirectoryAnswer>> {
    if (source.kind === 'http') return this.#fetchPlain(source, request, limits);
    const seat = this.#seat(source);
    seat.requests += 1;
    const circuit = await seat.circuit;
    const answer = circuit.ok
      ? await fetchOver(circuit.value, request, limits, this.#modules.clock)
      : circuit;
    seat.requests -= 1;
    seat.idleSinceMs = this.#modules.clock.now();
    return answer;
  }

  /** Closes circuits that have been without requests for long. */
  expire(nowMs: number): void {
    for (const { open, requests, idleSinceMs } of [...this.#seats.values()]) {
      if (open !== undefined && requests === 0 && nowMs - idleSinceMs >= IDLE_MS) open.close('idle');
    }
  }

  closeAll(): void {
    for (const { open } of [...this.#seats.values()]) open?.close('stopped');
    this.#seats.clear();
  }

  #seat(source: DirectorySource & { kind: 'relay' }): Seat {
    const { plan } = source;
    const name = `${plan.fingerprint} ${plan.host}:${plan.port}`;
    const known = this.#seats.get(name);
    if (known !== undefined) return known;
    const forget = (): void => {
      if (this.#seats.get(name) === seat) this.#seats.delete(name);
    };
    const circuit = new Promise<Result<ClientCircuit>>((resolve) => {
      let isReached = false;
      const fail = (reason: string): void => {
        if (!isReached) source.onReached?.(false);
        forget();
        resolve(failure(reason));
      };
      // After `seat` is there: a link may fail at once.
      queueMicrotask(() => {
        try {
          buildCircuit([plan], this.#params(), this.#modules, {
            onFirstHop: () => {
              isReached = true;
              source.onReached?.(true);
            },
            onTooSlow: () => fail('no answer in time'),
            onBuilt: (built) => {
              seat.open = built;
              resolve(success(built));
            },
            onClosed: (end) => fail(`${end.kind}: ${end.reason}`),
          });
        } catch (error) {
          fail(error instanceof AlliumError ? error.message : 'no room for a circuit');
        }
      });
    });
    const seat: Seat = { circuit, open: undefined, requests: 0, idleSinceMs: this.#modules.clock.now() };
    this.#seats.set(name, seat);
    return seat;
  }

  async #fetchPlain(
    source: DirectorySource & { kind: 'http' },
    request: DirectoryRequest,
    limits: FetchLimits,
  ): Promise<Result<DirectoryAnswer>> {
    const host = source.host.includes(':') ? `[${source.host}]` : source.host;
    try {
      const { status, body } = await this.#modules.runtime.network.http({
        url: `http://${host}:${source.port}${request.path}`,
        headers: { 'Accept-Encoding': 'identity' },
        timeoutMs: limits.idleTimeoutMs,
        maxBytes: limits.bodyBytesMax,
      });
      const none = { dateMs: undefined, yourAddress: undefined, isNotNew: false };
      return success({ status, reason: '', body, ...none });
    } catch (error) {
      return failure(error instanceof Error ? error.message : 'the request failed');
    }
  }
}
