import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Endpoint } from '../../runtime/port.ts';
import { bindError } from '../../runtime/real/network-error.ts';

const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': "default-src 'none'",
  'Cache-Control': 'no-store',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
};

/** Connections at once; further ones are closed. */
export const STATUS_CONNECTIONS_MAX = 32;

/** A picture of a running program as JSON at `/status.json`, on this machine only. Reads only. */
export class JsonStatusServer {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  /** Port 0: any free one. Rejects with ADDRESS_IN_USE or NO_PERMISSION. */
  static async start(at: Endpoint, view: () => unknown): Promise<JsonStatusServer> {
    const server = createServer({ headersTimeout: 5_000, requestTimeout: 10_000, keepAliveTimeout: 5_000 });
    server.maxConnections = STATUS_CONNECTIONS_MAX;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(bindError(error, at)));
      server.listen(at.port, at.host, resolve);
    });
    server.on('request', (request, response) => answer(request, response, view));
    server.on('clientError', (_error, socket) => socket.destroy());
    const { port } = server.address() as AddressInfo;
    const host = at.host.includes(':') ? `[${at.host}]` : at.host;
    return new JsonStatusServer(server, `http://${host}:${port}/status.json`);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

function answer(request: IncomingMessage, response: ServerResponse, view: () => unknown): void {
  const send = (status: number, type: string, body: string): void => {
    response.writeHead(status, {
      ...HEADERS,
      'Content-Type': type,
      'Content-Length': Buffer.byteLength(body),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  // Another name for this machine is how a page from elsewhere would read this one (DNS rebinding).
  if (!/^(?:127(?:\.\d{1,3}){3}|\[::1\]|localhost)(?::\d+)?$/i.test(request.headers.host ?? '')) {
    send(403, 'text/plain', 'Ask for 127.0.0.1 or localhost.\n');
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    send(405, 'text/plain', 'This page can only be read.\n');
  } else if ((request.url ?? '').split('?')[0] === '/status.json') {
    send(200, 'application/json', `${JSON.stringify(view())}\n`);
  } else {
    send(404, 'text/plain', 'There is /status.json.\n');
  }
}
