import { pack, unpack } from 'msgpackr';
import { crc32c } from '../../codec/crc32c.ts';
import { damaged } from './record.ts';

/** What is true or not of a torrent, one bit each. */
export const SUMMARY_FLAGS = {
  /** The user has stopped it. */
  stopped: 1,
  forced: 2,
  sequential: 4,
  superSeed: 8,
  private: 16,
  /** Its files are just as the resume record says: nothing was written to them since. */
  settled: 32,
  /** Some of its pieces have to be hashed before they are believed. */
  doubtful: 64,
  /** It was running when this was written, so that its times go on. */
  running: 128,
} as const;

/**
 * All that a list shows of a torrent, and what its owner has chosen for it: enough to have it in the list and to
 * announce it without reading its torrent file. Names and units as in
 * {@link import('../control/row.ts').TorrentRow}.
 */
export interface StoredSummary {
  /** Short name in the journal; never used again. */
  readonly number: number;
  /** Of {@link SUMMARY_FLAGS}. */
  readonly flags: number;
  readonly name: string;
  readonly infoHashV2: string;
  readonly totalBytes: number;
  readonly wantedBytes: number;
  readonly doneBytes: number;
  readonly pieceCount: number;
  readonly pieceLength: number;
  readonly pieceDoneCount: number;
  readonly fileCount: number;
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  readonly wastedBytes: number;
  readonly root: string;
  /** Below {@link root}. */
  readonly contentName: string;
  readonly category: string;
  readonly tags: readonly string[];
  /** BEP 12, as the owner has left them. */
  readonly trackers: readonly (readonly string[])[];
  /** Torrents are queued in the order of these. */
  readonly queueKey: number;
  readonly downLimit: number;
  readonly upLimit: number;
  /** Ratio, seeding time, idle time; null: not set. */
  readonly seedLimits: readonly (number | null)[];
  readonly peersMax: number;
  readonly addedAtMs: number;
  readonly completedAtMs: number;
  readonly lastActiveMs: number;
  readonly lastCheckedMs: number;
  readonly downloadingMs: number;
  readonly seedingMs: number;
  /** How long nodes of this store had run in all when this was written. */
  readonly aliveMs: number;
  /** The link, while the metadata is not there; else empty. */
  readonly magnet: string;
  /** Why it cannot run; else empty. */
  readonly error: string;
  /** One byte a file in the order of the torrent, 0 to 3; empty: all wanted alike. */
  readonly wishes: Uint8Array;
  /** Where files lie that are not where the torrent says: index of the file and path below the root. */
  readonly paths: readonly (readonly [number, string])[];
}

type Kind = 'number' | 'string' | 'list' | 'bytes';

/** Kind of each field, in the order of the record. */
const FIELDS: readonly (readonly [keyof StoredSummary, Kind])[] = [
  ['number', 'number'],
  ['flags', 'number'],
  ['name', 'string'],
  ['infoHashV2', 'string'],
  ['totalBytes', 'number'],
  ['wantedBytes', 'number'],
  ['doneBytes', 'number'],
  ['pieceCount', 'number'],
  ['pieceLength', 'number'],
  ['pieceDoneCount', 'number'],
  ['fileCount', 'number'],
  ['downloadedBytes', 'number'],
  ['uploadedBytes', 'number'],
  ['wastedBytes', 'number'],
  ['root', 'string'],
  ['contentName', 'string'],
  ['category', 'string'],
  ['tags', 'list'],
  ['trackers', 'list'],
  ['queueKey', 'number'],
  ['downLimit', 'number'],
  ['upLimit', 'number'],
  ['seedLimits', 'list'],
  ['peersMax', 'number'],
  ['addedAtMs', 'number'],
  ['completedAtMs', 'number'],
  ['lastActiveMs', 'number'],
  ['lastCheckedMs', 'number'],
  ['downloadingMs', 'number'],
  ['seedingMs', 'number'],
  ['aliveMs', 'number'],
  ['magnet', 'string'],
  ['error', 'string'],
  ['wishes', 'bytes'],
  ['paths', 'list'],
];

const CHECKSUM_BYTES = 4;

/** As it lies in the store: CRC-32C of the rest, then the fields as one msgpack array. */
export function encodeSummary(summary: StoredSummary): Buffer {
  const body = pack(FIELDS.map(([name]) => summary[name]));
  const record = Buffer.allocUnsafe(CHECKSUM_BYTES + body.length);
  record.writeUInt32LE(crc32c(body), 0);
  record.set(body, CHECKSUM_BYTES);
  return record;
}

/**
 * The fields in a record, checked by hand: a hundred thousand of them are read when a node starts. Throws BAD_STATE.
 * The checksum stands for what lists hold.
 */
export function decodeSummary(record: Buffer, infoHash: string): StoredSummary {
  const body = record.subarray(CHECKSUM_BYTES);
  if (record.length <= CHECKSUM_BYTES || record.readUInt32LE(0) !== crc32c(body)) {
    throw damaged(`summary of ${infoHash}`, 'checksum');
  }
  const values: unknown = unpack(body);
  if (!Array.isArray(values) || values.length !== FIELDS.length) {
    throw damaged(`summary of ${infoHash}`, 'shape');
  }
  for (let at = 0; at < FIELDS.length; at += 1) {
    const [name, kind] = FIELDS[at]!;
    if (!isOfKind(values[at], kind)) throw damaged(`summary of ${infoHash}`, name);
  }
  return fromValues(values as never[]);
}

/** A literal: an object put together field by field took twice as long. The order is that of {@link FIELDS}. */
function fromValues(values: readonly never[]): StoredSummary {
  return {
    number: values[0]!,
    flags: values[1]!,
    name: values[2]!,
    infoHashV2: values[3]!,
    totalBytes: values[4]!,
    wantedBytes: values[5]!,
    doneBytes: values[6]!,
    pieceCount: values[7]!,
    pieceLength: values[8]!,
    pieceDoneCount: values[9]!,
    fileCount: values[10]!,
    downloadedBytes: values[11]!,
    uploadedBytes: values[12]!,
    wastedBytes: values[13]!,
    root: values[14]!,
    contentName: values[15]!,
    category: values[16]!,
    tags: values[17]!,
    trackers: values[18]!,
    queueKey: values[19]!,
    downLimit: values[20]!,
    upLimit: values[21]!,
    seedLimits: values[22]!,
    peersMax: values[23]!,
    addedAtMs: values[24]!,
    completedAtMs: values[25]!,
    lastActiveMs: values[26]!,
    lastCheckedMs: values[27]!,
    downloadingMs: values[28]!,
    seedingMs: values[29]!,
    aliveMs: values[30]!,
    magnet: values[31]!,
    error: values[32]!,
    wishes: values[33]!,
    paths: values[34]!,
  };
}

function isOfKind(value: unknown, kind: Kind): boolean {
  if (kind === 'list') return Array.isArray(value);
  if (kind === 'bytes') return value instanceof Uint8Array;
  return typeof value === kind;
}
