import { readAddress } from '../../codec/address.ts';
import { AlliumError } from '../../codec/error.ts';
import type { ProxyOptions } from './types.ts';

const PORTS: Readonly<Record<string, number>> = { 'socks5:': 1080, 'socks5h:': 1080, 'http:': 8080 };
const TEXT_BYTES_MAX = 255;

/**
 * `socks5://[user:password@]host[:port]` or `http://…`; `only` as in {@link ProxyOptions}.
 *
 * @throws AlliumError BAD_USAGE for anything else, and for a proxy with a name where nothing may leave outside of it:
 * the look-up of the name would.
 */
export function parseProxy(text: string, only: boolean): ProxyOptions {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const defaultPort = url === undefined ? undefined : PORTS[url.protocol];
  // For schemes that it does not know, URL leaves the host as it is written.
  const host = (plain(url?.hostname ?? '') ?? '').replace(/^\[|\]$/g, '');
  if (url === undefined || defaultPort === undefined || host === '' || !/^\/?$/.test(url.pathname)) {
    throw badProxy('a proxy is given like socks5://127.0.0.1:1080 or http://user:password@10.0.0.1:3128');
  }
  if (only && readAddress(host) === undefined) {
    throw badProxy(`the name of the proxy, ${host}, would be looked up outside of it: give its address`);
  }
  const [user, password] = [plain(url.username), plain(url.password)];
  if (user === undefined || password === undefined) {
    throw badProxy('user and password of a proxy have up to 255 bytes; signs such as @ are written %40');
  }
  // Not `url.port`, which does not tell :80 from none.
  const port = /:(\d{1,5})\/?$/.exec(text)?.[1];
  return {
    kind: url.protocol === 'http:' ? 'http' : 'socks5',
    at: { host, port: port === undefined ? defaultPort : Number(port) },
    ...(user === '' ? {} : { user, password }),
    only,
  };
}

/** Undefined for what is too long or wrongly escaped. */
function plain(escaped: string): string | undefined {
  try {
    const text = decodeURIComponent(escaped);
    return Buffer.byteLength(text) > TEXT_BYTES_MAX ? undefined : text;
  } catch {
    return undefined;
  }
}

function badProxy(message: string): AlliumError {
  return new AlliumError('BAD_USAGE', message);
}
