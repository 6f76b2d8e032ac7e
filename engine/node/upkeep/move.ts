import { dirname, join } from 'node:path';
import { AlliumError } from '../../codec/error.ts';
import type { FileHandle, FileStat, FileSystem } from '../../runtime/port.ts';

/** A file, and where it is to be. Both absolute. */
export interface FileMove {
  readonly from: string;
  readonly to: string;
}

export interface MoveOptions {
  readonly moves: readonly FileMove[];
  /** Folders that are taken away when they are empty afterwards: those that may be, and nothing above them. */
  readonly folders?: readonly string[];
  readonly signal?: AbortSignal;
  /** Bytes copied so far; nothing is said of files that only change their name. */
  readonly onProgress?: (copiedBytes: number) => void;
}

const CHUNK_BYTES = 1024 * 1024;
/** Behind the name of a copy that is not whole. */
const UNFINISHED = '.allium-move';

/**
 * Moves files: by renaming on the same disk, else by copying, which is on stable storage and compared in length before
 * anything is deleted. Nothing is overwritten: WRONG_KIND when something else is at a target. When it fails, and when
 * `signal` aborts, copies are taken back and files renamed back: the source is whole. After a crash the same move goes
 * on: what has arrived is left, what is unfinished is made anew, and no byte is ever in neither place.
 */
export async function moveFiles(
  options: MoveOptions,
  modules: { readonly files: FileSystem },
): Promise<void> {
  const mover = new Mover(options, modules.files);
  await mover.run();
}

class Mover {
  private readonly options: MoveOptions;
  private readonly files: FileSystem;
  /** Whole copies; their sources are still there. */
  private readonly copied: FileMove[] = [];
  private readonly renamed: FileMove[] = [];
  /** Folders that were not there before. */
  private readonly made: string[] = [];
  private copiedBytes = 0;

  constructor(options: MoveOptions, files: FileSystem) {
    this.options = options;
    this.files = files;
  }

  async run(): Promise<void> {
    const pending = await this.pending();
    try {
      for (const { move, isNear } of pending) if (!isNear) await this.copy(move);
      for (const { move, isNear } of pending) if (isNear) await this.rename(move);
    } catch (error) {
      await this.undo();
      throw error;
    }
    // From here on everything is at its new place; what is left over is tidied up now or by the next run.
    for (const { from } of this.copied) await this.files.remove(from);
    const folders = [...(this.options.folders ?? [])].sort((a, b) => b.length - a.length);
    for (const folder of folders) await this.files.remove(folder).catch(() => {});
  }

  /** What is still to be moved. What is not there at all has not been downloaded yet. */
  private async pending(): Promise<{ move: FileMove; isNear: boolean }[]> {
    const pending: { move: FileMove; isNear: boolean }[] = [];
    for (const move of this.options.moves) {
      if (move.from === move.to) continue;
      const [source, target] = [await this.files.stat(move.from), await this.files.stat(move.to)];
      if (source === undefined) continue;
      if (source.kind !== 'file') throw inTheWay(move.from);
      if (target !== undefined && !(await this.isCopy(move, source, target))) throw inTheWay(move.to);
      if (target !== undefined) this.copied.push(move);
      else pending.push({ move, isNear: source.device === (await this.deviceOf(move.to)) });
    }
    return pending;
  }

  /** A crash came between copying and deleting. */
  private async isCopy({ from, to }: FileMove, source: FileStat, target: FileStat): Promise<boolean> {
    if (target.kind !== 'file' || target.byteLength !== source.byteLength) return false;
    const [one, other] = [await this.files.open(from, 'read'), await this.files.open(to, 'read')];
    try {
      const [a, b] = [new Uint8Array(CHUNK_BYTES), new Uint8Array(CHUNK_BYTES)];
      for (let at = 0; at < source.byteLength; at += CHUNK_BYTES) {
        this.options.signal?.throwIfAborted();
        const length = await one.readv([a], at);
        if ((await other.readv([b], at)) !== length) return false;
        if (Buffer.compare(a.subarray(0, length), b.subarray(0, length)) !== 0) return false;
      }
      return true;
    } finally {
      await Promise.all([one.close(), other.close()]);
    }
  }

  private async deviceOf(path: string): Promise<number | undefined> {
    for (let at = dirname(path); ; at = dirname(at)) {
      const stat = await this.files.stat(at);
      if (stat !== undefined || at === dirname(at)) return stat?.device;
    }
  }

  private async rename(move: FileMove): Promise<void> {
    this.options.signal?.throwIfAborted();
    await this.makeFolder(dirname(move.to));
    try {
      await this.files.rename(move.from, move.to);
      this.renamed.push(move);
    } catch (error) {
      // One disk that is mounted in two places is two disks to a rename.
      if (!(error instanceof AlliumError) || error.details['system'] !== 'EXDEV') throw error;
      await this.copy(move);
    }
  }

  private async makeFolder(path: string): Promise<void> {
    const missing: string[] = [];
    for (let at = path; (await this.files.stat(at)) === undefined && at !== dirname(at); at = dirname(at))
      missing.push(at);
    this.made.push(...missing);
    await this.files.makeDirectory(path);
  }

  private async copy(move: FileMove): Promise<void> {
    const unfinished = `${move.to}${UNFINISHED}`;
    await this.makeFolder(dirname(move.to));
    const source = await this.files.open(move.from, 'read');
    try {
      const target = await this.files.open(unfinished, 'write');
      try {
        await this.copyBytes(source, target, move);
      } finally {
        await target.close();
      }
      await this.files.rename(unfinished, move.to);
      this.copied.push(move);
      // The name has to be on stable storage too before the source goes.
      const arrived = await this.files.open(move.to, 'write');
      await arrived.sync().finally(() => arrived.close());
    } catch (error) {
      await this.files.remove(unfinished).catch(() => {});
      throw error;
    } finally {
      await source.close();
    }
  }

  /** Zeros are left out: a file that is not complete stays sparse. */
  private async copyBytes(source: FileHandle, target: FileHandle, { from, to }: FileMove): Promise<void> {
    const { byteLength } = await source.stat();
    const buffer = new Uint8Array(CHUNK_BYTES);
    await target.truncate(0);
    for (let at = 0; at < byteLength; at += CHUNK_BYTES) {
      this.options.signal?.throwIfAborted();
      const part = buffer.subarray(0, Math.min(CHUNK_BYTES, byteLength - at));
      if ((await source.readv([part], at)) !== part.length) throw changed(from);
      if (part.some((byte) => byte !== 0)) await target.writev([part], at);
      this.copiedBytes += part.length;
      this.options.onProgress?.(this.copiedBytes);
    }
    await target.truncate(byteLength);
    await target.sync();
    if ((await source.stat()).byteLength !== byteLength) throw changed(from);
    if ((await target.stat()).byteLength !== byteLength) throw changed(to);
  }

  /** As far as the disks allow; the first failure is the one that is told. */
  private async undo(): Promise<void> {
    for (const { from, to } of this.renamed.reverse()) await this.files.rename(to, from).catch(() => {});
    for (const { to } of this.copied) await this.files.remove(to).catch(() => {});
    for (const folder of this.made.sort((a, b) => b.length - a.length)) {
      await this.files.remove(folder).catch(() => {});
    }
  }
}

/** The folders of some files below `root`, without it: what may be empty once they are gone. */
export function foldersOf(paths: readonly (readonly string[])[], root: string): string[] {
  const folders = new Set<string>();
  for (const path of paths) {
    for (let depth = 1; depth < path.length; depth += 1) folders.add(join(root, ...path.slice(0, depth)));
  }
  return [...folders];
}

function inTheWay(path: string): AlliumError {
  return new AlliumError('WRONG_KIND', `there is something else at ${path}`, {
    advice: 'Nothing was moved. Move it away, or choose another folder.',
    details: { path },
  });
}

function changed(path: string): AlliumError {
  return new AlliumError('FILE_CHANGED', `${path} changed while it was copied`, {
    advice: 'The files are where they were; try again.',
    details: { path },
  });
}
