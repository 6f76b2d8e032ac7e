import { readAddress } from '../codec/address.ts';
import { crc32c } from '../codec/crc32c.ts';
import type { Endpoint } from '../runtime/port.ts';

/**
 * BEP 40: the canonical priority of a connection between two peers, the same seen from both ends, 32 bits; the higher,
 * the more the two should be connected. 0 for addresses of different families and for names.
 */
export function peerPriority(a: Endpoint, b: Endpoint): number {
  const [first, second] = [readAddress(a.host), readAddress(b.host)];
  if (first === undefined || second === undefined || first.length !== second.length) return 0;
  if (Buffer.compare(first, second) === 0) return crc32c(ordered(portBytes(a.port), portBytes(b.port)));
  return crc32c(ordered(masked(first, second), masked(second, first)));
}

/**
 * As much of the address as tells peers of different networks apart: all of it only when the two are in one /24 (IPv6:
 * /56), so that one network cannot take the best places by its number of addresses.
 */
function masked(address: Uint8Array, other: Uint8Array): Uint8Array {
  const isV4 = address.length === 4;
  const whole = isV4 ? 2 : 6;
  const result = address.slice();
  const sharesFirst = shares(address, other, whole);
  const sharesSecond = shares(address, other, whole + 1);
  const kept = !sharesFirst ? whole : !sharesSecond ? whole + 1 : address.length;
  for (let index = kept; index < result.length; index++) result[index]! &= 0x55;
  return result;
}

function shares(a: Uint8Array, b: Uint8Array, byteLength: number): boolean {
  return Buffer.compare(a.subarray(0, byteLength), b.subarray(0, byteLength)) === 0;
}

function portBytes(port: number): Uint8Array {
  return Uint8Array.of(port >> 8, port);
}

/** Both in ascending order, one behind the other. */
function ordered(a: Uint8Array, b: Uint8Array): Uint8Array {
  return Buffer.compare(a, b) <= 0 ? Buffer.concat([a, b]) : Buffer.concat([b, a]);
}
