import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { contentChunks } from './content.ts';

const BYTE_LENGTH_MAX = 2 ** 36;

/**
 * The HTTP server behind the exits, on 127.0.0.1: `GET /bytes/N` sends N bytes of {@link contentChunks}, `POST` to any
 * path answers with `{"byteLength", "sha256"}` of what came in.
 */
export class Origin {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(): Promise<Origin> {
    const server = createServer({ noDelay: true }, (incoming, response) => {
      answer(incoming, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return new Origin(server, address.port);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  if (incoming.method === 'POST') {
    const hash = createHash('sha256');
    let byteLength = 0;
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      hash.update(chunk);
      byteLength += chunk.length;
    }
    response.end(JSON.stringify({ byteLength, sha256: hash.digest('hex') }));
    return;
  }
  const byteLength = Number(/^\/bytes\/(\d{1,11})$/.exec(incoming.url ?? '')?.[1] ?? Number.NaN);
  if (!(byteLength <= BYTE_LENGTH_MAX)) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'content-length': byteLength, 'content-type': 'application/octet-stream' });
  await pipeline(Readable.from(contentChunks(byteLength), { objectMode: false }), response);
}
