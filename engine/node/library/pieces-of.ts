import { Layout } from '../../bittorrent/layout.ts';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import { fileIndex, type PieceIndex, pieceIndex } from '../../bittorrent/units.ts';

/** The pieces that are named and those of the files that are, ascending; undefined when nothing is named. */
export function piecesOf(
  metainfo: Metainfo,
  what: { readonly files?: readonly number[]; readonly pieces?: readonly number[] } | undefined,
): readonly PieceIndex[] | undefined {
  if (what?.files === undefined && what?.pieces === undefined) return undefined;
  const layout = new Layout(metainfo);
  const chosen = new Set<number>();
  for (const index of what.files ?? []) {
    const file = metainfo.files[index];
    if (file === undefined || file.byteLength === 0) continue;
    const { first, end } = layout.piecesOf(fileIndex(index));
    for (let piece: number = first; piece < end; piece += 1) chosen.add(piece);
  }
  for (const piece of what.pieces ?? []) {
    if (Number.isInteger(piece) && piece >= 0 && piece < metainfo.pieceCount) chosen.add(piece);
  }
  return [...chosen].sort((a, b) => a - b).map((piece) => pieceIndex(piece));
}
