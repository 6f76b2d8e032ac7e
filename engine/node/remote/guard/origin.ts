import { isIP } from 'node:net';

/** Why a request is refused before anything of it is looked at; undefined: it is not. */
export type Refusal = { readonly status: 403 | 421; readonly message: string };

/** The headers that say on whose behalf a browser asks; empty where there is none. */
export interface RequestOrigin {
  readonly method: string;
  readonly host: string;
  readonly origin: string;
  readonly referer: string;
  /** Sec-Fetch-Site and Sec-Fetch-Mode (Fetch Metadata). */
  readonly fetchSite: string;
  readonly fetchMode: string;
}

/** What an installed extension of a browser calls itself; a page cannot. */
const EXTENSION = /^(?:chrome|moz|safari-web)-extension:\/\//;

/**
 * Decides who may ask. A page from elsewhere could reach a node under a name of its own (DNS rebinding), so the name
 * has to be localhost, a plain address or one of `names`. And it could have the browser of the operator send requests
 * (CSRF), so what says that it comes from another site is refused.
 */
export function refusalOf(request: RequestOrigin, names: ReadonlySet<string>): Refusal | undefined {
  const host = /[/?#]/.test(request.host) ? undefined : hostOf(`http://${request.host}`);
  if (host === undefined || !isOurs(host.name, names)) {
    return {
      status: 421,
      message: 'Ask for localhost, an address, or a name that is in the setting remoteNames.',
    };
  }
  const isOwn = (url: string): boolean => {
    const from = hostOf(url);
    return from !== undefined && (from.host === host.host || names.has(from.name));
  };
  const elsewhere: Refusal = { status: 403, message: 'This request comes from another site.' };
  if (request.origin !== '') {
    return isOwn(request.origin) || EXTENSION.test(request.origin) ? undefined : elsewhere;
  }
  const reads = request.method === 'GET' || request.method === 'HEAD';
  if (request.fetchSite === 'cross-site' || request.fetchSite === 'same-site') {
    return reads && request.fetchMode === 'navigate' ? undefined : elsewhere;
  }
  return reads || request.referer === '' || isOwn(request.referer) ? undefined : elsewhere;
}

function isOurs(name: string, names: ReadonlySet<string>): boolean {
  const plain = name.replace(/^\[|\]$/g, '');
  return isIP(plain) !== 0 || /^localhost\.?$/.test(name) || names.has(name);
}

/** Host with port, and the name alone, both in lower case. */
function hostOf(url: string): { readonly host: string; readonly name: string } | undefined {
  if (!/^https?:\/\/[^/?#@\\\s]+(?:[/?#]|$)/i.test(url) || !URL.canParse(url)) return undefined;
  const { host, hostname } = new URL(url);
  return { host, name: hostname };
}
