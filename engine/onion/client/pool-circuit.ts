import type { GuardAttempt } from '../guard/guard-types.ts';
import type { CircuitUse } from '../path/isolation.ts';
import { allowsPorts, type PathRelay } from '../path/network.ts';
import type { ReadyCircuit } from '../path/prediction.ts';
import type { ClientCircuit } from './circuit.ts';

/** What a circuit of the pool is for. */
export interface CircuitWish {
  readonly kind: 'exit' | 'internal';
  readonly ports: readonly number[];
  readonly needStable: boolean;
  /** Exits not to use. */
  readonly avoid: ReadonlySet<string>;
  /** For the stream that it is built for; undefined: built ahead, anybody may be the first. */
  readonly reservedFor: string | undefined;
}

/** A circuit of the pool with what decides who may use it. */
export class PoolCircuit implements CircuitUse, ReadyCircuit {
  readonly number: number;
  readonly wish: CircuitWish;
  readonly exit: PathRelay;
  readonly attempt: GuardAttempt | undefined;
  readonly isStable: boolean;
  readonly begunMs: number;
  /** Set right after it is made, unless it could not even begin. */
  circuit: ClientCircuit | undefined;
  /** `waiting`: built, but a better guard may still answer. */
  state: 'building' | 'waiting' | 'open' | 'closed' = 'building';
  builtMs = 0;
  isolationKey: string | undefined;
  dirtySinceMs: number | undefined;
  /** A stream failed on it in a way that makes it doubtful: no new ones. */
  isShunned = false;
  /** It got to its second hop. */
  isCounted = false;
  /** Something came back on a stream. */
  hasAnswered = false;

  constructor(options: {
    readonly number: number;
    readonly wish: CircuitWish;
    readonly exit: PathRelay;
    readonly attempt: GuardAttempt | undefined;
    readonly isStable: boolean;
    readonly begunMs: number;
  }) {
    this.number = options.number;
    this.wish = options.wish;
    this.exit = options.exit;
    this.attempt = options.attempt;
    this.isStable = options.isStable;
    this.begunMs = options.begunMs;
  }

  get streamCount(): number {
    return this.circuit?.streams.count ?? 0;
  }

  /** Nothing new shall begin on it. */
  get isDoubtful(): boolean {
    return this.isShunned || this.circuit?.isLinkDoubtful === true;
  }

  get isClean(): boolean {
    return this.dirtySinceMs === undefined;
  }

  /** Whether its exit lets this port out; port 0: a look-up of a name, which every exit does. */
  allows(port: number): boolean {
    if (this.wish.kind !== 'exit') return false;
    return port === 0 || allowsPorts(this.exit, [port]);
  }
}
