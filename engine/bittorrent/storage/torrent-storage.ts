import { join } from 'node:path';
import { AlliumError } from '../../codec/error.ts';
import type { FileSystem } from '../../runtime/port.ts';
import type { FileExtent, Layout } from '../layout.ts';
import type { Metainfo } from '../metainfo/types.ts';
import type { BlockOffset, PieceIndex } from '../units.ts';
import type { BorrowedFile, FileCache } from './file-cache.ts';
import { belongsToOther, expectBytes, foreignFiles, type IsVerifiedElsewhere } from './foreign-files.ts';
import { makeSymlinks } from './symlinks.ts';

/** A place in an open file. */
export interface BorrowedExtent extends BorrowedFile {
  readonly position: number;
}

/**
 * The bytes of one torrent on disk: pieces in, pieces out, files in between. Files are sparse and come into being
 * with their first byte; buffers may lie in the slab and are neither copied nor kept. Padding (BEP 47) reads as
 * zero and is stored nowhere. Files that belong to another torrent, or lie outside of the root, are only ever read.
 */
export class TorrentStorage {
  private readonly root: string;
  private readonly paths: readonly string[];
  private readonly layout: Layout;
  private readonly cache: FileCache;
  private readonly files: FileSystem;
  private readonly metainfo: Metainfo;
  /** Files that were written to since the last {@link sync}. */
  private readonly dirty = new Set<number>();
  private readonly folders = new Map<string, Promise<void>>();
  private readonly foreign: ReadonlySet<number>;
  private readonly isVerifiedElsewhere: IsVerifiedElsewhere;

  /** `foreign`: files below the root that belong to another torrent. */
  constructor(
    options: {
      readonly root: string;
      readonly foreign?: ReadonlySet<number>;
      readonly isVerifiedElsewhere?: IsVerifiedElsewhere;
    },
    modules: {
      readonly metainfo: Metainfo;
      readonly layout: Layout;
      readonly cache: FileCache;
      readonly files: FileSystem;
    },
  ) {
    this.metainfo = modules.metainfo;
    this.layout = modules.layout;
    this.cache = modules.cache;
    this.files = modules.files;
    this.root = options.root;
    this.paths = modules.metainfo.files.map((file) => join(options.root, ...file.path));
    this.foreign = foreignFiles(this.paths, options.root, options.foreign);
    this.isVerifiedElsewhere = options.isVerifiedElsewhere ?? (() => false);
  }

  /** Files that this torrent reads and never writes. */
  get foreignFiles(): ReadonlySet<number> {
    return this.foreign;
  }

  pathOf(file: number): string {
    return this.paths[file]!;
  }

  /**
   * Fills `targets`, one behind the other, with the bytes of `piece` from `begin` on; zeros behind the end of a
   * file that its last piece goes beyond (BEP 52: libtorrent asks for whole blocks there). Rejects with FILE_CHANGED
   * when a file is shorter than the torrent says.
   */
  async read(piece: PieceIndex, begin: BlockOffset, targets: readonly Uint8Array[]): Promise<void> {
    const wanted = totalBytes(targets);
    const stored = Math.max(0, Math.min(wanted, this.layout.pieceLengthOf(piece) - begin));
    const parts = stored === wanted ? targets : zeroBehind(targets, stored);
    if (stored === 0) return;
    const extents = this.layout.extentsOf(piece, begin, stored);
    if (extents.length === 1) return this.readExtent(extents[0]!, parts);
    await allOf(split(extents, parts).map(([extent, cut]) => this.readExtent(extent, cut)));
  }

  /**
   * Does what {@link read} does at once, where all of it is likely to lie in memory. False: it has to be read, and then
   * nothing is known of what `targets` hold.
   */
  readNow(piece: PieceIndex, begin: BlockOffset, targets: readonly Uint8Array[]): boolean {
    const wanted = totalBytes(targets);
    if (begin + wanted > this.layout.pieceLengthOf(piece)) return false;
    const extents = this.layout.extentsOf(piece, begin, wanted);
    if (extents.length === 1) return this.readExtentNow(extents[0]!, targets);
    return split(extents, targets).every(([extent, cut]) => this.readExtentNow(extent, cut));
  }

  /** Where `byteLength` bytes of `piece` from `begin` on lie: in one file that is open. Undefined: elsewhere. */
  borrow(piece: PieceIndex, begin: BlockOffset, byteLength: number): BorrowedExtent | undefined {
    if (begin + byteLength > this.layout.pieceLengthOf(piece)) return undefined;
    const [extent, ...more] = this.layout.extentsOf(piece, begin, byteLength);
    if (extent === undefined || extent.isPadding || more.length > 0) return undefined;
    const file = this.cache.borrow(this.pathOf(extent.file));
    return file && { ...file, position: extent.position };
  }

  /** Stores `sources`, one behind the other, as the bytes of `piece` from `begin` on. */
  async write(piece: PieceIndex, begin: BlockOffset, sources: readonly Uint8Array[]): Promise<void> {
    const extents = this.layout.extentsOf(piece, begin, totalBytes(sources));
    if (extents.length === 1) return this.writeExtent(extents[0]!, sources);
    await allOf(split(extents, sources).map(([extent, parts]) => this.writeExtent(extent, parts)));
  }

  /**
   * Before a download: makes the root folder, sees that no folder stands where a file should be, and creates what
   * has no bytes and so would never be written, symbolic links among it. Rejects with what the disk says, or WRONG_KIND.
   */
  async prepare(): Promise<void> {
    await this.files.makeDirectory(this.root);
    for (const [index, file] of this.metainfo.files.entries()) {
      if (file.isPadding || file.attributes.symlinkTarget !== undefined) continue;
      const path = this.pathOf(index);
      const found = await this.files.stat(path);
      if (found !== undefined && found.kind !== 'file') throw notAFile(path);
      if (file.byteLength > 0 || found !== undefined || this.foreign.has(index)) continue;
      await this.ensureFolder(index);
      await this.cache.use(path, 'write', async () => {});
    }
    await makeSymlinks(this.metainfo, this.root, this.files);
  }

  /** Returns when all that was written before the call is on stable storage. */
  async sync(): Promise<void> {
    const written = [...this.dirty];
    this.dirty.clear();
    try {
      await this.cache.sync(written.map((file) => this.pathOf(file)));
    } catch (error) {
      for (const file of written) this.dirty.add(file);
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.cache.close(this.paths);
  }

  private async readExtent(extent: FileExtent, targets: readonly Uint8Array[]): Promise<void> {
    if (extent.isPadding) return clear(targets);
    const path = this.pathOf(extent.file);
    const length = await this.cache.use(path, 'read', (handle) => handle.readv(targets, extent.position));
    if (length === extent.byteLength) return;
    throw new AlliumError(
      'FILE_CHANGED',
      `${path} ends at byte ${extent.position + length}, before its time`,
      {
        advice: 'Verify the torrent: the file was cut short or replaced.',
        details: { path },
      },
    );
  }

  private readExtentNow(extent: FileExtent, targets: readonly Uint8Array[]): boolean {
    if (!extent.isPadding)
      return this.cache.readNow(this.pathOf(extent.file), targets, extent.byteLength, extent.position);
    clear(targets);
    return true;
  }

  private async writeExtent(extent: FileExtent, sources: readonly Uint8Array[]): Promise<void> {
    if (extent.isPadding) return;
    if (!this.mayWrite(extent)) return this.compareExtent(extent, sources);
    await this.ensureFolder(extent.file);
    await this.cache.use(this.pathOf(extent.file), 'write', (handle) =>
      handle.writev(sources, extent.position),
    );
    // Not before: a sync that began while this was being written has not seen all of it.
    this.dirty.add(extent.file);
  }

  private mayWrite({ file, position, byteLength }: FileExtent): boolean {
    if (this.foreign.has(file)) return false;
    return !this.isVerifiedElsewhere(this.pathOf(file), position, byteLength);
  }

  private async compareExtent(extent: FileExtent, sources: readonly Uint8Array[]): Promise<void> {
    const path = this.pathOf(extent.file);
    if ((await this.files.stat(path)) === undefined) throw belongsToOther(path);
    await this.cache.use(path, 'read', (handle) => expectBytes(handle, path, sources, extent.position));
  }

  /** Makes the folder of a file, once. */
  private ensureFolder(file: number): Promise<void> {
    const folder = join(this.pathOf(file), '..');
    let made = this.folders.get(folder);
    if (made === undefined) {
      made = this.files.makeDirectory(folder);
      this.folders.set(folder, made);
      // A folder that could not be made is tried again with the next write.
      made.catch(() => this.folders.delete(folder));
    }
    return made;
  }
}

/**
 * Like Promise.all, but settles only when all have: after a failure the others still use the buffers, which the caller
 * gives back to the slab.
 */
async function allOf(actions: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(actions)) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
}

function notAFile(path: string): AlliumError {
  return new AlliumError('WRONG_KIND', `there is something at ${path} that is not a file`, {
    advice: 'Move it away, or choose another folder.',
    details: { path },
  });
}

function clear(targets: readonly Uint8Array[]): void {
  for (const target of targets) target.fill(0);
}

function totalBytes(buffers: readonly Uint8Array[]): number {
  let sum = 0;
  for (const buffer of buffers) sum += buffer.length;
  return sum;
}

/** Clears what lies behind the first `byteLength` bytes and returns the buffers in front of it. */
function zeroBehind(targets: readonly Uint8Array[], byteLength: number): Uint8Array[] {
  const front: Uint8Array[] = [];
  let left = byteLength;
  for (const target of targets) {
    const kept = Math.min(left, target.length);
    if (kept > 0) front.push(target.subarray(0, kept));
    target.fill(0, kept);
    left -= kept;
  }
  return front;
}

/** Cuts the buffers where one file ends and the next begins. */
function split(extents: readonly FileExtent[], buffers: readonly Uint8Array[]): [FileExtent, Uint8Array[]][] {
  let index = 0;
  let used = 0;
  return extents.map((extent) => {
    const parts: Uint8Array[] = [];
    let left: number = extent.byteLength;
    while (left > 0) {
      const buffer = buffers[index]!;
      const length = Math.min(left, buffer.length - used);
      parts.push(length === buffer.length ? buffer : buffer.subarray(used, used + length));
      left -= length;
      used += length;
      if (used === buffer.length) {
        index++;
        used = 0;
      }
    }
    return [extent, parts];
  });
}
