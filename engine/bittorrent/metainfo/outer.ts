import { asBytes, asInteger, asList, asText, type BencodeDict, decodeUtf8 } from '../../codec/bencode.ts';
import type { ParseContext } from './context.ts';

/** What the outer dictionary says; every field may be missing or nonsense, which is no reason to refuse. */
export interface OuterFields {
  readonly trackers: readonly (readonly string[])[];
  readonly webSeeds: readonly string[];
  readonly httpSeeds: readonly string[];
  readonly comment: string | undefined;
  readonly createdBy: string | undefined;
  readonly creationDate: number | undefined;
}

/** Reads what is of use and leaves out the rest, with a warning where someone may miss it. Never throws. */
export function readOuter(outer: BencodeDict, context: ParseContext): OuterFields {
  const date = asInteger(outer.get('creation date'));
  return {
    trackers: readTrackers(outer, context),
    webSeeds: readSeeds(outer, 'url-list', context),
    httpSeeds: readSeeds(outer, 'httpseeds', context),
    comment: readText(outer, 'comment'),
    createdBy: readText(outer, 'created by'),
    creationDate: date !== undefined && date >= 0 ? date : undefined,
  };
}

/** Text for people: the `.utf-8` twin first, and no encoding is worth refusing a torrent for. */
function readText(dict: BencodeDict, key: string): string | undefined {
  const bytes = asBytes(dict.get(`${key}.utf-8`)) ?? asBytes(dict.get(key));
  if (bytes === undefined || bytes.length === 0) return undefined;
  return decodeUtf8(bytes) ?? new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/** `source` keeps the torrent of one tracker apart from that of another. */
export function readSource(info: BencodeDict): string | undefined {
  return readText(info, 'source');
}

/** A URL from a torrent, trimmed; undefined when it is none we could use. */
function readUrl(value: unknown, where: string, context: ParseContext): string | undefined {
  const url = value instanceof Uint8Array ? asText(value)?.trim() : undefined;
  if (url === '') return undefined;
  if (url === undefined || Buffer.byteLength(url) > context.limits.urlBytesMax) {
    context.warn(`${where} has an entry that is no URL`);
    return undefined;
  }
  return url;
}

/** BEP 12: `announce-list` replaces `announce` when it has a single usable URL. */
function readTrackers(outer: BencodeDict, context: ParseContext): string[][] {
  const tiers: string[][] = [];
  const seen = new Set<string>();
  for (const item of asList(outer.get('announce-list')) ?? []) {
    // Some creators leave out the lists of the tiers.
    const urls = asList(item) ?? (item instanceof Uint8Array ? [item] : []);
    const tier: string[] = [];
    for (const value of urls) {
      const url = readUrl(value, 'announce-list', context);
      if (url === undefined || seen.has(url)) continue;
      if (seen.size >= context.limits.trackerCountMax) {
        context.warn(`announce-list has more than ${context.limits.trackerCountMax} trackers`);
        if (tier.length > 0) tiers.push(tier);
        return tiers;
      }
      seen.add(url);
      tier.push(url);
    }
    if (tier.length > 0) tiers.push(tier);
  }
  if (tiers.length > 0) return tiers;
  const announce = outer.get('announce');
  const url = announce === undefined ? undefined : readUrl(announce, 'announce', context);
  return url === undefined ? [] : [[url]];
}

/** BEP 19: `url-list` is one URL or a list of them; BEP 17: so is `httpseeds`. */
function readSeeds(outer: BencodeDict, key: 'url-list' | 'httpseeds', context: ParseContext): string[] {
  const value = outer.get(key);
  if (value === undefined) return [];
  const seeds = new Set<string>();
  for (const item of asList(value) ?? [value]) {
    const url = readUrl(item, key, context);
    if (url === undefined || seeds.has(url)) continue;
    if (seeds.size >= context.limits.webSeedCountMax) {
      context.warn(`${key} has more than ${context.limits.webSeedCountMax} web seeds`);
      break;
    }
    seeds.add(url);
  }
  return [...seeds];
}
