import { InvalidArgumentError } from 'commander';
import { readMutableMagnet } from '../discovery/dht/mutable-torrent.ts';

/** What an info-hash, a target or a key on the command line is. */
export type DhtName =
  | { readonly kind: 'hash'; readonly bytes: Uint8Array }
  | { readonly kind: 'key'; readonly publicKey: Uint8Array; readonly salt: Uint8Array };

/** For commander: 40 hexadecimal digits, or a magnet link with a v1 info-hash in hexadecimal or base32. */
export function infoHashValue(text: string): Uint8Array {
  const name = /^magnet:\?/i.test(text) ? hashOfMagnet(text) : text;
  const bytes = name === undefined ? undefined : hashBytes(name);
  if (bytes !== undefined) return bytes;
  throw new InvalidArgumentError(
    'Give an info-hash of 40 hexadecimal digits, or a magnet link with xt=urn:btih:.',
  );
}

/** For commander: the hash of an immutable item, a public key, or a magnet link with xs=urn:btpk:. */
export function itemNameValue(text: string): DhtName {
  const magnet = readMutableMagnet(text);
  if (magnet !== undefined) return { kind: 'key', ...magnet };
  if (/^[0-9a-f]{40}$/i.test(text)) return { kind: 'hash', bytes: fromHex(text) };
  if (/^[0-9a-f]{64}$/i.test(text)) return { kind: 'key', publicKey: fromHex(text), salt: new Uint8Array(0) };
  throw new InvalidArgumentError(
    'Give a hash (40 hexadecimal digits), a public key (64), or a magnet link with xs=urn:btpk:.',
  );
}

/** For commander: a salt as text, or `hex:` and hexadecimal digits; at most 64 bytes. */
export function saltValue(text: string): Uint8Array {
  const hex = /^hex:((?:[0-9a-f]{2})*)$/i.exec(text)?.[1];
  const bytes = hex === undefined ? new Uint8Array(Buffer.from(text, 'utf8')) : fromHex(hex);
  if (bytes.length <= 64) return bytes;
  throw new InvalidArgumentError('A salt has at most 64 bytes.');
}

function hashOfMagnet(text: string): string | undefined {
  const words = new URLSearchParams(text.slice(text.indexOf('?') + 1));
  return words
    .getAll('xt')
    .map((topic) => /^urn:btih:(.+)$/i.exec(topic)?.[1])
    .find((name) => name !== undefined);
}

function hashBytes(name: string): Uint8Array | undefined {
  if (/^[0-9a-f]{40}$/i.test(name)) return fromHex(name);
  return /^[a-z2-7]{32}$/i.test(name) ? fromBase32(name.toUpperCase()) : undefined;
}

function fromBase32(text: string): Uint8Array {
  const bytes = new Uint8Array(20);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const letter of text) {
    held = ((held << 5) | 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter)) & 0xffff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = held >> bits;
  }
  return bytes;
}

function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}
