import type { AnnounceEvent } from '../tracker/types.ts';
import { INFO_HASH_BYTES } from './torrent-table.ts';

/** An announce over HTTP (BEP 3, 7, 23). */
export interface HttpAnnounce {
  readonly kind: 'announce';
  readonly infoHash: Uint8Array;
  /** 0: of a peer that listens nowhere. */
  readonly port: number;
  readonly uploaded: number;
  readonly downloaded: number;
  /** The largest safe integer for who does not say, or says more than fits, as before a magnet link's metadata has come. */
  readonly left: number;
  readonly event: AnnounceEvent;
  /** Below 0: as the tracker likes. */
  readonly wanted: number;
  /** BEP 23; what does not say otherwise is answered so. */
  readonly isCompact: boolean;
}

/** A scrape over HTTP (BEP 48). */
export interface HttpScrape {
  readonly kind: 'scrape';
  readonly infoHashes: readonly Uint8Array[];
}

/** What somebody asks a tracker over HTTP. `refused`: in words for whoever asked. `other`: no question to a tracker. */
export type HttpQuestion =
  | HttpAnnounce
  | HttpScrape
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'other' };

/** A longer path is no announce. */
export const REQUEST_PATH_MAX = 8192;
/** Info-hashes of one scrape; there is no scrape of everything, which would be an amplifier. */
export const HTTP_SCRAPE_HASHES_MAX = 128;

const EVENTS: ReadonlySet<string> = new Set(['started', 'completed', 'stopped']);
const PATH = /^(?:\/[0-9A-Za-z_-]{1,128})?\/(announce|scrape)$/;

/** Reads path and query of a request. Never throws. */
export function readTrackerRequest(path: string): HttpQuestion {
  if (path.length > REQUEST_PATH_MAX) return { kind: 'other' };
  const mark = path.indexOf('?');
  const what = PATH.exec(mark < 0 ? path : path.slice(0, mark))?.[1];
  if (what === undefined) return { kind: 'other' };
  const query = mark < 0 ? '' : path.slice(mark + 1);
  return what === 'announce' ? readAnnounce(query) : readScrape(query);
}

function readAnnounce(query: string): HttpQuestion {
  let infoHash: Uint8Array | undefined;
  let [port, uploaded, downloaded, left, wanted] = [-1, 0, 0, Number.MAX_SAFE_INTEGER, -1];
  let event: AnnounceEvent;
  let isCompact = true;
  for (const [name, value] of parameters(query)) {
    if (name === 'info_hash') infoHash = percentDecode(value);
    else if (name === 'port') port = wholeNumber(value) ?? -1;
    else if (name === 'uploaded') uploaded = wholeNumber(value) ?? 0;
    else if (name === 'downloaded') downloaded = wholeNumber(value) ?? 0;
    else if (name === 'left') left = wholeNumber(value) ?? left;
    else if (name === 'numwant') wanted = wholeNumber(value) ?? -1;
    else if (name === 'compact') isCompact = value !== '0';
    else if (name === 'event' && EVENTS.has(value)) event = value as AnnounceEvent;
  }
  if (infoHash?.length !== INFO_HASH_BYTES) return { kind: 'refused', reason: 'info_hash is not 20 bytes' };
  if (port < 0 || port > 65535) return { kind: 'refused', reason: 'port is not between 0 and 65535' };
  return { kind: 'announce', infoHash, port, uploaded, downloaded, left, event, wanted, isCompact };
}

function readScrape(query: string): HttpQuestion {
  const infoHashes: Uint8Array[] = [];
  for (const [name, value] of parameters(query)) {
    if (name !== 'info_hash') continue;
    const hash = percentDecode(value);
    if (hash?.length !== INFO_HASH_BYTES) return { kind: 'refused', reason: 'info_hash is not 20 bytes' };
    if (infoHashes.length === HTTP_SCRAPE_HASHES_MAX) break;
    infoHashes.push(hash);
  }
  if (infoHashes.length === 0) return { kind: 'refused', reason: 'info_hash is missing' };
  return { kind: 'scrape', infoHashes };
}

function* parameters(query: string): Generator<readonly [name: string, value: string]> {
  for (let at = 0; at < query.length; ) {
    let end = query.indexOf('&', at);
    if (end < 0) end = query.length;
    const is = query.indexOf('=', at);
    if (is >= 0 && is < end) yield [query.slice(at, is), query.slice(is + 1, end)];
    at = end + 1;
  }
}

/** Up to 2^53 − 1; undefined for anything else. */
function wholeNumber(text: string): number | undefined {
  if (!/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Bytes, not text: an info-hash is in no encoding. undefined when it is too long or malformed. */
function percentDecode(text: string): Uint8Array | undefined {
  if (text.length > 3 * INFO_HASH_BYTES) return undefined;
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x25) {
      const value = hexDigit(text.charCodeAt(at + 1)) * 16 + hexDigit(text.charCodeAt(at + 2));
      if (!(value >= 0)) return undefined;
      bytes[length++] = value;
      at += 2;
    } else if (code > 0xff) return undefined;
    else bytes[length++] = code;
  }
  return bytes.subarray(0, length);
}

/** NaN for what is none. */
function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : Number.NaN;
}
