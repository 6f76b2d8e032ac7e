import {
  closeSync,
  fdatasync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import {
  type CheckpointEntry,
  type CheckpointSubject,
  checkpointHead,
  decodeCheckpoint,
  encodeHashed,
  encodeSubject,
  type HashedRun,
  joinHashed,
} from '../../bittorrent/verify/checkpoint.ts';
import { isSameStamp, isSameSubject } from '../../bittorrent/verify/checkpoint-match.ts';
import { AlliumError } from '../../codec/error.ts';
import { fileError } from '../../runtime/real/file-error.ts';

/** A run of a hundred hours over ten thousand torrents writes about 50 MB. */
export const CHECKPOINT_BYTES_MAX = 512 * 1024 * 1024;
const FLUSH_MS = 1000;
const SYNC_MS = 5000;

/**
 * The checkpoint of a run: what was hashed is written down a second later at most, by appending. Survives
 * `kill -9`; every five seconds also a power cut.
 */
export class CheckpointFile {
  readonly path: string;
  readonly #descriptor: number;
  readonly #entries: CheckpointEntry[];
  readonly #pending = new Map<number, HashedRun[]>();
  #nextId: number;
  #at: number;
  #timer: NodeJS.Timeout | undefined;
  #syncedAtMs = 0;
  #isSyncing = false;
  #failure: unknown;
  #isClosed = false;

  private constructor(
    path: string,
    descriptor: number,
    entries: readonly CheckpointEntry[],
    validBytes: number,
  ) {
    this.path = path;
    this.#descriptor = descriptor;
    this.#entries = [...entries];
    this.#nextId = entries.reduce((next, entry) => Math.max(next, entry.id + 1), 0);
    this.#at = validBytes;
  }

  /**
   * Opens a checkpoint, or starts one. Throws AlliumError: BAD_STATE when the file is something else, or an error of
   * the file system.
   */
  static open(path: string, bytesMax = CHECKPOINT_BYTES_MAX): CheckpointFile {
    let descriptor: number | undefined;
    try {
      descriptor = openSync(path, 'r+', 0o644);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw fileError(error, 'open', path);
    }
    try {
      descriptor ??= openSync(path, 'wx+', 0o644);
      const { size } = statSync(path);
      if (size > bytesMax) {
        throw new AlliumError(
          'BAD_STATE',
          `the checkpoint ${path} has ${size} bytes, more than ${bytesMax}`,
          {
            advice: 'Start a new one under another name.',
            details: { path },
          },
        );
      }
      const { entries, validBytes } = decodeCheckpoint(readFileSync(descriptor));
      const file = new CheckpointFile(path, descriptor, entries, validBytes);
      // Behind a torn record nothing would be read any more.
      ftruncateSync(descriptor, validBytes);
      if (validBytes === 0) file.#append(checkpointHead());
      return file;
    } catch (error) {
      if (descriptor !== undefined) closeSync(descriptor);
      throw fileError(error, 'use', path);
    }
  }

  /** What earlier runs hashed of this torrent at this place, also when files have changed since. */
  find(subject: CheckpointSubject): CheckpointEntry | undefined {
    return this.#entries.findLast((entry) => isSameSubject(entry.subject, subject));
  }

  /**
   * The number under which to add pieces of this torrent. When its files are no longer what they were, a new one
   * starts, and `kept` is what is still true.
   */
  begin(subject: CheckpointSubject, kept: () => readonly HashedRun[]): number {
    const entry = this.find(subject);
    if (entry?.subject.stamps.every((stamp, file) => isSameStamp(stamp, subject.stamps[file]!)) === true)
      return entry.id;
    const id = this.#nextId;
    this.#nextId += 1;
    this.#append(encodeSubject(id, subject));
    this.add(id, kept());
    return id;
  }

  /** Pieces that are hashed. Written down soon. Throws when an earlier write failed. */
  add(id: number, runs: readonly HashedRun[]): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (runs.length === 0) return;
    const pending = this.#pending.get(id);
    if (pending === undefined) this.#pending.set(id, [...runs]);
    else pending.push(...runs);
    this.#timer ??= setTimeout(() => this.#flushByTimer(), FLUSH_MS).unref();
  }

  /** Writes down what is pending. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isClosed) return;
    for (const [id, runs] of this.#pending) this.#append(encodeHashed(id, joinHashed(runs)));
    this.#pending.clear();
    this.#sync();
  }

  close(): void {
    if (this.#isClosed) return;
    this.flush();
    this.#isClosed = true;
    if (!this.#isSyncing) closeSync(this.#descriptor);
  }

  /** The run is complete: the next one is to hash everything again. */
  remove(): void {
    this.close();
    unlinkSync(this.path);
  }

  #flushByTimer(): void {
    try {
      this.flush();
    } catch (error) {
      this.#failure = error;
    }
  }

  #append(record: Uint8Array): void {
    try {
      for (let done = 0; done < record.length; ) {
        done += writeSync(this.#descriptor, record, done, record.length - done, this.#at + done);
      }
    } catch (error) {
      throw fileError(error, 'write', this.path);
    }
    this.#at += record.length;
  }

  /** In the background: the disk may be busy with what we read. */
  #sync(): void {
    const now = performance.now();
    if (this.#isSyncing || now - this.#syncedAtMs < SYNC_MS) return;
    this.#syncedAtMs = now;
    this.#isSyncing = true;
    fdatasync(this.#descriptor, () => {
      this.#isSyncing = false;
      if (this.#isClosed) closeSync(this.#descriptor);
    });
  }
}
