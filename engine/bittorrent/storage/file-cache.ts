import type { Clock, FileHandle, FileSystem } from '../../runtime/port.ts';
import { type FilePace, newFilePace, ReadPace } from './read-pace.ts';

type Mode = 'read' | 'write';

interface Entry {
  readonly mode: Mode;
  readonly handle: Promise<FileHandle>;
  readonly pace: FilePace;
  /** Once it is. */
  opened: FileHandle | undefined;
  users: number;
  /** No longer in the table: close when the last user is done. */
  retired: boolean;
}

/** A file that is not closed before it is given back, once. */
export interface BorrowedFile {
  readonly handle: FileHandle;
  giveBack(): void;
}

/**
 * Open files of all torrents of a shard, least recently used closed first, never more than `openFilesMax` idle ones.
 * A handle that is in use is not closed; a file open for writing also serves readers.
 */
export class FileCache {
  private readonly entries = new Map<string, Entry>();
  private readonly openFilesMax: number;
  private readonly files: FileSystem;
  private readonly clock: Clock;
  private readonly pace = new ReadPace();

  constructor(
    options: { readonly openFilesMax: number },
    modules: { readonly files: FileSystem; readonly clock: Clock },
  ) {
    this.openFilesMax = options.openFilesMax;
    this.files = modules.files;
    this.clock = modules.clock;
  }

  get openCount(): number {
    return this.entries.size;
  }

  /** Runs `action` with an open handle of `path`. */
  async use<T>(path: string, mode: Mode, action: (handle: FileHandle) => Promise<T>): Promise<T> {
    const entry = this.acquire(path, mode);
    try {
      return await action(await entry.handle);
    } finally {
      await this.leave(entry);
    }
  }

  /**
   * Reads from a file that is open and whose bytes are likely to lie in memory, at once. False when it is not such a
   * file, or has fewer bytes, or cannot be read: then nothing is known of what `targets` hold.
   */
  readNow(path: string, targets: readonly Uint8Array[], byteLength: number, position: number): boolean {
    const entry = this.entries.get(path);
    if (entry?.opened?.readNow === undefined) return false;
    const { clock, pace } = this;
    const beganMs = clock.now();
    if (!pace.mayReadNow(entry.pace, beganMs)) return false;
    this.entries.delete(path);
    this.entries.set(path, entry);
    let length = -1;
    try {
      length = entry.opened.readNow(targets, position);
    } catch {
      // Whoever reads it by the pool next hears what is wrong.
    }
    const nowMs = clock.now();
    pace.note(entry.pace, byteLength, nowMs - beganMs, nowMs);
    return length === byteLength;
  }

  /** A file that is open already, to be given back. Undefined: it is not open. */
  borrow(path: string): BorrowedFile | undefined {
    const entry = this.entries.get(path);
    if (entry?.opened === undefined) return undefined;
    this.entries.delete(path);
    this.entries.set(path, entry);
    entry.users++;
    return { handle: entry.opened, giveBack: () => void this.leave(entry) };
  }

  /** Brings what was written to the files at `paths` to stable storage, whether they are still open or not. */
  async sync(paths: readonly string[]): Promise<void> {
    for (const path of paths) await this.use(path, 'write', (handle) => handle.sync());
  }

  /** Forgets the files below `paths`, or all; handles in use are closed by their last user. */
  async close(paths: readonly string[] = [...this.entries.keys()]): Promise<void> {
    for (const path of paths) {
      const entry = this.entries.get(path);
      if (entry !== undefined) await this.retire(path, entry);
    }
  }

  private async leave(entry: Entry): Promise<void> {
    entry.users--;
    if (entry.retired && entry.users === 0) await closeQuietly(entry);
    else this.makeRoom(this.openFilesMax);
  }

  private acquire(path: string, mode: Mode): Entry {
    let entry = this.entries.get(path);
    if (entry !== undefined && mode === 'write' && entry.mode === 'read') {
      void this.retire(path, entry);
      entry = undefined;
    }
    if (entry === undefined) {
      const handle = this.files.open(path, mode);
      entry = { mode, handle, users: 0, retired: false, pace: newFilePace(), opened: undefined };
      const begun = entry;
      handle.then(
        (file) => {
          begun.opened = file;
        },
        () => {
          // A failed open must not stay in the table: the next user tries again.
          if (this.entries.get(path) === begun) this.entries.delete(path);
        },
      );
      this.makeRoom(this.openFilesMax - 1);
    } else {
      this.entries.delete(path);
    }
    this.entries.set(path, entry);
    entry.users++;
    return entry;
  }

  /** Closes idle files until at most `openMax` are open, or all that are open are in use. */
  private makeRoom(openMax: number): void {
    if (this.entries.size <= openMax) return;
    for (const [path, entry] of this.entries) {
      if (entry.users > 0) continue;
      void this.retire(path, entry);
      if (this.entries.size <= openMax) return;
    }
  }

  private async retire(path: string, entry: Entry): Promise<void> {
    this.entries.delete(path);
    entry.retired = true;
    if (entry.users === 0) await closeQuietly(entry);
  }
}

async function closeQuietly(entry: Entry): Promise<void> {
  try {
    await (await entry.handle).close();
  } catch {
    // Closing tells nothing new: writes were awaited one by one, and sync() reports what the disk refused.
  }
}
