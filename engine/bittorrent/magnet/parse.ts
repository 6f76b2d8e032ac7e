import { readAddress } from '../../codec/address.ts';
import { readBase32 } from '../../codec/base32.ts';
import { AlliumError } from '../../codec/error.ts';
import { readHex } from '../../codec/hex.ts';
import type { Endpoint } from '../../runtime/port.ts';
import { METAINFO_LIMITS } from '../metainfo/limits.ts';
import { parseFileSpans } from './file-spans.ts';
import type { Magnet, MutableSource } from './types.ts';

/** Longer links are refused. */
export const MAGNET_LENGTH_MAX = 64 * 1024;
const PEERS_MAX = 200;
const NAME_LENGTH_MAX = 255;
const SALT_BYTES_MAX = 64;
const SCHEME = /^magnet:\?/i;
const SHA256_MULTIHASH = '1220';

/** Whether text is meant as a magnet link. */
export function isMagnetLink(text: string): boolean {
  return SCHEME.test(text.trim());
}

/**
 * A magnet link taken apart (BEP 9, 46, 52, 53). Unknown and broken parts are left out as long as it is clear what is
 * meant; otherwise throws BAD_TORRENT. `xt.1`, `tr.2` and the like count as `xt` and `tr`.
 */
export function parseMagnet(link: string): Magnet {
  const text = wellFormed(link.trim());
  if (!SCHEME.test(text)) throw badMagnet('it does not begin with “magnet:?”');
  if (text.length > MAGNET_LENGTH_MAX) throw badMagnet(`it is longer than ${MAGNET_LENGTH_MAX} characters`);
  const fields = fieldsOf(text.replace(SCHEME, ''));
  const all = (key: string): readonly string[] => fields.get(key) ?? [];
  const topics = all('xt');
  const infoHashV1 = firstOf(topics, infoHashOf);
  const infoHashV2 = firstOf(topics, multihashOf);
  const mutable = firstOf(all('xs'), (source) => mutableOf(source, all('s')[0]));
  if (infoHashV1 === undefined && infoHashV2 === undefined && mutable === undefined) {
    throw badMagnet('it names no BitTorrent info-hash (xt=urn:btih: or xt=urn:btmh:)');
  }
  const name = wellFormed(all('dn')[0]?.slice(0, NAME_LENGTH_MAX) ?? '');
  return {
    infoHashV1,
    infoHashV2,
    mutable,
    name: name === '' ? undefined : name,
    byteLength: lengthOf(all('xl')[0]),
    trackers: urlsOf(all('tr'), METAINFO_LIMITS.trackerCountMax),
    webSeeds: urlsOf(all('ws'), METAINFO_LIMITS.webSeedCountMax),
    peers: peersOf(all('x.pe')),
    files: firstOf(all('so'), parseFileSpans),
    torrentUrls: urlsOf([...all('xs'), ...all('as')], PEERS_MAX),
  };
}

/** The values of each key, percent-encoding undone. */
function fieldsOf(query: string): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  // Links that were copied out of a web page still have its entities.
  for (const part of query.replaceAll('&amp;', '&').split('&')) {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(part) ?? [];
    if (name === undefined || value === undefined) continue;
    const key = name.toLowerCase().replace(/^(xt|tr|ws|xs|as|dn)\.\d+$/, '$1');
    const values = fields.get(key) ?? [];
    // In a name, + is a blank; in a URL it is itself.
    values.push(decodePercent(key === 'dn' ? value.replaceAll('+', ' ') : value));
    fields.set(key, values);
  }
  return fields;
}

/** Bytes that are no UTF-8 become U+FFFD, and a `%` without digits stays as it is. */
function decodePercent(text: string): string {
  if (!text.includes('%')) return text;
  const bytes: Uint8Array[] = [];
  for (const part of text.split(/(%[0-9a-f]{2})/i)) {
    const byte = part.length === 3 && part.startsWith('%') ? readHex(part.slice(1)) : undefined;
    bytes.push(byte ?? new TextEncoder().encode(part));
  }
  return new TextDecoder().decode(Buffer.concat(bytes));
}

/** Without halves of characters, which could not be written to a link again. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

function firstOf<T>(values: readonly string[], read: (value: string) => T | undefined): T | undefined {
  for (const value of values) {
    const found = read(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** BEP 9: 40 hexadecimal digits, or, in old links, 32 of base32. */
function infoHashOf(topic: string): Uint8Array | undefined {
  const [, digits] = /^urn:btih:([0-9a-z]+)$/i.exec(topic) ?? [];
  if (digits?.length === 40) return readHex(digits);
  return digits?.length === 32 ? readBase32(digits) : undefined;
}

/** BEP 52: a multihash; SHA-256 is the only one in use. */
function multihashOf(topic: string): Uint8Array | undefined {
  const [, digits] = /^urn:btmh:([0-9a-f]+)$/i.exec(topic) ?? [];
  if (digits?.length !== 68 || !digits.startsWith(SHA256_MULTIHASH)) return undefined;
  return readHex(digits.slice(SHA256_MULTIHASH.length));
}

function mutableOf(source: string, salt: string | undefined): MutableSource | undefined {
  const [, digits] = /^urn:btpk:([0-9a-f]{64})$/i.exec(source) ?? [];
  if (digits === undefined) return undefined;
  const bytes = salt === undefined ? new Uint8Array(0) : readHex(salt);
  if (bytes === undefined || bytes.length > SALT_BYTES_MAX) return undefined;
  return { publicKey: readHex(digits)!, salt: bytes };
}

function lengthOf(text: string | undefined): number | undefined {
  const value = text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : undefined;
  return value !== undefined && Number.isSafeInteger(value) ? value : undefined;
}

function urlsOf(values: readonly string[], countMax: number): string[] {
  const urls = values.filter(
    (url) => /^[a-z][a-z0-9+.-]*:\/\//i.test(url) && Buffer.byteLength(url) <= METAINFO_LIMITS.urlBytesMax,
  );
  return [...new Set(urls)].slice(0, countMax);
}

/** `host:port`, `[v6]:port`; as some programs write it, `v6:port` without brackets too. */
function peersOf(values: readonly string[]): Endpoint[] {
  const peers: Endpoint[] = [];
  for (const value of values.slice(0, PEERS_MAX)) {
    const [, v6, plain, digits] = /^(?:\[([0-9a-f:.]+)\]|([^[\]/\s]+)):(\d{1,5})$/i.exec(value) ?? [];
    const host = v6 ?? plain;
    const port = Number(digits);
    if (host === undefined || port < 1 || port > 65_535 || host.length > NAME_LENGTH_MAX) continue;
    if (host.includes(':') && readAddress(host) === undefined) continue;
    peers.push({ host, port });
  }
  return peers;
}

function badMagnet(what: string): AlliumError {
  return new AlliumError('BAD_TORRENT', `this is no magnet link that can be used: ${what}`, {
    advice: 'Put the whole link in quotes, since & means something to a shell.',
  });
}
