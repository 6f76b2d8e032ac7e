import { connect, type Socket } from 'node:net';

/** How to ask a SOCKS5 proxy. */
export interface SocksOptions {
  /** A name of its own isolates the stream from others (RFC 1929). */
  readonly user?: string;
  /** 'x' */
  readonly password?: string;
  readonly timeoutMs?: number;
  /** Called with the local port of the connection before the request goes out. */
  readonly onLocalPort?: (port: number) => void;
}

/** A stream to `host`:`port` through the SOCKS5 proxy on this port of 127.0.0.1. RFC 1928. Throws with the reply code. */
export async function socksConnect(
  socksPort: number,
  host: string,
  port: number,
  options: SocksOptions = {},
): Promise<Socket> {
  const socket = connect({ port: socksPort, host: '127.0.0.1', noDelay: true });
  const timeoutMs = options.timeoutMs ?? 30_000;
  const timer = setTimeout(
    () => socket.destroy(new Error(`SOCKS: no answer within ${timeoutMs} ms`)),
    timeoutMs,
  );
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    options.onLocalPort?.(socket.localPort ?? 0);
    await greet(socket, options);
    await request(socket, host, port);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function greet(socket: Socket, { user, password = 'x' }: SocksOptions): Promise<void> {
  socket.write(Uint8Array.of(5, 1, user === undefined ? 0 : 2));
  const [, method] = await read(socket, 2);
  if (user === undefined || method !== 2) return;
  const [name, word] = [Buffer.from(user), Buffer.from(password)];
  socket.write(Uint8Array.of(1, name.length, ...name, word.length, ...word));
  await read(socket, 2);
}

async function request(socket: Socket, host: string, port: number): Promise<void> {
  const name = Buffer.from(host);
  socket.write(Uint8Array.of(5, 1, 0, 3, name.length, ...name, port >> 8, port & 255));
  const head = await read(socket, 5);
  if (head[1] !== 0) throw new Error(`SOCKS: ${host}:${port} refused with reply ${head[1]}`);
  const addressBytes = { 1: 4, 4: 16 }[head[3] ?? 0] ?? 1 + (head[4] ?? 0);
  await read(socket, addressBytes + 1); // one of its bytes is in the head, two bytes of port follow
}

/** Exactly this many bytes; more that have come stay in the socket. */
function read(socket: Socket, byteLength: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      socket.off('readable', look);
      socket.off('error', fail);
      socket.off('close', end);
    };
    const look = (): void => {
      const bytes: Buffer | null = socket.read(byteLength);
      if (bytes === null || bytes.length < byteLength) return;
      settle();
      resolve(bytes);
    };
    const fail = (error: Error): void => {
      settle();
      reject(error);
    };
    const end = (): void => fail(new Error('SOCKS: the proxy closed the connection'));
    socket.on('readable', look);
    socket.once('error', fail);
    socket.once('close', end);
    look();
  });
}
