import type { Random } from '../../runtime/port.ts';
import {
  CHOKER_DEFAULTS,
  type ChokeDecision,
  type ChokerOptions,
  type ChokerPeer,
  type ChokerState,
} from './types.ts';

/** New peers are this many times as likely to be unchoked optimistically. BEP 3. */
const NEW_PEER_WEIGHT = 3;

/** Before the first round. */
export const CHOKER_START: ChokerState = { optimistic: [], rotatedAtMs: Number.NEGATIVE_INFINITY };

/** How many peers may be unchoked at once without waiting for the next round. */
export function freeSlots(peers: Iterable<ChokerPeer>, slots: number): number {
  let used = 0;
  for (const peer of peers) if (peer.isUnchoked && peer.isInterested) used++;
  return Math.max(0, slots - used);
}

/**
 * One round (BEP 3): the interested peers with the best rates, download rate while leeching, upload rate while
 * seeding, and at least one optimistic unchoke whatever its rate, which changes every 30 seconds. A peer that
 * snubs this side gets nothing but an optimistic unchoke, and slots that nobody has earned are all optimistic:
 * snubbed by everyone, this side tries several at once. Pure: the caller sends what is decided.
 */
export function chokeRound(
  state: ChokerState,
  peers: readonly ChokerPeer[],
  mode: 'leech' | 'seed',
  nowMs: number,
  random: Random,
  options: ChokerOptions = CHOKER_DEFAULTS,
): ChokeDecision {
  const interested = peers.filter((peer) => peer.isInterested);
  const earners = mode === 'seed' ? interested : interested.filter((peer) => !peer.isSnubbing);
  const slots = Math.min(options.slots, interested.length);
  const optimisticCount = Math.max(1, slots - earners.length);
  const regular = best(earners, slots - optimisticCount, mode, state, random);
  const chosen = new Set(regular.map((peer) => peer.id));
  const next = chooseOptimistic(
    state,
    interested.filter((peer) => !chosen.has(peer.id)),
    optimisticCount,
    nowMs,
    random,
    options,
  );
  for (const id of next.optimistic) chosen.add(id);
  return {
    state: next,
    unchoke: peers.filter((peer) => !peer.isUnchoked && chosen.has(peer.id)).map((peer) => peer.id),
    choke: peers.filter((peer) => peer.isUnchoked && !chosen.has(peer.id)).map((peer) => peer.id),
  };
}

/** The peers with the best rates. Of equal ones those that have earned their slot before keep it; else chance decides. */
function best(
  peers: readonly ChokerPeer[],
  count: number,
  mode: 'leech' | 'seed',
  state: ChokerState,
  random: Random,
): ChokerPeer[] {
  if (count <= 0) return [];
  if (peers.length <= count) return [...peers];
  const ranked = peers.map((peer) => ({
    peer,
    rate: mode === 'seed' ? peer.uploadBytesPerSec : peer.downloadBytesPerSec,
    isKept: peer.isUnchoked && !state.optimistic.includes(peer.id) ? 1 : 0,
    tie: random.below(2 ** 32),
  }));
  ranked.sort((a, b) => b.rate - a.rate || b.isKept - a.isKept || a.tie - b.tie);
  return ranked.slice(0, count).map((entry) => entry.peer);
}

function chooseOptimistic(
  state: ChokerState,
  candidates: readonly ChokerPeer[],
  count: number,
  nowMs: number,
  random: Random,
  options: ChokerOptions,
): ChokerState {
  const isDue = nowMs - state.rotatedAtMs >= options.optimisticMs;
  const kept = isDue ? [] : candidates.filter((peer) => state.optimistic.includes(peer.id)).slice(0, count);
  const chosen = kept.map((peer) => peer.id);
  const pool = candidates.filter((peer) => !chosen.includes(peer.id));
  // Whoever had the slot goes to the back: rotating means that somebody else has it.
  const fresh = isDue ? pool.filter((peer) => !state.optimistic.includes(peer.id)) : pool;
  draw(fresh, count - chosen.length, nowMs, random, options, chosen);
  if (chosen.length < count) {
    const rest = pool.filter((peer) => !chosen.includes(peer.id));
    draw(rest, count - chosen.length, nowMs, random, options, chosen);
  }
  return { optimistic: chosen, rotatedAtMs: isDue ? nowMs : state.rotatedAtMs };
}

/** Draws `count` peers into `into`, a new one as three tickets. */
function draw(
  peers: readonly ChokerPeer[],
  count: number,
  nowMs: number,
  random: Random,
  options: ChokerOptions,
  into: number[],
): void {
  const tickets: ChokerPeer[] = [];
  for (const peer of peers) {
    const weight = nowMs - peer.connectedAtMs < options.newPeerMs ? NEW_PEER_WEIGHT : 1;
    for (let ticket = 0; ticket < weight; ticket++) tickets.push(peer);
  }
  let left = tickets;
  for (let drawn = 0; drawn < count && left.length > 0; drawn++) {
    const winner = left[random.below(left.length)]!;
    into.push(winner.id);
    left = left.filter((peer) => peer !== winner);
  }
}
