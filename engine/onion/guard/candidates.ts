import { RELAY_FLAGS, type RouterStatus } from '../directory/consensus-types.ts';
import type { PathNetwork, PathRelay } from '../path/network.ts';
import type { GuardCandidate } from './guard-types.ts';

/** guard-spec 4.0: a guard must be good for all circuits and directory requests. */
const WANTED = RELAY_FLAGS.Guard | RELAY_FLAGS.Fast | RELAY_FLAGS.Stable | RELAY_FLAGS.V2Dir;
const LISTED = RELAY_FLAGS.Running | RELAY_FLAGS.Valid;

/**
 * GUARDS: the relays of a network that may be sampled. Where none has all of Guard, Fast, Stable and V2Dir (young
 * private networks), Guard alone is enough. `isReachable`: whether it has an address that this client may use.
 */
export function guardCandidates(
  network: PathNetwork,
  isReachable: (status: RouterStatus) => boolean = () => true,
): readonly GuardCandidate[] {
  const having = (flags: number): readonly PathRelay[] =>
    network.relays.filter((relay) => (relay.status.flags & flags) === flags);
  const full = having(WANTED | LISTED);
  const relays = full.length > 0 ? full : having(RELAY_FLAGS.Guard | LISTED);
  return relays.map((relay) => ({
    fingerprint: relay.status.fingerprint,
    weight: network.weight(relay, 'guard'),
    isAllowed: network.isListedFor(relay, 'guard') && isReachable(relay.status),
    hasDescriptor: relay.details !== undefined,
  }));
}
