import { RELAY_FLAGS, type RouterStatus } from '../directory/consensus-types.ts';
import type { PortSummary } from '../directory/policy-types.ts';
import type { ConsensusParams } from '../flow/consensus-param.ts';
import { NO_NODES, type NodeSet } from './node-set.ts';
import { isRejectAll, summaryAllows } from './ports.ts';
import { WeightedSampler } from './sampler.ts';
import { subnet4, subnet6 } from './subnet.ts';
import { type Position, weightFactor, weightScale } from './weights.ts';

/** What a path needs to know of a relay beyond the consensus; a `Microdescriptor` has it. */
export interface RelayDetails {
  /** IPv4 ports that it lets out. */
  readonly policy: PortSummary;
  /** `$` and 40 upper-case hex digits, or a nickname in lower case. */
  readonly family: readonly string[];
  readonly familyIds: readonly string[];
}

/** What the network is made from: a consensus, and the microdescriptors as far as they are here. */
export interface NetworkSource {
  readonly routers: readonly RouterStatus[];
  readonly bandwidthWeights: ReadonlyMap<string, number>;
  readonly params: ConsensusParams;
  /** Undefined: not fetched yet; the relay is then used in no path. */
  details(status: RouterStatus): RelayDetails | undefined;
}

/** Settings of path selection. */
export interface PathOptions {
  /** Never two hops in one IPv4 /16 or IPv6 /32. */
  readonly enforceDistinctSubnets: boolean;
  readonly excludeNodes: NodeSet;
  readonly excludeExitNodes: NodeSet;
  /** Empty: any. */
  readonly exitNodes: NodeSet;
  /** Empty: any. */
  readonly entryNodes: NodeSet;
  /** Empty: any. */
  readonly middleNodes: NodeSet;
}

export const PATH_DEFAULTS: PathOptions = {
  enforceDistinctSubnets: true,
  excludeNodes: NO_NODES,
  excludeExitNodes: NO_NODES,
  exitNodes: NO_NODES,
  entryNodes: NO_NODES,
  middleNodes: NO_NODES,
};

/** A relay as paths see it. */
export interface PathRelay {
  /** Place in {@link PathNetwork.relays}. */
  readonly index: number;
  readonly status: RouterStatus;
  readonly details: RelayDetails | undefined;
  readonly subnet4: number;
  readonly subnet6: number;
  readonly family: ReadonlySet<string> | undefined;
}

/** Running and Valid: without these nothing uses a relay. path-spec 2.2. */
const USABLE = RELAY_FLAGS.Running | RELAY_FLAGS.Valid;

/**
 * The relays of one consensus with what each position draws from, made once for each consensus, batch of
 * microdescriptors or change of settings. O(n).
 */
export class PathNetwork {
  readonly relays: readonly PathRelay[];
  readonly options: PathOptions;
  readonly #source: NetworkSource;
  readonly #scale: number;
  readonly #samplers: Readonly<Record<Position, WeightedSampler>>;
  readonly #byFingerprint = new Map<string, PathRelay>();

  constructor(options: PathOptions, source: NetworkSource) {
    this.options = options;
    this.#source = source;
    this.#scale = weightScale(source.params);
    this.relays = source.routers.map((status, index) => toRelay(status, index, source.details(status)));
    for (const relay of this.relays) this.#byFingerprint.set(relay.status.fingerprint, relay);
    this.#samplers = {
      guard: this.#sampler('guard'),
      middle: this.#sampler('middle'),
      exit: this.#sampler('exit'),
    };
  }

  /** 40 upper-case hex digits. */
  find(fingerprint: string): PathRelay | undefined {
    return this.#byFingerprint.get(fingerprint);
  }

  sampler(position: Position): WeightedSampler {
    return this.#samplers[position];
  }

  /** Bandwidth by the consensus times the weight of the position, kilobytes a second. */
  weight(relay: PathRelay, position: Position): number {
    const { bandwidthKb, flags } = relay.status;
    return bandwidthKb * weightFactor(this.#source.bandwidthWeights, this.#scale, position, flags);
  }

  /** Whether flags and settings, not descriptors, let a relay stand in a position. */
  isListedFor(relay: PathRelay, position: Position): boolean {
    const { flags } = relay.status;
    if ((flags & USABLE) !== USABLE || this.options.excludeNodes.has(relay.status)) return false;
    if (position === 'middle') return isChosen(this.options.middleNodes, relay);
    if ((flags & RELAY_FLAGS.MiddleOnly) !== 0) return false;
    if (position === 'guard') {
      return (flags & RELAY_FLAGS.Guard) !== 0 && isChosen(this.options.entryNodes, relay);
    }
    if ((flags & RELAY_FLAGS.BadExit) !== 0 || this.options.excludeExitNodes.has(relay.status)) return false;
    return isChosen(this.options.exitNodes, relay);
  }

  /** Whether the relay can stand in a position: listed for it, its descriptor here, an exit letting anything out. */
  isUsableFor(relay: PathRelay, position: Position): boolean {
    if (relay.details === undefined || !this.isListedFor(relay, position)) return false;
    return position !== 'exit' || !isRejectAll(relay.details.policy);
  }

  /** Whether two relays must not be in one path: the same one, one family, one subnet. path-spec 2.2. */
  isConflict(a: PathRelay, b: PathRelay): boolean {
    if (a.status.fingerprint === b.status.fingerprint) return true;
    if (this.options.enforceDistinctSubnets && isOneSubnet(a, b)) return true;
    return isOneFamily(a, b);
  }

  #sampler(position: Position): WeightedSampler {
    const members = this.relays.filter((relay) => this.isUsableFor(relay, position));
    return new WeightedSampler(
      members.map((relay) => relay.index),
      members.map((relay) => this.weight(relay, position)),
    );
  }
}

function toRelay(status: RouterStatus, index: number, details: RelayDetails | undefined): PathRelay {
  return {
    index,
    status,
    details,
    subnet4: subnet4(status.host),
    subnet6: subnet6(status.ipv6?.host),
    family: details === undefined || details.family.length === 0 ? undefined : new Set(details.family),
  };
}

function isChosen(nodes: NodeSet, relay: PathRelay): boolean {
  return nodes.isEmpty || nodes.has(relay.status);
}

function isOneSubnet(a: PathRelay, b: PathRelay): boolean {
  return (a.subnet4 >= 0 && a.subnet4 === b.subnet4) || (a.subnet6 >= 0 && a.subnet6 === b.subnet6);
}

/** Each lists the other, or both have proven to be of one family (`family-ids`). */
function isOneFamily(a: PathRelay, b: PathRelay): boolean {
  if (lists(a, b) && lists(b, a)) return true;
  const ids = a.details?.familyIds ?? [];
  return ids.length > 0 && ids.some((id) => b.details?.familyIds.includes(id) === true);
}

function lists(a: PathRelay, b: PathRelay): boolean {
  if (a.family === undefined) return false;
  return a.family.has(`$${b.status.fingerprint}`) || a.family.has(b.status.nickname.toLowerCase());
}

/** Whether the relay lets connections to all of these ports out. */
export function allowsPorts(relay: PathRelay, ports: readonly number[]): boolean {
  const policy = relay.details?.policy;
  return policy !== undefined && ports.every((port) => summaryAllows(policy, port));
}
