import fs from 'node:fs';
import { AlliumError } from '../../codec/error.ts';
import type { FileStat, FileSystem } from '../port.ts';
import { replaceFile } from './atomic-write.ts';
import { fileError } from './file-error.ts';
import { createFileHandle, type RealFileHandle, toFileStat } from './file-handle.ts';

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = fs.constants;
const FLAGS = {
  // Opening a pipe would wait for somebody to write; a regular file does not care.
  read: O_RDONLY | O_NONBLOCK,
  // A link put where the file should be must not lead a write elsewhere.
  write: O_RDWR | O_CREAT | O_NONBLOCK | O_NOFOLLOW,
} as const;

/** The machine's file system: like the port's, with handles that have a descriptor. */
export interface RealFileSystem extends FileSystem {
  open(path: string, mode: 'read' | 'write'): Promise<RealFileHandle>;
}

/** Files as the operating system has them. */
export function createRealFiles(): RealFileSystem {
  return {
    open: openFile,
    stat: statPath,
    realPath: (path) => attempt('resolve', path, fs.promises.realpath(path)),
    readDirectory: async (path) => (await attempt('list', path, fs.promises.readdir(path))).sort(),
    async makeDirectory(path) {
      await attempt('create the folder', path, fs.promises.mkdir(path, { recursive: true }));
    },
    readFile,
    writeFile: (path, bytes) => attempt('write', path, replaceFile(path, bytes)),
    rename: (from, to) => attempt('rename', from, fs.promises.rename(from, to)),
    remove: (path) => attempt('remove', path, removePath(path)),
    makeLink: (path, target) => attempt('link', path, makeLink(path, target)),
    removeLink: (path) => attempt('remove', path, removeLink(path)),
  };
}

async function openFile(path: string, mode: 'read' | 'write'): Promise<RealFileHandle> {
  const fd = await attempt(mode === 'read' ? 'open' : 'open for writing', path, openDescriptor(path, mode));
  const handle = createFileHandle({ fd, path });
  const what = unusable(await statDescriptor(fd));
  if (what === undefined) return handle;
  await handle.close();
  throw new AlliumError('WRONG_KIND', `cannot open ${path}: it is a ${what}`, {
    advice: 'move it away, or choose another place',
    details: { path, system: 'EISDIR' },
  });
}

/** What it is, if one cannot read and write it at any position. Disks themselves can be, so devices pass. */
function unusable(stats: fs.Stats | undefined): string | undefined {
  if (stats === undefined) return 'thing nothing can be said of';
  if (stats.isDirectory()) return 'folder';
  if (stats.isFIFO()) return 'pipe';
  return stats.isSocket() ? 'socket' : undefined;
}

function statDescriptor(fd: number): Promise<fs.Stats | undefined> {
  return new Promise((resolve) => {
    fs.fstat(fd, (error, stats) => resolve(error ? undefined : stats));
  });
}

function openDescriptor(path: string, mode: 'read' | 'write'): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.open(path, FLAGS[mode], 0o666, (error, fd) => (error ? reject(error) : resolve(fd)));
  });
}

async function statPath(path: string): Promise<FileStat | undefined> {
  try {
    return toFileStat(await fs.promises.stat(path));
  } catch (error) {
    const failed = fileError(error, 'examine', path);
    // A file used as a folder on the way: then there is nothing at the path either.
    if (failed.code === 'NOT_FOUND' || failed.details.system === 'ENOTDIR') return undefined;
    throw failed;
  }
}

async function readFile(path: string, maxBytes: number): Promise<Uint8Array> {
  const handle = await openFile(path, 'read');
  try {
    const { byteLength } = await handle.stat();
    const bytes = new Uint8Array(Math.min(byteLength, maxBytes) + 1);
    const length = await handle.readv([bytes], 0);
    if (length > maxBytes) {
      throw new AlliumError('IO_FAILED', `${path} is longer than ${maxBytes} bytes`, {
        advice: 'this is not the file that was expected',
        details: { path, maxBytes },
      });
    }
    return bytes.subarray(0, length);
  } finally {
    await handle.close();
  }
}

/** A file or an empty folder. */
async function removePath(path: string): Promise<void> {
  const stats = await fs.promises.lstat(path);
  await (stats.isDirectory() ? fs.promises.rmdir(path) : fs.promises.unlink(path));
}

/** FAT and its like have no links: EPERM. */
const NO_LINK: ReadonlySet<unknown> = new Set(['EEXIST', 'EPERM', 'ENOSYS', 'EOPNOTSUPP']);

async function makeLink(path: string, target: string): Promise<boolean> {
  try {
    await fs.promises.symlink(target, path);
    return true;
  } catch (error) {
    if (NO_LINK.has((error as NodeJS.ErrnoException).code)) return false;
    throw error;
  }
}

async function removeLink(path: string): Promise<void> {
  try {
    if ((await fs.promises.lstat(path)).isSymbolicLink()) await fs.promises.unlink(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
  }
}

async function attempt<T>(action: string, path: string, promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw fileError(error, action, path);
  }
}
