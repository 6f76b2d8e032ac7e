import { readUint32 } from '../../codec/big-endian.ts';
import { AlliumError } from '../../codec/error.ts';
import type { Endpoint, Network } from '../../runtime/port.ts';
import { compactEndpoints } from './address.ts';
import type { ScrapeEntry, ScrapeTransport } from './scrape.ts';
import { type AnnounceAnswer, type AnnounceTransport, PEERS_MAX } from './types.ts';
import type { UdpExchange } from './udp-exchange.ts';
import {
  ANNOUNCE_ANSWER_BYTES,
  ANSWER_HEAD_BYTES,
  encodeUdpAnnounce,
  encodeUdpScrape,
  SCRAPE_ENTRY_BYTES,
  SCRAPE_HASHES_MAX,
  UDP_ACTION,
} from './udp-messages.ts';

export interface UdpTrackerModules {
  readonly network: Network;
  readonly exchange: UdpExchange;
}

/**
 * Announces over UDP (BEP 15, 41). A tracker that has addresses of both families hears of this peer at both: over UDP an
 * address cannot be told (BEP 15), so each family must be announced by itself. One that answers is enough.
 */
export function udpAnnounce(modules: UdpTrackerModules): AnnounceTransport {
  return async (url, request, timeoutMs) => {
    const { urlData, ...at } = placeOf(url);
    const ask = async (to: Endpoint): Promise<AnnounceAnswer> => {
      const bytes = await modules.exchange.ask(
        to,
        UDP_ACTION.announce,
        (connection, transaction) => encodeUdpAnnounce(connection, transaction, request, urlData),
        timeoutMs,
      );
      return readAnswer(bytes, to.host.includes(':') ? 16 : 4);
    };
    const addresses = await oneOfEachFamily(modules.network, at.host);
    const results = await Promise.allSettled(addresses.map((host) => ask({ host, port: at.port })));
    const answers = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    if (answers.length === 0) throw (results[0] as PromiseRejectedResult).reason;
    return { ...answers[0]!, peers: answers.flatMap(({ peers }) => peers).slice(0, PEERS_MAX) };
  };
}

/** Scrapes over UDP (BEP 15). A tracker over UDP has no way to say that it does not know a torrent: zeros. */
export function udpScrape(modules: UdpTrackerModules): ScrapeTransport {
  return async (url, infoHashes, timeoutMs) => {
    const { host, port } = placeOf(url);
    const [address] = await oneOfEachFamily(modules.network, host);
    const entries: ScrapeEntry[] = [];
    for (let at = 0; at < infoHashes.length; at += SCRAPE_HASHES_MAX) {
      const part = infoHashes.slice(at, at + SCRAPE_HASHES_MAX);
      const bytes = await modules.exchange.ask(
        { host: address!, port },
        UDP_ACTION.scrape,
        (connection, transaction) => encodeUdpScrape(connection, transaction, part),
        timeoutMs,
      );
      if (bytes.length < ANSWER_HEAD_BYTES + part.length * SCRAPE_ENTRY_BYTES) throw tooShort();
      entries.push(...part.map((_, i) => readEntry(bytes, ANSWER_HEAD_BYTES + i * SCRAPE_ENTRY_BYTES)));
    }
    return entries;
  };
}

function readEntry(bytes: Uint8Array, at: number): ScrapeEntry {
  return {
    complete: readUint32(bytes, at),
    downloaded: readUint32(bytes, at + 4),
    incomplete: readUint32(bytes, at + 8),
  };
}

function readAnswer(bytes: Uint8Array, addressBytes: 4 | 16): AnnounceAnswer {
  if (bytes.length < ANNOUNCE_ANSWER_BYTES) throw tooShort();
  const intervalSec = readUint32(bytes, 8);
  return {
    intervalMs: intervalSec === 0 ? undefined : intervalSec * 1000,
    minIntervalMs: undefined,
    peers: compactEndpoints(bytes.subarray(ANNOUNCE_ANSWER_BYTES), addressBytes, PEERS_MAX),
    trackerId: undefined,
    warning: undefined,
    complete: readUint32(bytes, 16),
    incomplete: readUint32(bytes, 12),
    externalAddress: undefined,
  };
}

function tooShort(): AlliumError {
  return new AlliumError('TRACKER_FAILED', 'the tracker answers too short', {
    advice: 'It may be out of order, or the address may be that of something else.',
  });
}

/** BEP 41: path and query go along; a tracker that has none of it does not mind. */
function placeOf(url: string): { host: string; port: number; urlData: string } {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const port = Number(parsed?.port ?? '');
  if (parsed === undefined || parsed.hostname === '' || port === 0) {
    throw new AlliumError('TRACKER_FAILED', 'a UDP tracker needs a host and a port', {
      advice: 'Its address looks like udp://tracker.example:1337/announce.',
    });
  }
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1');
  return { host, port, urlData: `${parsed.pathname}${parsed.search}` };
}

async function oneOfEachFamily(network: Network, name: string): Promise<readonly string[]> {
  const all = await network.lookup(name);
  const v4 = all.find((address) => !address.includes(':'));
  const v6 = all.find((address) => address.includes(':'));
  return [v4, v6].filter((address) => address !== undefined);
}
