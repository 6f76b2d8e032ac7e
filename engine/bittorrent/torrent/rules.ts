import { AlliumError } from '../../codec/error.ts';
import type { Slab } from '../../kernels/slab.ts';
import { BLOCK_BYTES, SLOT_BYTES } from '../../kernels/types.ts';
import type { Layout } from '../layout.ts';
import type { Metainfo } from '../metainfo/types.ts';
import { WIRE_LIMITS_DEFAULT, type WireRules } from '../wire/rules.ts';

/** No extension spoken here needs longer messages; every connection may hold one that is not whole yet. */
export const EXTENDED_BYTES_MAX = 64 * 1024;
/** Share of the slab that pieces of one torrent under way may take. */
const PARTIALS_SLAB_SHARE = 0.5;

/** What the peers of a torrent may send. */
export function rulesOf(metainfo: Metainfo, layout: Layout): Omit<WireRules, 'fast' | 'extended'> {
  return {
    limits: { ...WIRE_LIMITS_DEFAULT, extendedBytesMax: EXTENDED_BYTES_MAX },
    pieceCount: metainfo.pieceCount,
    // libtorrent asks for the zeros between the end of a v2 file and the end of its last piece.
    pieceByteLength: (piece) =>
      metainfo.version === 'v2' ? metainfo.pieceLength : layout.pieceLengthOf(piece),
    hashes: metainfo.version !== 'v1',
  };
}

/** Pieces of a torrent that may be under way at once. Throws SLAB_FULL when not even one has room. */
export function partialsMaxOf(metainfo: Metainfo, slab: Slab): number {
  const blocksPerPiece = Math.ceil(metainfo.pieceLength / BLOCK_BYTES);
  const partialsMax = Math.floor((slab.slotCount * PARTIALS_SLAB_SHARE) / blocksPerPiece);
  if (partialsMax < 1) throw pieceTooLong(metainfo, slab);
  return partialsMax;
}

function pieceTooLong(metainfo: Metainfo, slab: Slab): AlliumError {
  const { pieceLength } = metainfo;
  const slabBytes = slab.slotCount * SLOT_BYTES;
  return new AlliumError(
    'SLAB_FULL',
    `pieces of ${pieceLength} bytes are too long for ${slabBytes} bytes of memory`,
    {
      advice: `Give the program at least ${Math.ceil(pieceLength / PARTIALS_SLAB_SHARE / 2 ** 20) + 1} MiB.`,
      details: { pieceLength, slabBytes },
    },
  );
}
