import type { Clock, Network } from '../../runtime/port.ts';
import { isLiteralAddress } from './address.ts';
import type { AnnounceTransport } from './types.ts';

/** How long what a host prefers is remembered; name servers' own times are not told. */
const REMEMBER_MS = 60 * 60_000;
/** Hosts remembered; the oldest makes room. */
export const PREFERENCES_MAX = 1000;
const ENTRIES_MAX = 10;

/** `udp` or `tcp` (HTTP and HTTPS) and a port. */
export interface TrackerPreference {
  readonly protocol: 'udp' | 'tcp';
  readonly port: number;
}

/**
 * BEP 34: what a host's text records say about the trackers on it, in their order. An empty list: there is none, and it
 * must not be asked. undefined: nothing is said.
 */
export function readPreferences(texts: readonly string[]): readonly TrackerPreference[] | undefined {
  const text = texts.find((one) => /^BITTORRENT(?:\s|$)/.test(one));
  if (text === undefined) return undefined;
  const found: TrackerPreference[] = [];
  for (const [, protocol, port] of text.matchAll(/\s(UDP|TCP):(\d{1,5})(?=\s|$)/g)) {
    const number = Number(port);
    if (number < 1 || number > 65535 || found.length === ENTRIES_MAX) continue;
    found.push({ protocol: protocol === 'UDP' ? 'udp' : 'tcp', port: number });
  }
  return found;
}

/** BEP 34: the addresses to ask instead of `url`, best first. */
export function preferredUrls(url: string, preferences: readonly TrackerPreference[]): readonly string[] {
  const { protocol: scheme, hostname, pathname, search } = new URL(url);
  const web = scheme === 'udp:' ? 'http:' : scheme;
  return preferences.map(
    ({ protocol, port }) => `${protocol === 'udp' ? 'udp:' : web}//${hostname}:${port}${pathname}${search}`,
  );
}

export interface DnsPreferencesModules {
  readonly network: Network;
  readonly clock: Clock;
  /** By URL scheme without colon. */
  readonly transports: Readonly<Record<string, AnnounceTransport>>;
  readonly refuse: (host: string) => Error;
}

/** Asks trackers where their hosts want to be asked (BEP 34). A host that cannot be looked up says nothing. */
export function withDnsPreferences(modules: DnsPreferencesModules): AnnounceTransport {
  const { network, clock, transports } = modules;
  const known = new Map<string, { readonly texts: Promise<readonly string[]>; readonly untilMs: number }>();
  const textsOf = (host: string): Promise<readonly string[]> => {
    const entry = known.get(host);
    if (entry !== undefined && entry.untilMs > clock.now()) return entry.texts;
    const texts = network.lookupText(host).catch(() => []);
    known.delete(host);
    known.set(host, { texts, untilMs: clock.now() + REMEMBER_MS });
    for (const oldest of known.keys()) {
      if (known.size <= PREFERENCES_MAX) break;
      known.delete(oldest);
    }
    return texts;
  };
  const ask: AnnounceTransport = async (url, request, timeoutMs) => {
    const scheme = schemeOf(url);
    const transport = transports[scheme]!;
    const host = URL.canParse(url) ? new URL(url).hostname : '';
    if (host === '' || host === 'localhost' || host.startsWith('[') || isLiteralAddress(host))
      return transport(url, request, timeoutMs);
    const preferences = readPreferences(await textsOf(host));
    if (preferences === undefined) return transport(url, request, timeoutMs);
    let failure: unknown = modules.refuse(host);
    const endMs = clock.now() + timeoutMs;
    let left = preferences.length;
    for (const preferred of preferredUrls(url, preferences)) {
      try {
        // Each has its share of what is left, so that all together take no longer than one.
        const shareMs = Math.max(1, Math.floor((endMs - clock.now()) / left--));
        return await transports[schemeOf(preferred)]!(preferred, request, shareMs);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  };
  return ask;
}

const schemeOf = (url: string): string => url.slice(0, url.indexOf(':')).toLowerCase();
