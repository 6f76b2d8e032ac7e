/**
 * Handing accepted connections to another thread.
 *
 * Several threads can listen on one descriptor, but they would all own it: a thread that ends closes it for the others,
 * and its number may by then be somebody else's. So one thread accepts, and hands connections over as one process does
 * to another: through a local socket, in which the system makes the receiver a descriptor of its own. It also decides
 * who gets which connection, which the system would do by chance. That Node's pipes can do this (its cluster lives from
 * it) is not offered to threads; `_handle`, `pendingHandle` and the third argument of `writeUtf8String` are touched
 * here and nowhere else. Tried on Node 20.20, 22.23 and 24.21, Linux.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileError } from './file-error.ts';

/** Of Node's pipes: one that descriptors go through. */
const IPC_PIPE = 2;
/** Connections that wait for a thread that does not take them, beyond the few hundred that the system holds. */
const WAITING_MAX = 512;

interface Pipe {
  readonly fd: number;
  pendingHandle?: object | undefined;
  open(fd: number): number;
  unref(): void;
  writeUtf8String(request: object, text: string, handle?: object): number;
}
type PipeClass = new (kind: number) => Pipe;

const handleOf = (socket: net.Socket): Pipe => (socket as unknown as { _handle: Pipe })._handle;
const withHandle = (handle: Pipe, more: object): net.Socket =>
  new net.Socket({ handle, ...more } as unknown as net.SocketConstructorOpts);

/** A thread that connections can be given to. */
export interface HandOver {
  /** The connection, accepted and paused, is the other thread's. False: it takes no more; the connection is closed. */
  send(socket: net.Socket): boolean;
  /** The other thread gets the connection as well, and `text` with it; both have it until both close it. False: not now. */
  share(socket: net.Socket, text: string): boolean;
  close(): void;
}

/** A place where a thread is expected. */
export interface HandOverPlace {
  /** For {@link receiveHandOvers} in the other thread. */
  readonly path: string;
  /** Settles when the thread is there; never when it does not come. */
  readonly ready: Promise<HandOver>;
  /** Nobody is expected any more. */
  close(): void;
}

/** Opens a place that only this user can reach. Rejects with the file system's errors. */
export async function openHandOver(options: { readonly waitingMax?: number } = {}): Promise<HandOverPlace> {
  const waitingMax = options.waitingMax ?? WAITING_MAX;
  let folder: string;
  try {
    folder = mkdtempSync(join(tmpdir(), 'allium-'));
  } catch (error) {
    throw fileError(error, 'make a folder in', tmpdir());
  }
  const path = join(folder, 'shard');
  const server = net.createServer({ pauseOnConnect: true });
  const close = (): void => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  const ready = new Promise<HandOver>((resolve) => {
    server.once('connection', (socket) => {
      close();
      resolve(sender(socket, waitingMax));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      rmSync(folder, { recursive: true, force: true });
      reject(fileError(error, 'listen in', folder));
    });
    server.listen(path, resolve);
  });
  return { path, ready, close };
}

/** Makes a sending end of a connection that came in, whose own handle cannot send descriptors. */
function sender(accepted: net.Socket, waitingMax: number): HandOver {
  const plain = handleOf(accepted);
  const pipe = new (plain.constructor as PipeClass)(IPC_PIPE);
  // Both handles have the descriptor now. Only one may close it, so the first is left alone for ever: it does nothing.
  pipe.open(plain.fd);
  plain.unref();
  (accepted as unknown as { _handle: null })._handle = null;
  accepted.destroy();
  const socket = withHandle(pipe, { readable: false });
  let next: object | undefined;
  let waiting = 0;
  const write = pipe.writeUtf8String;
  pipe.writeUtf8String = (request, text) => write.call(pipe, request, text, next);
  // What was under way when the thread ended is closed in the callbacks below.
  socket.on('error', () => {});
  return {
    send(client) {
      if (socket.destroyed || waiting >= waitingMax) {
        client.destroy();
        return false;
      }
      waiting += 1;
      next = handleOf(client);
      // The system holds the connection from here to there, but not before the write is done.
      socket.write('.', 'utf8', () => {
        waiting -= 1;
        client.destroy();
      });
      next = undefined;
      return true;
    },
    share(shared, text) {
      // While something waits it is not certain that the connection is still open when its turn comes.
      if (socket.destroyed || waiting > 0) return false;
      waiting += 1;
      next = handleOf(shared);
      socket.write(text, 'utf8', () => {
        waiting -= 1;
      });
      next = undefined;
      return true;
    },
    close: () => void socket.destroy(),
  };
}

/** Takes connections, paused, from {@link openHandOver} in another thread. */
export function receiveHandOvers(
  path: string,
  take: (socket: net.Socket, text: string) => void,
): { close(): void } {
  // Nobody is there; it is only the way to the class of its handle.
  const probe = net.connect(`${path}-none`);
  probe.on('error', () => {});
  const HandlePipe = handleOf(probe).constructor as PipeClass;
  const pipe = new HandlePipe(IPC_PIPE);
  probe.destroy();
  const socket = withHandle(pipe, { manualStart: true });
  socket.on('error', () => {});
  socket.on('data', (text) => {
    const handle = pipe.pendingHandle;
    pipe.pendingHandle = undefined;
    if (handle === undefined) return;
    const taken = withHandle(handle as Pipe, { pauseOnCreate: true, readable: true, writable: true });
    take(taken, text.toString());
  });
  socket.connect(path, () => socket.resume());
  return { close: () => void socket.destroy() };
}
