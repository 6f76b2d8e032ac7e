import { createServer, type Server, type Socket } from 'node:net';
import type { Endpoint } from '../../runtime/port.ts';
import { toEndpoint } from '../../runtime/real/endpoint.ts';

/** Answers a request for this target, or leaves it to somebody else. */
export type QuickAnswer = (target: string, from: Endpoint) => string | undefined;

export interface QuickHttpOptions {
  readonly connectionsMax: number;
  /** A connection that asks nothing for so long is closed. */
  readonly keepAliveMs: number;
}

/** A request as clients of trackers send it, whole: nothing in it could be understood in two ways (RFC 9112). */
const PLAIN_REQUEST = /^GET (\/[!-~]*) HTTP\/1\.1\r\n(?:[!#$%&'*+.^_`|~\w-]+:[\t -~]*\r\n)+\r\n/;
/** What changes where a request ends, or what becomes of the connection; it is understood by Node alone. */
const SPECIAL_HEADER =
  /\r\n(?:transfer-encoding|content-length|expect|upgrade|connection|te|trailer|http2-settings|proxy-connection|keep-alive):/i;
const HOST = /\r\nhost:/gi;
/** A longer request is nobody's announce. */
const REQUEST_BYTES_MAX = 4096;

/**
 * A server that answers plain requests by itself and hands a connection over to `other` with the first request that is
 * anything else: cut in two, with a body, with a header that matters, malformed, or for a page. Node's own HTTP spends
 * three times as long on a request as the announce takes; whoever is handed over gets just that, with all its checks.
 */
export function createQuickServer(
  options: QuickHttpOptions,
  modules: { readonly answer: QuickAnswer; readonly other: Server },
): { readonly server: Server; closeAll(): void } {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    new QuickConnection(socket, options, modules);
  });
  server.maxConnections = options.connectionsMax;
  return {
    server,
    closeAll: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

class QuickConnection {
  readonly #socket: Socket;
  readonly #modules: { readonly answer: QuickAnswer; readonly other: Server };
  readonly #from: Endpoint;

  constructor(
    socket: Socket,
    options: QuickHttpOptions,
    modules: { readonly answer: QuickAnswer; readonly other: Server },
  ) {
    this.#socket = socket;
    this.#modules = modules;
    this.#from = toEndpoint(socket.remoteAddress ?? '', 0);
    socket.setTimeout(options.keepAliveMs);
    socket.on('data', this.#onData);
    socket.on('drain', this.#onDrain);
    socket.on('timeout', this.#onEnd);
    socket.on('error', this.#onEnd);
  }

  readonly #onEnd = (): void => {
    this.#socket.destroy();
  };

  readonly #onDrain = (): void => {
    this.#socket.resume();
  };

  readonly #onData = (bytes: Buffer): void => {
    let rest = bytes;
    while (rest.length > 0) {
      const text = rest.toString('latin1', 0, REQUEST_BYTES_MAX);
      const request = PLAIN_REQUEST.exec(text);
      const body =
        request === null || !isPlain(request[0]) ? undefined : this.#modules.answer(request[1]!, this.#from);
      if (body === undefined) {
        this.#handOver(rest);
        return;
      }
      const hasRoom = this.#socket.write(headOf(body.length) + body, 'latin1');
      rest = rest.subarray(request![0].length);
      if (hasRoom) continue;
      // Somebody who asks and does not read: the rest waits until it does.
      this.#socket.pause();
      if (rest.length > 0) this.#socket.unshift(rest);
      return;
    }
  };

  #handOver(rest: Buffer): void {
    const socket = this.#socket;
    socket.off('data', this.#onData).off('drain', this.#onDrain);
    socket.off('timeout', this.#onEnd).off('error', this.#onEnd);
    socket.setTimeout(0);
    socket.pause();
    socket.unshift(rest);
    this.#modules.other.emit('connection', socket);
    socket.resume();
  }
}

/** Exactly one host, and nothing special. */
function isPlain(request: string): boolean {
  return request.match(HOST)?.length === 1 && !SPECIAL_HEADER.test(request);
}

let dateText = '';
let dateAtMs = Number.NEGATIVE_INFINITY;

function headOf(length: number): string {
  const nowMs = performance.now();
  if (nowMs - dateAtMs > 500) {
    dateAtMs = nowMs;
    dateText = new Date().toUTCString();
  }
  return `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\nDate: ${dateText}\r\n\r\n`;
}
