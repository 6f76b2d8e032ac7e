import { createHash } from 'node:crypto';
import { readUint32 } from '../../codec/big-endian.ts';
import type { PieceIndex } from '../units.ts';

/** BEP 6: pieces a peer may ask for while it is choked. */
export const ALLOWED_FAST_COUNT = 10;

/**
 * BEP 6: the canonical allowed fast set of a peer. `address`: its IPv4 address, 4 bytes; peers of one /24 share a
 * set. `infoHash`: 20 bytes. All pieces when there are no more than `count`.
 */
export function allowedFastSet(
  address: Uint8Array,
  infoHash: Uint8Array,
  pieceCount: number,
  count: number = ALLOWED_FAST_COUNT,
): PieceIndex[] {
  const wanted = Math.min(count, pieceCount);
  // All of them in any case: the draw below would take long to hit the last one.
  if (wanted === pieceCount) return Array.from({ length: pieceCount }, (_, piece) => piece as PieceIndex);
  const seed = new Uint8Array(24);
  seed.set(address.subarray(0, 3));
  seed.set(infoHash.subarray(0, 20), 4);
  const set = new Set<number>();
  let draw: Uint8Array = seed;
  while (set.size < wanted) {
    draw = createHash('sha1').update(draw).digest();
    for (let at = 0; at < 20 && set.size < wanted; at += 4) set.add(readUint32(draw, at) % pieceCount);
  }
  return [...set] as PieceIndex[];
}
