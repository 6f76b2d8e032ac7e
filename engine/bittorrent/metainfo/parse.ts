import { createHash } from 'node:crypto';
import {
  asDict,
  type BencodeDict,
  type BencodeOptions,
  type BencodeValue,
  decodeBencode,
  describeBencodeFault,
} from '../../codec/bencode.ts';
import { AlliumError } from '../../codec/error.ts';
import { HOST_KIND, type HostKind } from '../path-safety.ts';
import { byteCount } from '../units.ts';
import { badTorrent, bytesField, integerField, ParseContext } from './context.ts';
import { checkClashes, type FileList } from './files.ts';
import { readFilesV1 } from './files-v1.ts';
import { readFilesV2 } from './files-v2.ts';
import { readPieceLayers } from './layers.ts';
import { METAINFO_LIMITS, type MetainfoLimits } from './limits.ts';
import { legacyNames, strictNames } from './names.ts';
import { readOuter, readSource } from './outer.ts';
import { mergeHybrid, type PlacedFiles, placeFiles } from './place.ts';
import type { Metainfo, MetainfoVersion } from './types.ts';

const SHA1_BYTES = 20;
/** BEP 52: the smallest piece is one leaf. */
const PIECE_LENGTH_V2_MIN = 16384;

/** How strict to be, and for whose file system. */
export interface MetainfoOptions {
  /** Tighter or wider bounds than {@link METAINFO_LIMITS}. */
  readonly limits?: Partial<MetainfoLimits>;
  /** Whose rules for file names to hold to; this host's when left out. */
  readonly host?: HostKind;
}

/**
 * Parses a torrent file (BEP 3, 12, 19, 27, 47, 52). Throws AlliumError: BAD_BENCODE, BAD_TORRENT or UNSAFE_PATH
 * with one line that says what is wrong where. The result keeps views into `bytes`.
 *
 * The outer dictionary may have its keys in any order, since some creators write it so and nothing is hashed over
 * it. The info dictionary must be canonical: programs that decode and encode it again would otherwise see another
 * info-hash than those that hash the bytes as found.
 */
export function parseMetainfo(bytes: Uint8Array, options: MetainfoOptions = {}): Metainfo {
  const context = contextOf(options);
  if (bytes.length > context.limits.torrentBytesMax) {
    throw badTorrent('torrent', `has ${bytes.length} bytes, more than ${context.limits.torrentBytesMax}`);
  }
  const { value, spans } = decode(bytes, 'outer-any', context);
  const outer = asDict(value);
  if (outer === undefined) throw badTorrent('torrent', 'is not a dictionary');
  const span = spans.get('info');
  const info = asDict(outer.get('info'));
  if (span === undefined || info === undefined) throw badTorrent('torrent', 'has no info dictionary');
  const rest = new Map<string, BencodeValue>(outer);
  rest.delete('info');
  // What came from a magnet link may lack them, and the pieces of a hybrid torrent have a SHA-1 as well.
  const layersNeeded = rest.has('piece layers') || !info.has('pieces');
  return assemble(info, bytes.subarray(span.start, span.end), rest, layersNeeded, context);
}

/**
 * Parses an info dictionary alone, as it comes from peers (BEP 9). `outer` are the other fields, say trackers of a
 * magnet link. Piece layers may be missing. Throws as {@link parseMetainfo} does.
 */
export function parseInfo(
  rawInfo: Uint8Array,
  outer: BencodeDict = new Map(),
  options: MetainfoOptions = {},
): Metainfo {
  const context = contextOf(options);
  if (rawInfo.length > context.limits.torrentBytesMax) {
    throw badTorrent('info', `has ${rawInfo.length} bytes, more than ${context.limits.torrentBytesMax}`);
  }
  const info = asDict(decode(rawInfo, 'sorted', context).value);
  if (info === undefined) throw badTorrent('info', 'is not a dictionary');
  return assemble(info, rawInfo, outer, false, context);
}

function contextOf(options: MetainfoOptions): ParseContext {
  return new ParseContext({ ...METAINFO_LIMITS, ...options.limits }, options.host ?? HOST_KIND);
}

function decode(
  bytes: Uint8Array,
  keyOrder: NonNullable<BencodeOptions['keyOrder']>,
  context: ParseContext,
): Extract<ReturnType<typeof decodeBencode>, { ok: true }> {
  const { limits } = context;
  const result = decodeBencode(bytes, {
    depthMax: limits.depthMax,
    itemCountMax: limits.itemCountMax,
    byteLengthMax: limits.torrentBytesMax,
    keyOrder,
  });
  if (result.ok) return result;
  const { fault, position } = result;
  throw new AlliumError('BAD_BENCODE', `byte ${position}: ${describeBencodeFault(fault)}`, {
    advice: 'This is no torrent file, or a damaged one; get it again from its source.',
    details: { position, fault },
  });
}

function assemble(
  info: BencodeDict,
  rawInfo: Uint8Array,
  outer: BencodeDict,
  layersNeeded: boolean,
  context: ParseContext,
): Metainfo {
  const version = readVersion(info);
  const pieceLength = readPieceLength(info, version, context);
  const list = readFiles(info, outer, version, pieceLength, context);
  checkClashes(list, context);
  const placed = placeFiles(list.files, pieceLength, version === 'v2', context);
  return {
    name: list.name,
    version,
    infoHashV1: version === 'v2' ? undefined : hashOf('sha1', rawInfo),
    infoHashV2: version === 'v1' ? undefined : hashOf('sha256', rawInfo),
    pieceLength: byteCount(pieceLength),
    pieceCount: placed.pieceCount,
    totalBytes: placed.totalBytes,
    contentBytes: placed.contentBytes,
    files: placed.files,
    isSingleFile: list.isSingleFile,
    isPrivate: (integerField(info, 'private', 'info') ?? 0) !== 0,
    ...readOuter(outer, context),
    source: readSource(info),
    pieces: version === 'v2' ? new Uint8Array(0) : readPieces(info, placed),
    pieceLayers:
      version === 'v1' ? new Map() : readPieceLayers(outer, placed.files, pieceLength, layersNeeded, context),
    rawInfo,
    outer,
    warnings: context.warnings,
  };
}

function hashOf(name: 'sha1' | 'sha256', bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash(name).update(bytes).digest());
}

/** BEP 52: `meta version` 2 is v2; with the v1 fields beside it, hybrid. */
function readVersion(info: BencodeDict): MetainfoVersion {
  const version = integerField(info, 'meta version', 'info') ?? 1;
  const hasV1 = info.has('pieces') || info.has('files') || info.has('length');
  if (version === 2) return hasV1 ? 'hybrid' : 'v2';
  if (version !== 1) throw badTorrent('info.meta version', `is ${version}, known are 1 and 2`);
  if (info.has('file tree')) throw badTorrent('info', 'has a file tree but no meta version');
  return 'v1';
}

function readPieceLength(info: BencodeDict, version: MetainfoVersion, context: ParseContext): number {
  const where = 'info.piece length';
  const length = integerField(info, 'piece length', 'info');
  if (length === undefined) throw badTorrent(where, 'is missing');
  if (length < 1) throw badTorrent(where, `is ${length}, must be at least 1`);
  if (length > context.limits.pieceLengthMax) {
    throw badTorrent(where, `is ${length}, more than ${context.limits.pieceLengthMax}`);
  }
  // A power of two up to 2^30 has one bit.
  if (version !== 'v1' && (length < PIECE_LENGTH_V2_MIN || (length & (length - 1)) !== 0)) {
    throw badTorrent(where, `is ${length}, v2 needs a power of two of at least ${PIECE_LENGTH_V2_MIN}`);
  }
  return length;
}

function readFiles(
  info: BencodeDict,
  outer: BencodeDict,
  version: MetainfoVersion,
  pieceLength: number,
  context: ParseContext,
): FileList {
  if (version === 'v1') return readFilesV1(info, legacyNames(outer, context), context);
  const names = strictNames(context);
  const v2 = readFilesV2(info, names, context);
  if (version === 'v2') return v2;
  const v1 = readFilesV1(info, names, context);
  return { ...v1, files: mergeHybrid(v1, v2, pieceLength) };
}

function readPieces(info: BencodeDict, placed: PlacedFiles): Uint8Array {
  const pieces = bytesField(info, 'pieces', 'info');
  if (pieces === undefined) throw badTorrent('info.pieces', 'is missing');
  if (pieces.length !== placed.pieceCount * SHA1_BYTES) {
    const what = `has ${pieces.length} bytes, ${placed.pieceCount} pieces need ${SHA1_BYTES} each`;
    throw badTorrent('info.pieces', what);
  }
  return pieces;
}
