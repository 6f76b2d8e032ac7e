import { appendFileSync } from 'node:fs';

/** Programs of others, as COMPAT.md heads its columns. */
export const COMPAT_COLUMNS = [
  'libtorrent',
  'Transmission',
  'aria2',
  'mktorrent',
  'opentracker',
  'Redis',
  'microsocks',
  'C tor',
] as const;
export type CompatColumn = (typeof COMPAT_COLUMNS)[number];

/** What may work with another program or not: the rows of COMPAT.md, in this order. */
export const COMPAT_ROWS = [
  'v1: we download',
  'v1: they download',
  'v2: we download',
  'v2: they download',
  'hybrid: we download',
  'hybrid: they download',
  'torrents of ours are read',
  'torrents of theirs are read',
  'same info-hashes',
  'same verdict on data',
  'magnet only: we download',
  'magnet only: they download',
  'PEX only: we download',
  'PEX between two of theirs',
  'LSD only',
  'DHT only',
  'DHT: what we announce is found',
  'DHT: we find what is announced',
  'DHT: immutable items (BEP 44)',
  'DHT: signed items (BEP 44)',
  'MSE required: we download',
  'MSE required: they download',
  'uTP only: we download',
  'uTP only: they download',
  'hole punching: they introduce us',
  'hole punching: we introduce them',
  'IPv6 only',
  'web seed only (BEP 19)',
  'SOCKS5, and nothing beside it',
  'our tracker over HTTP',
  'our tracker over UDP',
  'their tracker over HTTP',
  'their tracker over UDP',
  'our trackers over a shared store',
  'verification over a queue',
  'onion relay among theirs, each position',
  'onion client in their network',
  'onion SOCKS proxy in their network',
  'onion network of both, mixed',
] as const;
export type CompatRow = (typeof COMPAT_ROWS)[number];

export type CompatCell = readonly [what: CompatRow, withWhom: CompatColumn];
export type CompatOutcome = 'passed' | 'failed';

const cells = new Map<string, readonly CompatCell[]>();

/** The title of a test, noting which cells of COMPAT.md it proves by passing: `suite(proves('…', ['DHT only', 'libtorrent']), …)`. */
export function proves(title: string, ...proved: readonly CompatCell[]): string {
  cells.set(title, proved);
  return title;
}

/** Notes how a test went, for `scripts/compat.mjs`, one JSON object a line. */
export function record(title: string, outcome: CompatOutcome): void {
  const file = process.env['ALLIUM_COMPAT_FILE'];
  if (file === undefined) return;
  for (const [what, withWhom] of cells.get(title) ?? []) {
    appendFileSync(file, `${JSON.stringify({ what, withWhom, title, outcome })}\n`);
  }
}
