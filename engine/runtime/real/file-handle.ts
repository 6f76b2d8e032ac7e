import fs from 'node:fs';
import type { FileHandle, FileStat } from '../port.ts';
import { fileError } from './file-error.ts';

/** POSIX promises no more buffers in one call (IOV_MAX on Linux, macOS and the BSDs). */
const BUFFERS_MAX = 1024;

/** A file of the machine. Worker threads of this process may read through its `fd` while it is open. */
export interface RealFileHandle extends FileHandle {
  readonly fd: number;
}

type Vectored = (
  fd: number,
  buffers: readonly Uint8Array[],
  position: number,
  done: (error: NodeJS.ErrnoException | null, length: number) => void,
) => void;

/** The open file `fd`, which it closes in the end. */
export function createFileHandle(fd: number, path: string): RealFileHandle {
  const run = <T>(action: string, start: (done: (error: unknown, value?: T) => void) => void): Promise<T> =>
    new Promise((resolve, reject) => {
      start((error, value) => (error ? reject(fileError(error, action, path)) : resolve(value as T)));
    });
  let open = true;
  return {
    fd,
    readv: (buffers, position) => transfer(fs.readv as Vectored, fd, buffers, position, 'read', path),
    async writev(buffers, position) {
      await transfer(fs.writev as Vectored, fd, buffers, position, 'write', path);
    },
    stat: async () => toFileStat(await run<fs.Stats>('examine', (done) => fs.fstat(fd, done))),
    truncate: (byteLength) => run('resize', (done) => fs.ftruncate(fd, byteLength, done)),
    sync: () => run('sync', (done) => fs.fdatasync(fd, done)),
    async close() {
      // A second close could hit a descriptor that belongs to someone else by then.
      if (!open) return;
      open = false;
      await run('close', (done) => fs.close(fd, done));
    },
  };
}

/**
 * Reads or writes until all is done or, reading, the file ends. Nearly always that is one call: the kernel does
 * less only at the end, near a full disk or when interrupted.
 */
function transfer(
  call: Vectored,
  fd: number,
  buffers: readonly Uint8Array[],
  position: number,
  action: 'read' | 'write',
  path: string,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let done = 0;
    const step = (left: readonly Uint8Array[]): void => {
      if (left.length === 0) {
        resolve(done);
        return;
      }
      const batch = left.length > BUFFERS_MAX ? left.slice(0, BUFFERS_MAX) : left;
      call(fd, batch, position + done, (error, length) => {
        done += length;
        if (error) reject(fileError(error, action, path));
        else if (length > 0) step(skipBytes(left, length));
        else if (action === 'read') resolve(done);
        else reject(fileError(new Error('the system wrote nothing'), action, path));
      });
    };
    step(skipBytes(buffers, 0));
  });
}

/** What is left of `buffers` without their first `length` bytes and without empty ones in front. */
function skipBytes(buffers: readonly Uint8Array[], length: number): readonly Uint8Array[] {
  let index = 0;
  let left = length;
  while (index < buffers.length && left >= buffers[index]!.length) {
    left -= buffers[index]!.length;
    index++;
  }
  if (index === buffers.length) return [];
  if (index === 0 && left === 0) return buffers;
  const rest = buffers.slice(index);
  rest[0] = rest[0]!.subarray(left);
  return rest;
}

/** Node's answer in the port's words. */
export function toFileStat(stats: fs.Stats): FileStat {
  const kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other';
  return { kind, byteLength: stats.size, modifiedMs: stats.mtimeMs, device: stats.dev };
}
