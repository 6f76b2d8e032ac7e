import type { Random } from '../../runtime/port.ts';
import { RELAY_FLAGS } from '../directory/consensus-types.ts';
import { allowsPorts, type PathNetwork, type PathRelay } from './network.ts';
import { LONG_LIVED_PORTS } from './ports.ts';
import type { Position } from './weights.ts';

/** What a circuit shall be good for. */
export interface PathRequest {
  /** `exit`: connections to `ports`; `internal`: onion services and tests of build times, any relay may be last. */
  readonly kind: 'exit' | 'internal';
  /** All of them must be let out; empty: any exit (name look-ups). */
  readonly ports: readonly number[];
  /** Only Stable relays; long-lived ports ask for it by themselves. */
  readonly needStable?: boolean;
  /** The last hop is fixed: 40 upper-case hex digits. */
  readonly lastHop?: string;
  /** Relays to keep away from this time, as those that have just failed. Never takes a guard away. */
  readonly avoid?: ReadonlySet<string>;
}

/**
 * Where the guard comes from. A guard manager holds few guards for months; a path is built around them. Without one
 * (`undefined` for {@link choosePath}) each path draws its own guard by weight.
 */
export interface GuardSource {
  /** Who would be the guard if nothing stood against it: 40 upper-case hex digits. Changes nothing. */
  preferred(): string | undefined;
  /**
   * The guard for this path, among those that may stand with the hops chosen before. May be asked several times for
   * one path; what was given before is then not used, and neither is the last when no path comes of it.
   */
  take(isAllowed: (fingerprint: string) => boolean): string | undefined;
}

/** A path of three, or which hop could not be found. */
export type PathChoice =
  | {
      readonly ok: true;
      readonly guard: PathRelay;
      readonly middle: PathRelay;
      readonly exit: PathRelay;
      /** There were no Fast (or Stable) relays for it, so it does without. */
      readonly isRelaxed: boolean;
    }
  | { readonly ok: false; readonly missing: Position; readonly reason: string };

/**
 * Chooses a path of three relays: the exit first, then the guard, then the middle, each by consensus bandwidth
 * weights among those that may stand with the hops chosen before (path-spec 2.2). The pinned guard is known from the
 * start, so the exit is chosen around it: someone who can make us use an exit of his choice must not be able to
 * move us off our guard. Only if no exit can stand with it is another guard asked for.
 *
 * Distribution: an exit has the chance weight over the sum of weights of all exits that fit request and guard; guard
 * and middle the same, given the hops before. Exclusions hence shift chances to the others in proportion.
 */
export function choosePath(
  network: PathNetwork,
  request: PathRequest,
  random: Random,
  guards?: GuardSource,
): PathChoice {
  const needStable = request.needStable === true || request.ports.some((port) => LONG_LIVED_PORTS.has(port));
  const wanted = RELAY_FLAGS.Fast | (needStable ? RELAY_FLAGS.Stable : 0);
  const strict = drawSeveral(new PathDraw(network, request, random, wanted), guards);
  if (strict.ok) return strict;
  const relaxed = drawSeveral(new PathDraw(network, request, random, 0), guards);
  return relaxed.ok ? { ...relaxed, isRelaxed: true } : relaxed;
}

/** In a network of few relays the last hop may have taken the only guard; then another one is drawn. */
const TRIES = 16;

function drawSeveral(draw: PathDraw, guards: GuardSource | undefined): PathChoice {
  let choice = draw.draw(guards);
  for (let i = 1; i < TRIES && !choice.ok && choice.missing !== 'exit'; i++) choice = draw.draw(guards);
  return choice;
}

/** One attempt with given flags. */
class PathDraw {
  readonly #network: PathNetwork;
  readonly #request: PathRequest;
  readonly #random: Random;
  readonly #flags: number;

  constructor(network: PathNetwork, request: PathRequest, random: Random, flags: number) {
    this.#network = network;
    this.#request = request;
    this.#random = random;
    this.#flags = flags;
  }

  draw(guards: GuardSource | undefined): PathChoice {
    const exit = this.#exit(guards);
    if (exit === undefined) return { ok: false, missing: 'exit', reason: this.#whyNoExit() };
    const guard = this.#guard(exit, guards);
    if (guard === undefined) {
      return { ok: false, missing: 'guard', reason: 'no guard is left that may stand with the exit' };
    }
    const middle = this.#draw('middle', (relay) => this.#fits(relay, [exit, guard]));
    if (middle === undefined) {
      return {
        ok: false,
        missing: 'middle',
        reason: 'no relay is left that may stand between guard and exit',
      };
    }
    return { ok: true, guard, middle, exit, isRelaxed: false };
  }

  #exit(guards: GuardSource | undefined): PathRelay | undefined {
    const { kind, lastHop, ports } = this.#request;
    if (lastHop !== undefined) {
      const relay = this.#network.find(lastHop);
      const isGood =
        relay !== undefined &&
        this.#network.isUsableFor(relay, kind === 'exit' ? 'exit' : 'middle') &&
        (kind === 'internal' || allowsPorts(relay, ports));
      return isGood ? relay : undefined;
    }
    const preferred = guards?.preferred();
    const pinned = preferred === undefined ? undefined : this.#network.find(preferred);
    const position = kind === 'exit' ? 'exit' : 'middle';
    const isGood = (relay: PathRelay): boolean => kind === 'internal' || allowsPorts(relay, ports);
    if (pinned !== undefined) {
      const around = this.#draw(position, (relay) => this.#fits(relay, [pinned]) && isGood(relay));
      if (around !== undefined) return around;
    }
    return this.#draw(position, (relay) => this.#fits(relay, []) && isGood(relay));
  }

  #guard(exit: PathRelay, guards: GuardSource | undefined): PathRelay | undefined {
    if (guards === undefined) return this.#draw('guard', (relay) => this.#fits(relay, [exit]));
    const fingerprint = guards.take((candidate) => {
      const relay = this.#network.find(candidate);
      return relay?.details !== undefined && !this.#network.isConflict(relay, exit);
    });
    return fingerprint === undefined ? undefined : this.#network.find(fingerprint);
  }

  #fits(relay: PathRelay, others: readonly PathRelay[]): boolean {
    if ((relay.status.flags & this.#flags) !== this.#flags) return false;
    if (this.#request.avoid?.has(relay.status.fingerprint) === true) return false;
    return !others.some((other) => this.#network.isConflict(relay, other));
  }

  #draw(position: Position, isAllowed: (relay: PathRelay) => boolean): PathRelay | undefined {
    const { relays } = this.#network;
    const index = this.#network.sampler(position).draw(this.#random, (member) => isAllowed(relays[member]!));
    return index === undefined ? undefined : relays[index];
  }

  #whyNoExit(): string {
    const { kind, lastHop, ports } = this.#request;
    if (lastHop !== undefined) return `the relay ${lastHop} cannot be the last hop`;
    if (kind === 'internal') return 'no relay is usable';
    return ports.length === 0 ? 'no exit is usable' : `no usable exit lets port ${ports.join(', ')} out`;
  }
}
