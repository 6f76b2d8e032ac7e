import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Endpoint } from '../../runtime/port.ts';
import { bindError } from '../../runtime/real/network-error.ts';

/** Whoever asks for metrics is one program; nobody has use for more. */
export const METRICS_CONNECTIONS_MAX = 16;

/** The metrics page at `/metrics`, on a loopback address. Reads only. */
export class MetricsServer {
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** Rejects with ADDRESS_IN_USE or NO_PERMISSION. */
  static async start(at: Endpoint, modules: { readonly text: () => string }): Promise<MetricsServer> {
    const server = createServer({ headersTimeout: 5_000, requestTimeout: 10_000, keepAliveTimeout: 5_000 });
    server.maxConnections = METRICS_CONNECTIONS_MAX;
    server.on('request', (request, response) => {
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      // Another name for the loopback is how a page from elsewhere would read this one (DNS rebinding).
      const isOurs = /^(?:127\.\d+\.\d+\.\d+|\[::1\]|localhost)(?::\d+)?$/i.test(request.headers.host ?? '');
      const isFound = (request.url ?? '').split('?')[0] === '/metrics';
      const status = !isOurs ? 403 : !isRead ? 405 : isFound ? 200 : 404;
      const body = status === 200 ? modules.text() : 'There is /metrics, to be read from this machine.\n';
      response.writeHead(status, {
        'Content-Type': `text/plain; ${status === 200 ? 'version=0.0.4; ' : ''}charset=utf-8`,
        'Content-Length': Buffer.byteLength(body),
        'Cache-Control': 'no-store',
        'X-Content-Type-Options': 'nosniff',
      });
      response.end(request.method === 'HEAD' ? undefined : body);
    });
    server.on('clientError', (_error, socket) => socket.destroy());
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(bindError(error, at)));
      server.listen(at.port, at.host, resolve);
    });
    return new MetricsServer(server, (server.address() as AddressInfo).port);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}
