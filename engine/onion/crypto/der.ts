import { joinBytes } from './bytes.ts';

/** Tags of X.690 that certificates and keys are made of. */
export const DER = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectId: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  /** Context-specific, constructed, number 0: the version of a certificate. */
  context0: 0xa0,
  /** The same, number 1: the public half of an EC key. */
  context1: 0xa1,
} as const;

/** One element: tag, length in its shortest form, the contents one behind the other. Below 64 KiB. */
export function derElement(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const body = joinBytes(...contents);
  const { length } = body;
  if (length > 0xffff) throw new RangeError('a DER element of less than 64 KiB is meant');
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >>> 8, length & 0xff];
  return joinBytes(Uint8Array.from(head), body);
}

/** SEQUENCE. */
export function derSequence(...contents: readonly Uint8Array[]): Uint8Array {
  return derElement(DER.sequence, ...contents);
}

/** INTEGER ≥ 0 of big-endian bytes: without zeros in front, but for the one that keeps it positive. */
export function derInteger(magnitude: Uint8Array): Uint8Array {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start += 1;
  const bytes = magnitude.length === 0 ? Uint8Array.of(0) : magnitude.subarray(start);
  return derElement(DER.integer, (bytes[0]! & 0x80) === 0 ? new Uint8Array(0) : Uint8Array.of(0), bytes);
}

/** OBJECT IDENTIFIER of `1.2.840…`. */
export function derObjectId(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) {
      groups.unshift((left & 0x7f) | 0x80);
    }
    bytes.push(...groups);
  }
  return derElement(DER.objectId, Uint8Array.from(bytes));
}

/** BIT STRING of whole bytes. */
export function derBitString(bytes: Uint8Array): Uint8Array {
  return derElement(DER.bitString, Uint8Array.of(0), bytes);
}
