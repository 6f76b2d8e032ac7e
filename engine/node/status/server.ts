import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bindError } from '../../runtime/real/network-error.ts';
import type { NodeView } from './node-view.ts';
import { renderPage, SCRIPT } from './page.ts';
import { STYLE } from './style.ts';

/** The page is for this machine only; whoever wants it elsewhere puts a proxy with a password in front. */
const HOST = '127.0.0.1';

export interface StatusOptions {
  /** 0: any free one. */
  readonly port: number;
  readonly connectionsMax: number;
  /** A picture of the node is used again for this long, however many ask. */
  readonly cacheMs: number;
}

export const STATUS_DEFAULTS: Omit<StatusOptions, 'port'> = { connectionsMax: 64, cacheMs: 250 };

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Nothing from elsewhere, no script but ours, not inside of other pages. */
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': [
    "default-src 'none'",
    `style-src ${hashOf(STYLE)}`,
    `script-src ${hashOf(SCRIPT)}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'Cache-Control': 'no-store',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** The status page at `/` and the same as JSON at `/status.json`, on 127.0.0.1. Reads only. */
export class StatusServer {
  readonly port: number;
  private readonly server: Server;

  private constructor(server: Server, port: number) {
    this.server = server;
    this.port = port;
  }

  /** Rejects with ADDRESS_IN_USE or NO_PERMISSION. */
  static async start(
    options: StatusOptions,
    modules: { readonly view: () => NodeView; readonly now: () => number },
  ): Promise<StatusServer> {
    const view = cached(modules.view, modules.now, options.cacheMs);
    const server = createServer({ headersTimeout: 5_000, requestTimeout: 10_000, keepAliveTimeout: 5_000 });
    server.maxConnections = options.connectionsMax;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(bindError(error, { host: HOST, port: options.port })));
      server.listen(options.port, HOST, resolve);
    });
    const { port } = server.address() as AddressInfo;
    server.on('request', (request, response) => answer(request, response, view));
    // The page is no reason to keep a node alive, and a broken connection none to end it.
    server.on('clientError', (_error, socket) => socket.destroy());
    return new StatusServer(server, port);
  }

  get url(): string {
    return `http://${HOST}:${this.port}/`;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }
}

function cached<T>(make: () => T, now: () => number, cacheMs: number): () => T {
  let madeAtMs = Number.NEGATIVE_INFINITY;
  let value: T | undefined;
  return () => {
    if (value === undefined || now() - madeAtMs >= cacheMs) {
      value = make();
      madeAtMs = now();
    }
    return value;
  };
}

function answer(request: IncomingMessage, response: ServerResponse, view: () => NodeView): void {
  const send = (
    status: number,
    type: string,
    body: string,
    more: Readonly<Record<string, string>> = {},
  ): void => {
    response.writeHead(status, {
      ...HEADERS,
      ...more,
      'Content-Type': `${type}; charset=utf-8`,
      'Content-Length': Buffer.byteLength(body),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  // Another name for 127.0.0.1 is how a page from elsewhere would read this one (DNS rebinding).
  if (!isOurs(request.headers.host ?? '')) {
    send(403, 'text/plain', 'Ask for 127.0.0.1 or localhost.\n');
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    send(405, 'text/plain', 'This page can only be read.\n', { Allow: 'GET, HEAD' });
  } else {
    const path = (request.url ?? '').split('?')[0];
    if (path === '/') send(200, 'text/html', renderPage(view()));
    else if (path === '/status.json') send(200, 'application/json', `${JSON.stringify(view())}\n`);
    else send(404, 'text/plain', 'There is / and /status.json.\n');
  }
}

/** Any port: it may have come through a tunnel. */
function isOurs(host: string): boolean {
  return /^(?:127\.0\.0\.1|localhost)(?::\d+)?$/i.test(host);
}
