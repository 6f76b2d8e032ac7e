import type { HashName, Message } from '../types.ts';

/** SHA-1: FIPS 180-4 §1. SHA-256: likewise. */
export const DIGEST_BYTES: Readonly<Record<HashName, number>> = { sha1: 20, sha256: 32 };

/**
 * Messages as one row of numbers, the form in which they travel to another thread: for each message the number of
 * its extents, then offset and length of each. A slab ends below 2^32, so 32 bits hold every number.
 */
export function packMessages(messages: readonly Message[]): Uint32Array {
  let length = messages.length;
  for (const message of messages) length += 2 * message.length;
  const packed = new Uint32Array(length);
  let at = 0;
  for (const message of messages) {
    packed[at] = message.length;
    at += 1;
    for (const extent of message) {
      packed[at] = extent.offset;
      packed[at + 1] = extent.byteLength;
      at += 2;
    }
  }
  return packed;
}

/** Length of a message in bytes. */
export function messageBytes(message: Message): number {
  let byteLength = 0;
  for (const extent of message) byteLength += extent.byteLength;
  return byteLength;
}
