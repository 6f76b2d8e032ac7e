import { AlliumError } from '../../codec/error.ts';
import type { Clock, Random } from '../../runtime/port.ts';
import { RELAY_FLAGS } from '../directory/consensus-types.ts';
import { choosePath } from '../path/choose-path.ts';
import { CIRCUIT_AGES, isCircuitExpired } from '../path/isolation.ts';
import { type BuildModules, buildCircuit } from './builder.ts';
import type { CircuitEnd } from './circuit-types.ts';
import type { NetworkDocuments } from './documents.ts';
import type { GuardKeeper } from './guard-keeper.ts';
import { type NegotiationWishes, relayPlan } from './hop-plan.ts';
import { type CircuitWish, PoolCircuit } from './pool-circuit.ts';

export interface CircuitPoolOptions {
  readonly wishes: NegotiationWishes;
  readonly buildingMax: number;
  readonly circuitsMax: number;
}

export interface CircuitPoolModules extends BuildModules {
  readonly random: Random;
  readonly clock: Clock;
  readonly documents: NetworkDocuments;
  readonly guards: GuardKeeper;
  /** A circuit can be used now. */
  readonly onOpen: () => void;
  /** The first relay of a circuit could not be reached, or did not answer. */
  readonly onGuardLost: () => void;
  /** One is gone, or one that was being built has failed. */
  readonly onGone: (circuit: PoolCircuit) => void;
}

/** What came of the wish for a circuit. `busy`: a bound is reached, or the last ones failed a moment ago. */
export type Launch =
  | { readonly ok: true; readonly circuit: PoolCircuit }
  | { readonly ok: false; readonly why: 'no-path' | 'busy'; readonly reason: string };

/** After failures in a row the next circuit waits, so that a network that is down is not hammered. */
const BACKOFF_MAX_MS = 10_000;

/** The circuits of a client: chooses their paths, builds them, holds guards to account, lets go of old ones. */
export class CircuitPool {
  readonly #options: CircuitPoolOptions;
  readonly #modules: CircuitPoolModules;
  readonly #circuits = new Set<PoolCircuit>();
  #numbers = 0;
  #failures = 0;
  #notBeforeMs = 0;
  /** Counts of everything that was ever begun. */
  readonly stats = { launched: 0, built: 0, failed: 0, timedOut: 0 };

  constructor(options: CircuitPoolOptions, modules: CircuitPoolModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** In the order in which they were begun. */
  get circuits(): Iterable<PoolCircuit> {
    return this.#circuits;
  }

  get count(): number {
    return this.#circuits.size;
  }

  get buildingCount(): number {
    let count = 0;
    for (const { state } of this.#circuits) if (state === 'building') count += 1;
    return count;
  }

  /** How long until one may be begun again after failures. */
  get waitMs(): number {
    return Math.max(0, this.#notBeforeMs - this.#modules.clock.now());
  }

  /** Begins a circuit. */
  launch(wish: CircuitWish): Launch {
    const { documents, guards, random, clock } = this.#modules;
    const { network, consensus } = documents;
    if (network === undefined || consensus === undefined) return refuse('busy', 'no consensus yet');
    if (this.buildingCount >= this.#options.buildingMax) return refuse('busy', 'too many are being built');
    if (this.count >= this.#options.circuitsMax) {
      if (wish.reservedFor !== undefined) this.#makeRoom();
      return refuse('busy', 'too many circuits');
    }
    if (this.waitMs > 0) return refuse('busy', 'the last circuits failed');
    const source = guards.forPath('traffic');
    const { kind, ports, needStable, avoid } = wish;
    const path = choosePath(network, { kind, ports, needStable, avoid }, random, source);
    if (!path.ok) {
      if (source.attempt !== undefined) guards.close(source.attempt);
      return refuse('no-path', path.reason);
    }
    const relays = [path.guard, path.middle, path.exit];
    const pooled = new PoolCircuit({
      number: ++this.#numbers,
      wish,
      exit: path.exit,
      attempt: source.attempt,
      isStable: relays.every(({ status }) => (status.flags & RELAY_FLAGS.Stable) !== 0),
      begunMs: clock.now(),
    });
    const plans = relays.map(({ status }, index) =>
      relayPlan(status, documents.descriptorOf(status), this.#options.wishes, index === relays.length - 1),
    );
    this.#circuits.add(pooled);
    this.stats.launched += 1;
    try {
      this.#build(pooled, plans);
    } catch (error) {
      this.#circuits.delete(pooled);
      pooled.state = 'closed';
      if (pooled.attempt !== undefined) guards.close(pooled.attempt);
      if (wish.reservedFor !== undefined) this.#makeRoom();
      return refuse('busy', error instanceof AlliumError ? error.message : 'the circuit could not be begun');
    }
    return { ok: true, circuit: pooled };
  }

  /** Closes a circuit that carries nothing, one that nobody has used yet first. A stream waits for its place. */
  #makeRoom(): void {
    let idle: PoolCircuit | undefined;
    for (const pooled of this.#circuits) {
      if (pooled.state !== 'open' || pooled.streamCount > 0) continue;
      if (idle === undefined || (pooled.isClean && !idle.isClean)) idle = pooled;
    }
    idle?.circuit?.close('its place is needed');
  }

  #build(pooled: PoolCircuit, plans: Parameters<typeof buildCircuit>[0]): void {
    const { guards, documents } = this.#modules;
    const { attempt } = pooled;
    let hasFirstHop = false;
    pooled.circuit = buildCircuit(plans, documents.consensus!.params, this.#modules, {
      onFirstHop: () => {
        hasFirstHop = true;
      },
      onSecondHop: () => {
        pooled.isCounted = true;
        if (attempt !== undefined) guards.noteBuildAttempt(attempt);
      },
      onTooSlow: () => {
        this.stats.timedOut += 1;
        this.#drop(pooled, { kind: 'timeout', reason: 'built too slowly', hopCount: 1 }, hasFirstHop);
      },
      onBuilt: () => this.#onBuilt(pooled),
      onClosed: (end) => this.#drop(pooled, end, hasFirstHop),
    });
  }

  #onBuilt(pooled: PoolCircuit): void {
    const { guards, clock } = this.#modules;
    const { attempt } = pooled;
    this.stats.built += 1;
    this.#failures = 0;
    this.#notBeforeMs = 0;
    pooled.builtMs = clock.now();
    if (attempt !== undefined && pooled.isCounted) guards.noteBuild(attempt, true);
    const isUsable = attempt === undefined || guards.succeed(attempt) === 'complete';
    pooled.state = isUsable ? 'open' : 'waiting';
    this.#promote();
    if (isUsable) this.#modules.onOpen();
  }

  /** The circuit is gone, or is not to be counted on any more. */
  #drop(pooled: PoolCircuit, end: CircuitEnd, hasFirstHop: boolean): void {
    if (!this.#circuits.delete(pooled)) return;
    const { guards, clock } = this.#modules;
    const { attempt, state } = pooled;
    const wasBuilding = state === 'building';
    pooled.state = 'closed';
    if (attempt !== undefined) {
      if (wasBuilding && !hasFirstHop && end.kind !== 'closed') {
        guards.fail(attempt);
        this.#modules.onGuardLost();
      } else guards.close(attempt);
      if (wasBuilding && pooled.isCounted) guards.noteBuild(attempt, false);
      if (!wasBuilding && end.kind !== 'closed') guards.noteCutOff(attempt);
      if (pooled.dirtySinceMs !== undefined) guards.noteUse(attempt, pooled.hasAnswered);
    }
    if (wasBuilding && end.kind !== 'closed') {
      this.stats.failed += 1;
      this.#failures += 1;
      const backoffMs = this.#failures < 4 ? 0 : Math.min(BACKOFF_MAX_MS, 250 * 2 ** (this.#failures - 4));
      this.#notBeforeMs = clock.now() + backoffMs;
    }
    this.#modules.onGone(pooled);
  }

  /** Lets circuits of guards that are not primary be used once no better one has answered. */
  #promote(): void {
    const { complete, expired } = this.#modules.guards.ready();
    for (const pooled of [...this.#circuits]) {
      const { attempt } = pooled;
      if (attempt === undefined || pooled.state !== 'waiting') continue;
      if (complete.includes(attempt)) {
        pooled.state = 'open';
        this.#modules.onOpen();
      } else if (expired.includes(attempt)) {
        pooled.circuit?.close('a better guard was found');
      }
    }
  }

  /** To be called every second. */
  tick(nowMs: number): void {
    this.#promote();
    for (const pooled of [...this.#circuits]) {
      if (pooled.state !== 'open') continue;
      const isUseless = pooled.isShunned && pooled.streamCount === 0;
      if (isUseless || isCircuitExpired(pooled, CIRCUIT_AGES, nowMs)) pooled.circuit?.close('expired');
    }
  }

  /** A new identity: what has been used or was meant for somebody takes no new streams. */
  retire(): void {
    for (const pooled of [...this.#circuits]) {
      pooled.isShunned = true;
      if (pooled.streamCount === 0) pooled.circuit?.close('new identity');
    }
  }

  closeAll(reason: string): void {
    for (const pooled of [...this.#circuits]) pooled.circuit?.close(reason);
  }
}

function refuse(why: 'no-path' | 'busy', reason: string): Launch {
  return { ok: false, why, reason };
}
