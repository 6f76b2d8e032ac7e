import fs from 'node:fs';
import type { FileHandle, FileStat } from '../port.ts';
import { fileError, systemError } from './file-error.ts';

/** POSIX promises no more buffers in one call (IOV_MAX on Linux, macOS and the BSDs). */
const BUFFERS_MAX = 1024;

/** A file of the machine. Worker threads of this process may read through its `fd` while it is open. */
export interface RealFileHandle extends FileHandle {
  readonly fd: number;
  readNow(buffers: readonly Uint8Array[], position: number): number;
}

/** `fs.readv` and `fs.writev`. */
export interface VectoredCalls {
  readonly readv: Vectored;
  readonly writev: Vectored;
}

type Vectored = (
  fd: number,
  buffers: readonly Uint8Array[],
  position: number,
  done: (error: NodeJS.ErrnoException | null, length: number) => void,
) => void;

const NODE_CALLS: VectoredCalls = { readv: fs.readv as Vectored, writev: fs.writev as Vectored };

/** The open file `fd`, which it closes in the end. */
export function createFileHandle(
  options: { readonly fd: number; readonly path: string },
  modules: VectoredCalls = NODE_CALLS,
): RealFileHandle {
  const { fd, path } = options;
  const run = <T>(action: string, start: (done: (error: unknown, value?: T) => void) => void): Promise<T> =>
    new Promise((resolve, reject) => {
      // The number of a closed file soon belongs to another one.
      if (!open) reject(fileError(systemError('EBADF'), action, path));
      else start((error, value) => (error ? reject(fileError(error, action, path)) : resolve(value as T)));
    });
  let open = true;
  // Writes to one file take turns. Linux lets one in at a time anyhow, and the threads that wait for it spin: with four
  // of them a download to memory took 0.1 to 0.2 CPU seconds per GB more.
  let lastWrite: Promise<void> = Promise.resolve();
  const inTurn = (write: () => Promise<void>): Promise<void> => {
    const done = lastWrite.then(write);
    lastWrite = done.catch(() => {});
    return done;
  };
  return {
    fd,
    readNow(buffers, position) {
      if (!open) throw fileError(systemError('EBADF'), 'read', path);
      try {
        return fs.readvSync(fd, buffers.slice(0, BUFFERS_MAX), position);
      } catch (error) {
        throw fileError(error, 'read', path);
      }
    },
    readv: (buffers, position) => run('read', (done) => transfer(modules.readv, fd, buffers, position, done)),
    writev: (buffers, position) =>
      inTurn(() =>
        run('write', (done) => {
          transfer(modules.writev, fd, buffers, position, (error, total) => {
            // A system that takes nothing and says nothing would be asked for ever.
            const missing = !error && total !== bytesOf(buffers);
            done(missing ? systemError('EIO') : error);
          });
        }),
      ),
    stat: async () => toFileStat(await run<fs.Stats>('examine', (done) => fs.fstat(fd, done))),
    truncate: (byteLength) => run('resize', (done) => fs.ftruncate(fd, byteLength, done)),
    sync: () => run('sync', (done) => fs.fdatasync(fd, done)),
    async close() {
      // A second close could hit a descriptor that belongs to someone else by then.
      if (!open) return;
      const closed = run<void>('close', (done) => fs.close(fd, done));
      open = false;
      await closed;
    },
  };
}

/**
 * Reads or writes until all is done or nothing more is, as at the end of a file. Nearly always that is one call: the kernel does
 * less only at the end, near a full disk or when interrupted.
 */
function transfer(
  call: Vectored,
  fd: number,
  buffers: readonly Uint8Array[],
  position: number,
  finish: (error: unknown, total?: number) => void,
): void {
  let total = 0;
  const step = (left: readonly Uint8Array[]): void => {
    if (left.length === 0) {
      finish(null, total);
      return;
    }
    const batch = left.length > BUFFERS_MAX ? left.slice(0, BUFFERS_MAX) : left;
    call(fd, batch, position + total, (error, length) => {
      total += length;
      if (error) finish(error);
      else if (length > 0) step(skipBytes(left, length));
      else finish(null, total);
    });
  };
  step(skipBytes(buffers, 0));
}

function bytesOf(buffers: readonly Uint8Array[]): number {
  return buffers.reduce((sum, bytes) => sum + bytes.length, 0);
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
