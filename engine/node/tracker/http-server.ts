import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Server as NetServer } from 'node:net';
import type { HttpResponder } from '../../discovery/tracker-server/http-responder.ts';
import type { Endpoint } from '../../runtime/port.ts';
import { toEndpoint } from '../../runtime/real/endpoint.ts';
import { bindError } from '../../runtime/real/network-error.ts';
import { createQuickServer, type QuickAnswer } from './quick-http.ts';

export interface TrackerHttpOptions {
  readonly connectionsMax: number;
  /** A connection that asks nothing for so long is closed. */
  readonly keepAliveMs: number;
}

export const TRACKER_HTTP_DEFAULTS: TrackerHttpOptions = { connectionsMax: 20_000, keepAliveMs: 60_000 };

/** What else than announces is answered. */
export interface TrackerPages {
  /** True when it has answered, or will. */
  answer(request: IncomingMessage, response: ServerResponse): boolean;
}

const TEXT = { 'Content-Type': 'text/plain' };
const NOT_THERE = 'There is /announce and /scrape.\n';

/** A tracker over HTTP at one address. Rejects with ADDRESS_IN_USE or NO_PERMISSION. */
export class TrackerHttpServer {
  readonly local: Endpoint;
  readonly #server: NetServer;
  readonly #closeAll: () => void;

  private constructor(server: NetServer, local: Endpoint, closeAll: () => void) {
    this.#server = server;
    this.local = local;
    this.#closeAll = closeAll;
  }

  static async start(
    at: Endpoint,
    options: TrackerHttpOptions,
    modules: { readonly responder: HttpResponder; readonly pages: TrackerPages },
  ): Promise<TrackerHttpServer> {
    const { responder, pages } = modules;
    const node = createServer({
      headersTimeout: 5_000,
      requestTimeout: 10_000,
      keepAliveTimeout: options.keepAliveMs,
      maxHeaderSize: 16 * 1024,
    });
    node.on('request', (request, response) => {
      const from = toEndpoint(request.socket.remoteAddress ?? '', 0);
      const body = request.method === 'GET' ? responder.answer(request.url ?? '', from) : undefined;
      if (body !== undefined) {
        response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length });
        // As text, head and body go out in one piece.
        response.end(body, 'latin1');
      } else if (!pages.answer(request, response)) {
        response.writeHead(404, TEXT).end(NOT_THERE);
      }
    });
    node.on('clientError', (_error, socket) => socket.destroy());
    const answer: QuickAnswer = (target, from) => responder.answer(target, from);
    const { server, closeAll } = createQuickServer(options, { answer, other: node });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(bindError(error, at)));
      server.on('error', () => {}); // of a connection that could not be accepted: others can
      server.listen({ host: at.host, port: at.port, ipv6Only: at.host.includes(':') }, resolve);
    });
    const { address, port } = server.address() as AddressInfo;
    return new TrackerHttpServer(server, { host: address, port }, closeAll);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#closeAll();
    await closed;
  }
}
