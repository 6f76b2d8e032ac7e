/**
 * Reading a TCP socket straight into memory of our choice.
 *
 * `net.Socket` takes `onread: { buffer, callback }`: the kernel then copies into that buffer, nothing is
 * allocated and nothing passes through the stream machinery. But an accepted socket cannot have `onread`, and a
 * connecting one asks for its first buffer before it is connected. So both are made plain, and once the
 * connection stands its handle is taken from the plain socket and given to a second one that has `onread`.
 * `_handle` is not documented; it is touched here and nowhere else, and whoever calls this can do without.
 *
 * Measured on Node 20.20, 22.23 and 24.9, Linux: works, also with buffers over shared memory. What it saves and
 * what the port costs beside a bare socket: bench/runtime.bench.ts.
 */
import net from 'node:net';

interface HandleOwner {
  _handle: object | null;
}

/** Node's `onread`: where the bytes go. */
export interface ReadSink {
  /** The next target: asked when the socket is made and after every read; undefined keeps the last one. */
  buffer(): Uint8Array | undefined;
  callback(length: number): boolean;
}

/**
 * Moves the connection of `plain`, which has read nothing yet, to a new socket that reads into what `sink` hands
 * out. Undefined when this engine's sockets have no handle to move; then nothing has changed.
 */
export function moveToReader(plain: net.Socket, sink: ReadSink): net.Socket | undefined {
  const owner = plain as unknown as HandleOwner;
  const handle = owner._handle;
  if (typeof handle !== 'object' || handle === null || !('useUserBuffer' in handle)) return undefined;
  owner._handle = null;
  const onread = { buffer: () => sink.buffer(), callback: (length: number) => sink.callback(length) };
  const reader = new net.Socket({ handle, onread } as unknown as net.SocketConstructorOpts);
  // The empty shell is still counted by its server, which would never close.
  plain.destroy();
  return reader;
}
