import type { Bitfield } from '../../bittorrent/bitfield.ts';
import { PieceCheck } from '../../bittorrent/download/piece-check.ts';
import { Layout } from '../../bittorrent/layout.ts';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import { FileCache } from '../../bittorrent/storage/file-cache.ts';
import { TorrentStorage } from '../../bittorrent/storage/torrent-storage.ts';
import { recheck } from '../../bittorrent/torrent/recheck.ts';
import { blockOffset, fileIndex, type PieceIndex, pieceIndex } from '../../bittorrent/units.ts';
import { AlliumError } from '../../codec/error.ts';
import type { HashService } from '../../kernels/hash-service.ts';
import type { Slab } from '../../kernels/slab.ts';
import type { Runtime } from '../../runtime/port.ts';
import type { PieceVerdict, ScrubContent } from './scrub.ts';

/** Files open at once; pieces are read one after the other. */
const OPEN_FILES_MAX = 4;

/** The data of a torrent as a scrub reads it: beside whatever the torrent does itself, and without ever writing. */
export function openScrubContent(
  options: { readonly metainfo: Metainfo; readonly root: string; readonly have: () => Bitfield },
  modules: { readonly runtime: Runtime; readonly slab: Slab; readonly hashes: HashService },
): ScrubContent {
  const { metainfo, root, have } = options;
  const { slab, runtime } = modules;
  const { files, clock } = runtime;
  const layout = new Layout(metainfo);
  const cache = new FileCache({ openFilesMax: OPEN_FILES_MAX }, { files, clock });
  const storage = new TorrentStorage({ root }, { metainfo, layout, cache, files });
  const check = new PieceCheck({ metainfo, layout, hashes: modules.hashes });
  /** Why a piece is not right. */
  const reasonOf = async (piece: PieceIndex): Promise<PieceVerdict> => {
    const byteLength = layout.pieceLengthOf(piece);
    for (const { file, isPadding } of layout.extentsOf(piece, blockOffset(0), byteLength)) {
      if (isPadding) continue;
      const stat = await files.stat(storage.pathOf(fileIndex(file))).catch(() => undefined);
      if (stat?.kind !== 'file') return 'gone';
    }
    try {
      const bytes = new Uint8Array(byteLength);
      await storage.read(piece, blockOffset(0), [bytes]);
      return 'bad';
    } catch (error) {
      return error instanceof AlliumError && error.code === 'FILE_CHANGED' ? 'bad' : 'unreadable';
    }
  };
  return {
    pieceCount: layout.pieceCount,
    has: (piece) => have().has(piece),
    bytesOf: (piece) => layout.contentLengthOf(pieceIndex(piece)),
    async check(number) {
      const piece = pieceIndex(number);
      const found = await recheck({ pieces: [piece] }, { storage, layout, slab, check });
      return found.has(piece) ? 'good' : reasonOf(piece);
    },
    close: () => storage.close(),
  };
}
