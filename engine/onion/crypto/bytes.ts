import { timingSafeEqual } from 'node:crypto';

const encoder = new TextEncoder();

/** The bytes of an ASCII text; for the labels that protocols mix into hashes. */
export function ascii(text: string): Uint8Array {
  return encoder.encode(text);
}

/** All parts, one behind the other, in fresh memory. */
export function joinBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let byteLength = 0;
  for (const part of parts) byteLength += part.length;
  const out = new Uint8Array(byteLength);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Whether both are the same, in a time that depends on the lengths alone. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Whether every byte is zero, in a time that depends on the length alone. */
export function isAllZero(bytes: Uint8Array): boolean {
  let seen = 0;
  for (const byte of bytes) seen |= byte;
  return seen === 0;
}
