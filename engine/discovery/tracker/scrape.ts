/** What a tracker says of a torrent without an announce (BEP 15, 48). */
export interface ScrapeEntry {
  /** Seeders. */
  readonly complete: number;
  /** Leechers. */
  readonly incomplete: number;
  /** Downloads that were completed. */
  readonly downloaded: number;
}

/** Entries in the order of the info-hashes; undefined for a torrent the tracker does not know. */
export type ScrapeTransport = (
  url: string,
  infoHashes: readonly Uint8Array[],
  timeoutMs: number,
) => Promise<readonly (ScrapeEntry | undefined)[]>;

/** BEP 48: the last part of the path, `announce…`, becomes `scrape…`; undefined when the tracker's has another name. */
export function scrapeUrl(announceUrl: string): string | undefined {
  const base = announceUrl.split('#', 1)[0]!;
  const pathEnd = base.includes('?') ? base.indexOf('?') : base.length;
  const slash = base.lastIndexOf('/', pathEnd);
  if (!base.startsWith('announce', slash + 1)) return undefined;
  return `${base.slice(0, slash + 1)}scrape${base.slice(slash + 1 + 'announce'.length)}`;
}
