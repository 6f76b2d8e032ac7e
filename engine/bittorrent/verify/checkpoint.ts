import { crc32c } from '../../codec/crc32c.ts';
import { AlliumError } from '../../codec/error.ts';
import { pieceIndex } from '../units.ts';
import type { PieceRun } from './verdict.ts';

/**
 * A checkpoint file, version 1: the magic, then records behind one another, nothing ever rewritten.
 *
 *     record   u32 length of the body · u32 CRC-32C of the body · body
 *     body     u8 1 · u32 id · u32 pieces · u8 n · n bytes info-hash · u32 files · files × (f64 length · f64 mtime in ms) · UTF-8 place
 *     body     u8 2 · u32 id · runs × (u32 first · u32 count · u8 1 good, 0 bad)
 *
 * Numbers are little-endian. A record that is cut short or damaged ends the file: all before it holds.
 */
const MAGIC = new TextEncoder().encode('allium checkpoint 1\n');
const RECORD_HEAD_BYTES = 8;
const RECORD_BYTES_MAX = 64 * 1024 * 1024;
const RUN_BYTES = 9;
const KIND_TORRENT = 1;
const KIND_PIECES = 2;

/** Size and time of one file when its pieces were hashed; both NaN when it was not there. */
export interface FileStamp {
  readonly byteLength: number;
  readonly modifiedMs: number;
}

/** What a set of hashed pieces is bound to: when any of it differs, the pieces are hashed again. */
export interface CheckpointSubject {
  readonly infoHash: Uint8Array;
  readonly pieceCount: number;
  /** Where the data lies; the same torrent may lie in several places. */
  readonly place: string;
  /** For every file of the torrent, in order; padding too. */
  readonly stamps: readonly FileStamp[];
}

/** Pieces that were hashed, all with the same outcome. */
export interface HashedRun extends PieceRun {
  readonly good: boolean;
}

/** A subject with all that was hashed of it. */
export interface CheckpointEntry {
  readonly id: number;
  readonly subject: CheckpointSubject;
  readonly hashed: HashedRun[];
}

/** What a checkpoint file holds. */
export interface Checkpoint {
  readonly entries: readonly CheckpointEntry[];
  /** How much of the file is whole; what follows was torn off and is to be cut away before appending. */
  readonly validBytes: number;
}

/** The same in fewer runs: in order, those of one outcome that touch joined. No piece may be in two of them. */
export function joinHashed(runs: readonly HashedRun[]): HashedRun[] {
  const joined: HashedRun[] = [];
  for (const run of [...runs].sort((a, b) => a.first - b.first)) {
    const before = joined.at(-1);
    if (before !== undefined && before.end === run.first && before.good === run.good) {
      joined[joined.length - 1] = { ...before, end: run.end };
    } else joined.push(run);
  }
  return joined;
}

/** The start of every checkpoint file. */
export function checkpointHead(): Uint8Array {
  return MAGIC.slice();
}

/** The record that names a torrent; `id` must be new in this file. */
export function encodeSubject(id: number, subject: CheckpointSubject): Uint8Array {
  const place = new TextEncoder().encode(subject.place);
  const { infoHash, stamps } = subject;
  const body = new Uint8Array(14 + infoHash.length + stamps.length * 16 + place.length);
  const view = new DataView(body.buffer);
  body[0] = KIND_TORRENT;
  view.setUint32(1, id, true);
  view.setUint32(5, subject.pieceCount, true);
  body[9] = infoHash.length;
  body.set(infoHash, 10);
  let at = 10 + infoHash.length;
  view.setUint32(at, stamps.length, true);
  at += 4;
  for (const stamp of stamps) {
    view.setFloat64(at, stamp.byteLength, true);
    view.setFloat64(at + 8, stamp.modifiedMs, true);
    at += 16;
  }
  body.set(place, at);
  return frame(body);
}

/** The record that tells which pieces of subject `id` were hashed. */
export function encodeHashed(id: number, runs: readonly HashedRun[]): Uint8Array {
  const body = new Uint8Array(5 + runs.length * RUN_BYTES);
  const view = new DataView(body.buffer);
  body[0] = KIND_PIECES;
  view.setUint32(1, id, true);
  let at = 5;
  for (const run of runs) {
    view.setUint32(at, run.first, true);
    view.setUint32(at + 4, run.end - run.first, true);
    body[at + 8] = run.good ? 1 : 0;
    at += RUN_BYTES;
  }
  return frame(body);
}

function frame(body: Uint8Array): Uint8Array {
  const record = new Uint8Array(RECORD_HEAD_BYTES + body.length);
  const view = new DataView(record.buffer);
  view.setUint32(0, body.length, true);
  view.setUint32(4, crc32c(body), true);
  record.set(body, RECORD_HEAD_BYTES);
  return record;
}

/**
 * Reads a checkpoint file. An empty file, or one cut off within the magic, is a new one.
 *
 * @throws AlliumError BAD_STATE when it is some other file, which must not be overwritten
 */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const head = bytes.subarray(0, MAGIC.length);
  if (head.some((byte, at) => byte !== MAGIC[at])) {
    throw new AlliumError('BAD_STATE', 'the checkpoint file holds something else', {
      advice: 'Name a file that does not exist yet, or one that an earlier run made.',
    });
  }
  if (head.length < MAGIC.length) return { entries: [], validBytes: 0 };
  const entries = new Map<number, CheckpointEntry>();
  let at = MAGIC.length;
  for (;;) {
    const body = bodyAt(bytes, at);
    if (body === undefined || !applyRecord(entries, body)) break;
    at += RECORD_HEAD_BYTES + body.length;
  }
  return { entries: [...entries.values()], validBytes: at };
}

function bodyAt(bytes: Uint8Array, at: number): Uint8Array | undefined {
  if (at + RECORD_HEAD_BYTES > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, RECORD_HEAD_BYTES);
  const byteLength = view.getUint32(0, true);
  const start = at + RECORD_HEAD_BYTES;
  if (byteLength < 5 || byteLength > RECORD_BYTES_MAX || start + byteLength > bytes.length) return undefined;
  const body = bytes.subarray(start, start + byteLength);
  return crc32c(body) === view.getUint32(4, true) ? body : undefined;
}

/** False for a record that makes no sense, which is treated like a torn one. */
function applyRecord(entries: Map<number, CheckpointEntry>, body: Uint8Array): boolean {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const id = view.getUint32(1, true);
  if (body[0] === KIND_TORRENT) {
    const subject = entries.has(id) ? undefined : decodeSubject(body, view);
    if (subject === undefined) return false;
    entries.set(id, { id, subject, hashed: [] });
    return true;
  }
  const entry = entries.get(id);
  if (body[0] !== KIND_PIECES || entry === undefined || (body.length - 5) % RUN_BYTES !== 0) return false;
  const runs: HashedRun[] = [];
  for (let at = 5; at < body.length; at += RUN_BYTES) {
    const first = view.getUint32(at, true);
    const end = first + view.getUint32(at + 4, true);
    if (end <= first || end > entry.subject.pieceCount) return false;
    runs.push({ first: pieceIndex(first), end: pieceIndex(end), good: body[at + 8] === 1 });
  }
  entry.hashed.push(...runs);
  return true;
}

function decodeSubject(body: Uint8Array, view: DataView): CheckpointSubject | undefined {
  if (body.length < 14) return undefined;
  const pieceCount = view.getUint32(5, true);
  const hashBytes = body[9]!;
  let at = 10 + hashBytes;
  if (at + 4 > body.length) return undefined;
  const fileCount = view.getUint32(at, true);
  at += 4;
  if (at + fileCount * 16 > body.length) return undefined;
  const stamps: FileStamp[] = [];
  for (let file = 0; file < fileCount; file += 1, at += 16) {
    stamps.push({ byteLength: view.getFloat64(at, true), modifiedMs: view.getFloat64(at + 8, true) });
  }
  return {
    infoHash: new Uint8Array(body.subarray(10, 10 + hashBytes)),
    pieceCount,
    place: new TextDecoder().decode(body.subarray(at)),
    stamps,
  };
}
