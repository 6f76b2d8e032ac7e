import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import type { ByteStream, Endpoint, HttpRequest, HttpResponse, StreamHandler } from '../port.ts';
import { requestHttp } from '../real/http.ts';
import { StreamDuplex } from './stream-duplex.ts';

/** Makes a stream with this owner. */
export type Dial = (to: Endpoint, owner: StreamHandler) => ByteStream;

/**
 * `Network.http` over streams that `dial` makes, so that nothing of it goes another way: names are handed to `dial` as
 * they are. Certificates of https are checked as ever.
 */
export function httpOver(dial: Dial): (request: HttpRequest) => Promise<HttpResponse> {
  return (request) =>
    requestHttp(request, (url): Duplex => {
      const isTls = url.protocol === 'https:';
      const host = url.hostname.replace(/^\[|\]$/g, '');
      const port = url.port === '' ? (isTls ? 443 : 80) : Number(url.port);
      const duplex = new StreamDuplex();
      duplex.attach(dial({ host, port }, duplex));
      if (!isTls) return duplex;
      return tls.connect({ socket: duplex, ...(net.isIP(host) === 0 ? { servername: host } : {}) });
    });
}
