import { createHash } from 'node:crypto';

/** Every hash of MSE is SHA-1 over a word and what follows it. */
export const HASH_BYTES = 20;

/** HASH(word, parts…). */
export function mseHash(word: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha1').update(word, 'latin1');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** What the caller marks the end of its padding with. */
export function syncMark(secret: Uint8Array): Uint8Array {
  return mseHash('req1', secret);
}

/** Which torrent a caller means, so that only who knows the torrent can tell: HASH('req2', SKEY) xor HASH('req3', S). */
export function torrentMark(torrentHash: Uint8Array, secret: Uint8Array): Uint8Array {
  const mark = mseHash('req3', secret);
  for (let at = 0; at < HASH_BYTES; at++) mark[at]! ^= torrentHash[at]!;
  return mark;
}

/** HASH('req2', SKEY): what {@link torrentMark} hides. */
export function torrentHash(infoHash: Uint8Array): Uint8Array {
  return mseHash('req2', infoHash.subarray(0, HASH_BYTES));
}

/** The RC4 keys: `keyA` for what the caller sends, `keyB` for the answers. */
export function streamKey(word: 'keyA' | 'keyB', secret: Uint8Array, infoHash: Uint8Array): Uint8Array {
  return mseHash(word, secret, infoHash.subarray(0, HASH_BYTES));
}
