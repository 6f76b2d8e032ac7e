import { RELAY_FLAGS } from '../directory/consensus-types.ts';
import { type ConsensusParams, readParam } from '../flow/consensus-param.ts';
import type { PathNetwork, PathRelay } from './network.ts';
import type { Position } from './weights.ts';

/** How much of the network paths can be built from, each 0 … 1. */
export interface UsableFraction {
  readonly guard: number;
  readonly middle: number;
  readonly exit: number;
  /** The product: the chance that a path drawn from the whole network could be built. */
  readonly paths: number;
  /** The consensus lists exits at all; without them only internal circuits are possible. */
  readonly hasExits: boolean;
}

/**
 * Which part of the bandwidth, weighted for each position, belongs to relays whose descriptors are here. Where the
 * bandwidths of a position are all 0, relays are counted instead. tor-spec, path-spec: bootstrapping.
 */
export function usableFraction(network: PathNetwork): UsableFraction {
  const guard = fractionOf(network, 'guard', () => true);
  const middle = fractionOf(network, 'middle', () => true);
  const isExit = (relay: PathRelay): boolean => (relay.status.flags & RELAY_FLAGS.Exit) !== 0;
  const hasExits = network.relays.some((relay) => isExit(relay) && network.isListedFor(relay, 'exit'));
  const exit = hasExits ? fractionOf(network, 'exit', isExit) : middle;
  return { guard, middle, exit, paths: guard * middle * exit, hasExits };
}

/** From which part on circuits are built: `min_paths_for_circs_pct`, 0 … 1. */
export function usableFractionMin(params: ConsensusParams): number {
  return readParam(params, 'min_paths_for_circs_pct', { fallback: 60, min: 25, max: 95 }) / 100;
}

function fractionOf(
  network: PathNetwork,
  position: Position,
  isCounted: (relay: PathRelay) => boolean,
): number {
  let all = 0;
  let here = 0;
  let allCount = 0;
  let hereCount = 0;
  for (const relay of network.relays) {
    if (!network.isListedFor(relay, position) || !isCounted(relay)) continue;
    const weight = network.weight(relay, position);
    all += weight;
    allCount += 1;
    if (relay.details === undefined) continue;
    here += weight;
    hereCount += 1;
  }
  if (allCount === 0) return 0;
  return all > 0 ? here / all : hereCount / allCount;
}
