import type { NodeContact } from '../../../../engine/discovery/dht/types.ts';

/** An id that begins with these bytes; the rest tells equal ones apart. */
export function id(...head: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(20);
  bytes.set(head);
  return bytes;
}

/** A node of its own address and /24; `last`: the last byte of its id. */
export function contact(first: number, number: number): NodeContact {
  const bytes = id(first);
  bytes[18] = number >> 8;
  bytes[19] = number;
  return { id: bytes, host: `${60 + (number >> 8)}.${number & 255}.1.1`, port: 6881 };
}
