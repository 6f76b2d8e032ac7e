import type { Clock, Timer } from '../../runtime/port.ts';
import { CIRCUIT_AGES, mayShare } from '../path/isolation.ts';
import { LONG_LIVED_PORTS } from '../path/ports.ts';
import { PortPrediction, PREDICTION_DEFAULTS } from '../path/prediction.ts';
import type { CircuitPool } from './circuit-pool.ts';
import type { GuardKeeper } from './guard-keeper.ts';
import type { PoolCircuit } from './pool-circuit.ts';
import type { ClientStream, StreamKeeper } from './stream.ts';
import type { StreamReason } from './types.ts';

/** tor: how long an exit has to connect before another one is tried, for the first and for further circuits. */
const CONNECT_TIMEOUT_MS = 10_000;
const CONNECT_AGAIN_TIMEOUT_MS = 15_000;
/** A link that has been silent for so long while an answer was due is in doubt. What was on its way is no sign of life. */
const LINK_SILENT_MS = 5_000;
/** A circuit that is being built for longer is not waited for alone: before time-outs are learned they are a minute. */
const BUILD_SLOW_MS = 10_000;

/** Reasons of the first kind are the destination's own answer; with any other another exit may have more luck. */
const FINAL: ReadonlySet<StreamReason> = new Set([
  'connectRefused',
  'done',
  'notDirectory',
  'stopped',
  'closed',
]);

export interface StreamAttacherOptions {
  readonly streamTimeoutMs: number;
  readonly streamAttemptsMax: number;
  readonly preBuild: boolean;
}

/** A stream on its way to being open. */
interface Pending {
  readonly stream: ClientStream;
  readonly deadline: Timer;
  /** Exits that it has failed at. */
  readonly avoid: Set<string>;
  attempts: number;
  /** Circuits have to be built after this: some relay of an earlier one may be down, and be in others as well. */
  builtAfterMs: number;
  attachedMs: number;
  /** Where it waits for the exit's answer. */
  on: PoolCircuit | undefined;
  connectTimer: Timer | undefined;
  lastReason: StreamReason;
}

/** Finds a circuit for every stream, and another one when the exit fails it; keeps circuits ready for what may come. */
export class StreamAttacher implements StreamKeeper {
  readonly #options: StreamAttacherOptions;
  readonly #clock: Clock;
  readonly #guards: GuardKeeper;
  readonly #pool: CircuitPool;
  readonly #isReady: () => boolean;
  readonly #onClosed: () => void;
  readonly #prediction: PortPrediction;
  readonly #pending = new Map<ClientStream, Pending>();
  #isServeDue = false;
  #retryTimer: Timer | undefined;

  constructor(
    options: StreamAttacherOptions,
    modules: {
      readonly clock: Clock;
      readonly pool: CircuitPool;
      readonly guards: GuardKeeper;
      readonly isReady: () => boolean;
      readonly onClosed: () => void;
    },
  ) {
    this.#options = options;
    this.#clock = modules.clock;
    this.#pool = modules.pool;
    this.#guards = modules.guards;
    this.#isReady = modules.isReady;
    this.#onClosed = modules.onClosed;
    this.#prediction = new PortPrediction(PREDICTION_DEFAULTS, modules.clock.now());
  }

  /** Streams that are not open yet. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  /** Takes a new stream in hand. */
  add(stream: ClientStream): void {
    if (stream.kind === 'connect') this.#prediction.noteUsed(stream.port, this.#clock.now());
    const deadline = this.#clock.setTimer(this.#options.streamTimeoutMs, () => {
      const pending = this.#pending.get(stream);
      if (pending !== undefined) stream.abort(pending.lastReason);
    });
    this.#pending.set(stream, {
      stream,
      deadline,
      avoid: new Set(),
      attempts: 0,
      builtAfterMs: Number.NEGATIVE_INFINITY,
      attachedMs: 0,
      on: undefined,
      connectTimer: undefined,
      lastReason: 'no-circuit',
    });
    this.serveSoon();
  }

  onStreamOpen(stream: ClientStream): void {
    const pending = this.#pending.get(stream);
    if (pending?.on !== undefined) pending.on.hasAnswered = true;
    this.#forget(stream);
  }

  onStreamRefused(stream: ClientStream, reason: StreamReason): void {
    const pending = this.#pending.get(stream);
    if (pending === undefined) {
      stream.finish({ kind: 'failed', reason });
      return;
    }
    pending.connectTimer?.cancel();
    const { on } = pending;
    pending.on = undefined;
    pending.lastReason = reason;
    if (on !== undefined) {
      pending.avoid.add(on.exit.status.fingerprint);
      if (reason !== 'circuit-closed') on.hasAnswered = true;
    }
    if (FINAL.has(reason) || pending.attempts >= this.#options.streamAttemptsMax) {
      stream.finish({ kind: 'failed', reason });
    } else {
      this.serveSoon();
    }
  }

  onStreamClosed(stream: ClientStream): void {
    this.#forget(stream);
    this.#onClosed();
  }

  /** A first relay was lost: the exits that were silent behind it are not to blame. */
  onGuardLost(): void {
    for (const { avoid } of this.#pending.values()) avoid.clear();
    this.serveSoon();
  }

  /** Looks for circuits for all that wait, at the end of this turn. */
  serveSoon(): void {
    if (this.#isServeDue) return;
    this.#isServeDue = true;
    queueMicrotask(() => {
      this.#isServeDue = false;
      this.serve();
    });
  }

  serve(): void {
    if (!this.#isReady()) return;
    const promised = new Set<PoolCircuit>();
    for (const pending of [...this.#pending.values()]) {
      if (pending.on !== undefined || pending.stream.state !== 'waiting') continue;
      const open = this.#best(pending);
      if (open !== undefined) this.#attach(pending, open);
      else this.#await(pending, promised);
    }
    if (this.#options.preBuild) this.#buildAhead();
  }

  /** All that waits fails. */
  stop(): void {
    this.#retryTimer?.cancel();
    for (const { stream } of [...this.#pending.values()]) stream.abort('stopped');
  }

  #forget(stream: ClientStream): void {
    const pending = this.#pending.get(stream);
    pending?.deadline.cancel();
    pending?.connectTimer?.cancel();
    this.#pending.delete(stream);
  }

  #fits(pooled: PoolCircuit, { stream, avoid, builtAfterMs }: Pending): boolean {
    if (pooled.isDoubtful || avoid.has(pooled.exit.status.fingerprint) || !pooled.allows(stream.port))
      return false;
    if (pooled.state === 'open' && pooled.builtMs < builtAfterMs) return false;
    if (LONG_LIVED_PORTS.has(stream.port) && !pooled.isStable && pooled.wish.needStable === false)
      return false;
    return mayShare(pooled, stream.isolationKey, CIRCUIT_AGES, this.#clock.now());
  }

  /** One that is in use by the same owner before a clean one. */
  #best(pending: Pending): PoolCircuit | undefined {
    let clean: PoolCircuit | undefined;
    for (const pooled of this.#pool.circuits) {
      if (pooled.state !== 'open' || pooled.circuit?.isOpen !== true || !this.#fits(pooled, pending))
        continue;
      if (!pooled.circuit.streams.hasRoom) continue;
      if (!pooled.isClean) return pooled;
      const isMeant = pooled.wish.reservedFor === pending.stream.isolationKey;
      if (clean === undefined || isMeant) clean = pooled;
    }
    return clean;
  }

  #attach(pending: Pending, pooled: PoolCircuit): void {
    const { stream } = pending;
    if (pooled.isClean) {
      pooled.dirtySinceMs = this.#clock.now();
      pooled.isolationKey = stream.isolationKey;
      if (pooled.attempt !== undefined) this.#guards.noteUseAttempt(pooled.attempt);
    }
    pending.on = pooled;
    pending.attempts += 1;
    pending.attachedMs = this.#clock.now();
    const timeoutMs = pending.attempts === 1 ? CONNECT_TIMEOUT_MS : CONNECT_AGAIN_TIMEOUT_MS;
    pending.connectTimer = this.#clock.setTimer(timeoutMs, () => this.#onConnectTimeout(pending));
    pooled.circuit!.attach(stream);
  }

  #onConnectTimeout(pending: Pending): void {
    const { stream, on } = pending;
    // The exit, or the circuit to it, is doubtful: nobody else shall wait there.
    if (on !== undefined) {
      on.isShunned = true;
      on.circuit?.doubtLink(this.#clock.now() - LINK_SILENT_MS);
      pending.avoid.add(on.exit.status.fingerprint);
    }
    pending.builtAfterMs = pending.attachedMs;
    // Not the exit's own answer, so nothing that it could be counted for.
    pending.on = undefined;
    stream.place?.endStream(stream, 'misc');
    stream.onGone('timeout');
  }

  /** Waits for a circuit that is being built and not promised to others yet, or begins one. */
  #await(pending: Pending, promised: Set<PoolCircuit>): void {
    const { stream, avoid } = pending;
    const key = stream.isolationKey;
    for (const pooled of this.#pool.circuits) {
      if (pooled.state !== 'building' && pooled.state !== 'waiting') continue;
      if (pooled.state === 'building' && this.#clock.now() - pooled.begunMs > BUILD_SLOW_MS) continue;
      const isFree = pooled.wish.reservedFor === undefined && !promised.has(pooled);
      if ((pooled.wish.reservedFor !== key && !isFree) || !this.#fits(pooled, pending)) continue;
      if (isFree) promised.add(pooled);
      return;
    }
    const ports = stream.port === 0 ? [] : [stream.port];
    const needStable = LONG_LIVED_PORTS.has(stream.port);
    const launched = this.#pool.launch({ kind: 'exit', ports, needStable, avoid, reservedFor: key });
    if (launched.ok) return;
    if (launched.why === 'busy') this.#retryLater();
    else if (avoid.size > 0) avoid.clear();
    // Once there was a path: guards that are down now may be back before the deadline.
    else if (pending.attempts === 0) stream.abort('no-exit');
    if (launched.why === 'no-path' && pending.stream.state === 'waiting') this.#retryLater();
  }

  #retryLater(): void {
    if (this.#retryTimer !== undefined) return;
    this.#retryTimer = this.#clock.setTimer(Math.max(100, this.#pool.waitMs), () => {
      this.#retryTimer = undefined;
      this.serve();
    });
  }

  #buildAhead(): void {
    const none = new Set<string>();
    for (;;) {
      const ready = [...this.#pool.circuits].filter(
        (pooled) => pooled.isClean && !pooled.isDoubtful && pooled.wish.reservedFor === undefined,
      );
      const wanted = this.#prediction.wanted(ready, this.#clock.now());
      if (wanted === undefined) return;
      const { port, needStable } = wanted;
      const wish = { kind: 'exit', ports: [port], needStable, avoid: none, reservedFor: undefined } as const;
      if (!this.#pool.launch(wish).ok) return;
    }
  }
}
