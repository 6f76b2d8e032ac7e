import type { Metainfo } from '../bittorrent/metainfo/types.ts';
import { AlliumError } from '../codec/error.ts';
import { hostOf } from '../discovery/tracker/http-announce.ts';
import { createTrackerTransports } from '../discovery/tracker/transports.ts';
import type { Runtime } from '../runtime/port.ts';

/** Trackers of one torrent that are asked. */
export const SCRAPED_TRACKERS_MAX = 32;
const TIMEOUT_MS = 10_000;

/** What one tracker says of a torrent, or why it says nothing. */
export interface ScrapeReport {
  /** Of the tracker's address only the host: the rest may hold a secret. */
  readonly host: string;
  readonly seeders?: number;
  readonly leechers?: number;
  readonly downloads?: number;
  readonly failure?: string;
}

/** Asks all trackers of a torrent at once, without announcing anything (BEP 15, 48). Never rejects. */
export async function scrapeTrackers(metainfo: Metainfo, runtime: Runtime): Promise<readonly ScrapeReport[]> {
  const transports = createTrackerTransports(runtime);
  const infoHash = metainfo.infoHashV1 ?? metainfo.infoHashV2!.subarray(0, 20);
  const urls = [...new Set(metainfo.trackers.flat())].slice(0, SCRAPED_TRACKERS_MAX);
  const reports = urls.map(async (url): Promise<ScrapeReport> => {
    const host = hostOf(url);
    const scrape = transports.scrape[url.slice(0, url.indexOf(':')).toLowerCase()];
    if (scrape === undefined) return { host, failure: 'not a kind of tracker that can be asked' };
    try {
      const [entry] = await scrape(url, [infoHash], TIMEOUT_MS);
      if (entry === undefined) return { host, failure: 'it does not know this torrent' };
      return { host, seeders: entry.complete, leechers: entry.incomplete, downloads: entry.downloaded };
    } catch (error) {
      return { host, failure: error instanceof AlliumError ? error.message : String(error) };
    }
  });
  const all = await Promise.all(reports);
  transports.close();
  return all;
}
