import { createHash } from 'node:crypto';
import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { contentChunks } from './content.ts';
import { type SocksOptions, socksConnect } from './socks.ts';

export interface FetchOptions extends SocksOptions {
  /** Sends that many bytes of the fixed content by POST instead of a GET. */
  readonly uploadByteLength?: number;
  /** Closes the connection when this many bytes of the answer are there. */
  readonly closeAfterBytes?: number;
  /** Told how many bytes of the answer have come, each time that some have. */
  readonly onBytes?: (byteLength: number) => void;
}

/** What came back. */
export interface Fetched {
  readonly status: number;
  readonly byteLength: number;
  /** SHA-256 of the body, hexadecimal. */
  readonly sha256: string;
  /** The body where it is short (64 KiB), for answers that are looked at. */
  readonly text: string;
  /** From the SOCKS request to the last byte. */
  readonly durationMs: number;
}

const TEXT_BYTES_MAX = 65_536;

/** Fetches an http: URL through a SOCKS port of 127.0.0.1. Throws when the connection breaks or takes too long. */
export async function fetchThrough(
  socksPort: number,
  url: string,
  options: FetchOptions = {},
): Promise<Fetched> {
  const { hostname, port, pathname } = new URL(url);
  const timeoutMs = options.timeoutMs ?? 60_000;
  const startedMs = performance.now();
  const socket = await socksConnect(socksPort, hostname, Number(port || 80), options);
  const timer = setTimeout(
    () => socket.destroy(new Error(`${url} took longer than ${timeoutMs} ms`)),
    timeoutMs,
  );
  try {
    const response = await respond(socket, `${hostname}:${port}`, pathname, options.uploadByteLength);
    return {
      ...(await readBody(response, options)),
      durationMs: performance.now() - startedMs,
    };
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

function respond(
  socket: Socket,
  host: string,
  path: string,
  uploadByteLength: number | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const isUpload = uploadByteLength !== undefined;
    const outgoing = request({
      createConnection: () => socket,
      method: isUpload ? 'POST' : 'GET',
      path,
      headers: { host, connection: 'close', ...(isUpload ? { 'content-length': uploadByteLength } : {}) },
    });
    outgoing.once('response', resolve);
    outgoing.on('error', reject);
    if (isUpload) Readable.from(contentChunks(uploadByteLength), { objectMode: false }).pipe(outgoing);
    else outgoing.end();
  });
}

async function readBody(
  response: IncomingMessage,
  { closeAfterBytes, onBytes }: FetchOptions,
): Promise<Omit<Fetched, 'durationMs'>> {
  const hash = createHash('sha256');
  const kept: Buffer[] = [];
  let byteLength = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (byteLength + chunk.length <= TEXT_BYTES_MAX) kept.push(chunk);
    hash.update(chunk);
    byteLength += chunk.length;
    onBytes?.(byteLength);
    if (closeAfterBytes !== undefined && byteLength >= closeAfterBytes) break;
  }
  return {
    status: response.statusCode ?? 0,
    byteLength,
    sha256: hash.digest('hex'),
    text: Buffer.concat(kept).toString('latin1'),
  };
}
