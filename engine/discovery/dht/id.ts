import { crc32c } from '../../codec/crc32c.ts';
import type { Random } from '../../runtime/port.ts';

/** BEP 5: node ids and info-hashes have 160 bits. */
export const ID_BYTES = 20;
export const ID_BITS = 160;

/** Negative when `a` is nearer to `target` by XOR distance than `b`, 0 when they are the same id. */
export function compareDistance(a: Uint8Array, b: Uint8Array, target: Uint8Array): number {
  for (let at = 0; at < ID_BYTES; at++) {
    const left = a[at]!;
    const right = b[at]!;
    if (left !== right) return (left ^ target[at]!) - (right ^ target[at]!);
  }
  return 0;
}

/** How many leading bits two ids share, 0…160. */
export function sharedBits(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < ID_BYTES; at++) {
    const differing = a[at]! ^ b[at]!;
    if (differing !== 0) return at * 8 + Math.clz32(differing) - 24;
  }
  return ID_BITS;
}

/** Whether two ids are the same. */
export function sameId(a: Uint8Array, b: Uint8Array): boolean {
  for (let at = 0; at < ID_BYTES; at++) if (a[at] !== b[at]) return false;
  return true;
}

/** An id as a key of a map: two bytes are one character. */
export function idKey(id: Uint8Array): string {
  // Not by Buffer: taking the `buffer` of a small array moves it out of V8's heap, which costs ten times as much. And all
  // at once: characters joined one by one are a rope, which a map has to flatten first.
  return String.fromCharCode(
    (id[0]! << 8) | id[1]!,
    (id[2]! << 8) | id[3]!,
    (id[4]! << 8) | id[5]!,
    (id[6]! << 8) | id[7]!,
    (id[8]! << 8) | id[9]!,
    (id[10]! << 8) | id[11]!,
    (id[12]! << 8) | id[13]!,
    (id[14]! << 8) | id[15]!,
    (id[16]! << 8) | id[17]!,
    (id[18]! << 8) | id[19]!,
  );
}

/** A chance id that shares exactly `bits` leading bits with `own`; all of it when `bits` is 160. */
export function randomIdSharing(own: Uint8Array, bits: number, random: Random): Uint8Array {
  const id = random.bytes(ID_BYTES);
  const whole = Math.min(ID_BYTES, bits >> 3);
  id.set(own.subarray(0, whole));
  if (bits >= ID_BITS) return id;
  const rest = bits & 7;
  const kept = 0xff00 >> rest;
  const flipped = 0x80 >> rest;
  id[whole] = (own[whole]! & kept) | (~own[whole]! & flipped) | (id[whole]! & (flipped - 1));
  return id;
}

const MASK_4 = Uint8Array.of(0x03, 0x0f, 0x3f, 0xff);
const MASK_6 = Uint8Array.of(0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff);

/** BEP 42: the CRC-32C whose first 21 bits an id at this address has to begin with. `address`: 4 or 16 bytes. */
function addressDigest(address: Uint8Array, chance: number): number {
  const mask = address.length === 4 ? MASK_4 : MASK_6;
  const masked = new Uint8Array(mask.length);
  for (let at = 0; at < mask.length; at++) masked[at] = mask[at]! & address[at]!;
  masked[0] = masked[0]! | ((chance & 7) << 5);
  return crc32c(masked);
}

/** BEP 42: an id that a node at this external address (4 or 16 bytes) may have. */
export function secureId(address: Uint8Array, random: Random): Uint8Array {
  const id = random.bytes(ID_BYTES);
  const digest = addressDigest(address, id[19]!);
  id[0] = digest >>> 24;
  id[1] = digest >>> 16;
  id[2] = ((digest >>> 8) & 0xf8) | (id[2]! & 0x07);
  return id;
}

/** BEP 42: whether an id fits the address it is seen at. Local addresses are exempt. */
export function isSecureId(id: Uint8Array, address: Uint8Array): boolean {
  if (isLocalAddress(address)) return true;
  const digest = addressDigest(address, id[19]!);
  return (
    id[0] === digest >>> 24 &&
    id[1] === ((digest >>> 16) & 0xff) &&
    (id[2]! & 0xf8) === ((digest >>> 8) & 0xf8)
  );
}

/** Loopback, link-local and private addresses (BEP 42; for IPv6 RFC 4193, RFC 4291). */
export function isLocalAddress(address: Uint8Array): boolean {
  const [a = 0, b = 0] = address;
  if (address.length === 4) {
    return (
      a === 10 ||
      a === 127 ||
      (a === 172 && b >= 16 && b < 32) ||
      (a === 192 && b === 168) ||
      (a === 169 && b === 254)
    );
  }
  if ((a & 0xfe) === 0xfc || (a === 0xfe && (b & 0xc0) === 0x80)) return true;
  return isLoopback(address);
}

/** Addresses of this machine: nobody elsewhere can pretend to have one. */
export function isLoopback(address: Uint8Array): boolean {
  if (address.length === 4) return address[0] === 127;
  return address[15] === 1 && address.every((byte, at) => at === 15 || byte === 0);
}
