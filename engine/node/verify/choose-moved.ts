import { Layout } from '../../bittorrent/layout.ts';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import { type FileIndex, fileIndex, type PieceIndex, pieceIndex } from '../../bittorrent/units.ts';
import { ExpectedHashes } from '../../bittorrent/verify/expected.ts';
import type { Candidate, Location } from '../../bittorrent/verify/library.ts';
import { planRead } from '../../bittorrent/verify/read-plan.ts';
import { isStored } from '../../bittorrent/verify/selection.ts';
import type { ReadPool } from '../content/read-pool.ts';
import type { LoadedTorrent } from './load-torrents.ts';
import type { Found } from './locate.ts';

/**
 * Picks for each missing file the candidate whose hash fits, tried with one piece. Without proof a file is taken only
 * when it is the one candidate, no other torrent has it in its place, and it is longer than a piece: a damaged file is
 * still the file, but the name and the length of a small one say little.
 */
export async function chooseMoved(
  loaded: LoadedTorrent,
  location: Location,
  candidates: ReadonlyMap<number, readonly Candidate[]>,
  pool: ReadPool,
): Promise<Found> {
  const torrent = loaded.metainfo();
  const layout = new Layout(torrent);
  const expected = new ExpectedHashes(torrent, layout);
  const stored = torrent.files.map((_, index) => fileIndex(index)).filter((file) => isStored(torrent, file));
  const moved = new Map<FileIndex, string>();
  const pathOf = (file: FileIndex): string =>
    moved.get(file) ?? [location.base, ...torrent.files[file]!.path.slice(1)].join('/');

  const fits = async (file: FileIndex, piece: PieceIndex, path: string): Promise<boolean> => {
    const { version, files } = torrent;
    const content = {
      version,
      layout,
      files,
      pathOf: (other: FileIndex) => (other === file ? path : pathOf(other)),
    };
    const { payload, firstFiles } = planRead(content, [piece]);
    const { digests, roots, faults } = await pool.run(payload);
    return faults.length === 0 && expected.compare(piece, 0, digests, roots, firstFiles[0]!) === 'good';
  };

  for (const [position, choices] of candidates) {
    const file = stored[position]!;
    const { piece, isWhole } = pieceToTry(torrent, layout, file);
    let chosen: string | undefined;
    for (const { path } of choices) {
      if (chosen === undefined && (await fits(file, piece, path))) chosen = path;
    }
    const [only, ...others] = choices;
    if (isWhole && others.length === 0 && !only!.isTaken) chosen ??= only!.path;
    if (chosen !== undefined) moved.set(file, chosen);
  }
  const presentFiles = location.presentFiles + moved.size;
  const [first] = moved.values();
  if (torrent.isSingleFile)
    return { place: { base: first ?? location.base, moved: new Map() }, presentFiles };
  return { place: { base: location.base, moved }, presentFiles };
}

/** A piece that has bytes of this file only, or else its first one, which needs other files too. */
function pieceToTry(
  torrent: Metainfo,
  layout: Layout,
  file: FileIndex,
): { piece: PieceIndex; isWhole: boolean } {
  const { offset, byteLength } = torrent.files[file]!;
  const { first, end } = layout.piecesOf(file);
  for (let piece = first; piece < Math.min(end, first + 2); piece = pieceIndex(piece + 1)) {
    const start = piece * torrent.pieceLength;
    const stop = start + layout.contentLengthOf(piece);
    if (start >= offset && stop <= offset + byteLength) return { piece, isWhole: true };
  }
  return { piece: first, isWhole: false };
}
