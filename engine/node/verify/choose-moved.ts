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
 * Picks for each missing file the candidate whose hash fits, tried with one piece that lies within the file. When there
 * is one candidate only, or no such piece, the likeliest is taken that no other torrent has in its place, if any.
 */
export async function chooseMoved(
  loaded: LoadedTorrent,
  location: Location,
  candidates: ReadonlyMap<number, readonly Candidate[]>,
  pool: ReadPool,
): Promise<Found> {
  const torrent = loaded.metainfo();
  const layout = new Layout(torrent);
  const stored = torrent.files.map((_, index) => fileIndex(index)).filter((file) => isStored(torrent, file));
  const moved = new Map<FileIndex, string>();
  for (const [position, choices] of candidates) {
    const file = stored[position]!;
    const path = await choose(torrent, layout, file, choices, pool);
    if (path !== undefined) moved.set(file, path);
  }
  const presentFiles = location.presentFiles + moved.size;
  const [only] = moved.values();
  if (torrent.isSingleFile) return { place: { base: only ?? location.base, moved: new Map() }, presentFiles };
  return { place: { base: location.base, moved }, presentFiles };
}

async function choose(
  torrent: Metainfo,
  layout: Layout,
  file: FileIndex,
  choices: readonly Candidate[],
  pool: ReadPool,
): Promise<string | undefined> {
  const likeliest = choices.find((choice) => !choice.isTaken)?.path;
  const piece = wholePieceOf(torrent, layout, file);
  // With no choice there is nothing to find out: a damaged file is still the file.
  if (piece === undefined || (choices.length === 1 && likeliest !== undefined)) return likeliest;
  const expected = new ExpectedHashes(torrent, layout);
  const { version, files } = torrent;
  for (const { path } of choices) {
    const plan = planRead({ version, layout, files, pathOf: () => path }, [piece]);
    const { digests, roots, faults } = await pool.run(plan.payload);
    if (faults.length === 0 && expected.compare(piece, 0, digests, roots, file) === 'good') return path;
  }
  return undefined;
}

/** The first piece that has bytes of this file only. */
function wholePieceOf(torrent: Metainfo, layout: Layout, file: FileIndex): PieceIndex | undefined {
  const { offset, byteLength } = torrent.files[file]!;
  const { first, end } = layout.piecesOf(file);
  for (let piece = first; piece < Math.min(end, first + 2); piece = pieceIndex(piece + 1)) {
    const start = piece * torrent.pieceLength;
    const stop = start + layout.contentLengthOf(piece);
    if (start >= offset && stop <= offset + byteLength) return piece;
  }
  return undefined;
}
