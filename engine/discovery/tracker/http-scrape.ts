import { asDict, asInteger, type BencodeDict, decodeBencode } from '../../codec/bencode.ts';
import { AlliumError } from '../../codec/error.ts';
import type { Network } from '../../runtime/port.ts';
import { percentEncode } from './announce-url.ts';
import { ANSWER_BYTES_MAX, hostOf, TRACKER_HEADERS } from './http-announce.ts';
import { type ScrapeEntry, type ScrapeTransport, scrapeUrl } from './scrape.ts';

/** Scrapes over HTTP and HTTPS (BEP 48). Rejects with TRACKER_FAILED or NETWORK_FAILED. */
export function httpScrape(network: Network): ScrapeTransport {
  return async (url, infoHashes, timeoutMs) => {
    const base = scrapeUrl(url);
    const host = hostOf(url);
    if (base === undefined) {
      throw new AlliumError('TRACKER_FAILED', `tracker ${host} cannot be scraped`, {
        advice: 'The last part of its address does not begin with “announce” (BEP 48).',
        details: { host },
      });
    }
    const query = infoHashes.map((hash) => `info_hash=${percentEncode(hash.subarray(0, 20))}`).join('&');
    const { status, body } = await network.http({
      url: `${base}${base.includes('?') ? '&' : '?'}${query}`,
      headers: TRACKER_HEADERS,
      timeoutMs,
      maxBytes: ANSWER_BYTES_MAX,
    });
    const files = status === 200 ? filesOf(body) : undefined;
    if (files === undefined) {
      throw new AlliumError('TRACKER_FAILED', `tracker ${host} does not answer a scrape`, {
        details: { host, status },
      });
    }
    return infoHashes.map((hash) => entryOf(files, hash.subarray(0, 20)));
  };
}

function filesOf(body: Uint8Array): BencodeDict | undefined {
  const result = decodeBencode(body, { depthMax: 8, keyOrder: 'any', allowTrailing: true });
  return result.ok ? asDict(asDict(result.value)?.get('files')) : undefined;
}

function entryOf(files: BencodeDict, hash: Uint8Array): ScrapeEntry | undefined {
  const entry = asDict(files.get(String.fromCharCode(...hash)));
  if (entry === undefined) return undefined;
  const count = (name: string): number => Math.max(0, asInteger(entry.get(name)) ?? 0);
  return {
    complete: count('complete'),
    incomplete: count('incomplete'),
    downloaded: count('downloaded'),
  };
}
