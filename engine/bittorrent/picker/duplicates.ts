import type { Random } from '../../runtime/port.ts';
import type { PartialPiece } from './partial-piece.ts';
import type { PickerPeer } from './picker-peer.ts';

/**
 * A block that others were asked for already and that has not come, of a piece that `peer` `may` be asked for: one that as few
 * as possible were asked for, and fewer than `countBelow`. undefined: none.
 */
export function leastAskedBlock(
  partials: Iterable<PartialPiece>,
  peer: PickerPeer,
  may: (partial: PartialPiece) => boolean,
  countBelow: number,
  random: Random,
): { readonly partial: PartialPiece; readonly block: number } | undefined {
  let best: { readonly partial: PartialPiece; readonly block: number } | undefined;
  let fewest = countBelow;
  for (const partial of partials) {
    if (fewest === 1) break;
    if (partial.requestedCount === 0 || !may(partial)) continue;
    const block = partial.leastAsked(peer, fewest, random);
    if (block < 0) continue;
    fewest = partial.askedCount(block);
    best = { partial, block };
  }
  return best;
}
