import { readAddress } from './address.ts';

/** How far an address reaches: this machine, this network, everywhere. */
export type AddressScope = 0 | 1 | 2;

/**
 * The scope of a literal address. A peer far away that tells of addresses on this machine or this network would have
 * us knock at doors it cannot reach itself.
 */
export function scopeOf(host: string): AddressScope {
  const bytes = readAddress(host);
  if (bytes === undefined) return 0;
  return bytes.length === 4 ? scopeOfIpv4(bytes) : scopeOfIpv6(bytes);
}

function scopeOfIpv4([a = 0, b = 0]: Uint8Array): AddressScope {
  if (a === 127) return 0;
  const isPrivate =
    a === 10 ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 169 && b === 254) ||
    (a === 100 && b >= 64 && b < 128);
  return isPrivate ? 1 : 2;
}

function scopeOfIpv6(bytes: Uint8Array): AddressScope {
  if (bytes.subarray(0, 15).every((byte) => byte === 0)) return 0;
  // An IPv4 address in the form of IPv6.
  const isMapped =
    bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  if (isMapped) return scopeOfIpv4(bytes.subarray(12));
  const isLocal = (bytes[0]! & 0xfe) === 0xfc || (bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80);
  return isLocal ? 1 : 2;
}
