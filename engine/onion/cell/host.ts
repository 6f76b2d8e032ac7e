import { addressText, readAddress } from '../../codec/address.ts';
import { uint32 } from '../../codec/big-endian.ts';
import { type FieldReader, join } from './fields.ts';

/** Types of addresses in NETINFO and RESOLVED. tor-spec, "NETINFO cells". */
export const ADDRESS_TYPE = { name: 0, ipv4: 4, ipv6: 6, errorTransient: 0xf0, error: 0xf1 } as const;

const NO_HOST = Uint8Array.of(ADDRESS_TYPE.ipv4, 4, 0, 0, 0, 0);

/**
 * Reads type, length and address. A literal where it is an IPv4 or IPv6 address of the right length, undefined for
 * all other types; `'bad'` for a wrong length.
 */
export function readTypedHost(reader: FieldReader): string | undefined | 'bad' {
  const type = reader.uint8();
  const bytes = reader.bytes(reader.uint8());
  if (reader.short) return 'bad';
  if (type !== ADDRESS_TYPE.ipv4 && type !== ADDRESS_TYPE.ipv6) return undefined;
  if (bytes.length !== (type === ADDRESS_TYPE.ipv4 ? 4 : 16)) return 'bad';
  return addressText(bytes);
}

/** Type, length and address; 0.0.0.0 for what is no literal. */
export function typedHost(host: string | undefined): Uint8Array {
  const bytes = host === undefined ? undefined : readAddress(host);
  if (bytes === undefined) return NO_HOST;
  const type = bytes.length === 4 ? ADDRESS_TYPE.ipv4 : ADDRESS_TYPE.ipv6;
  return join(Uint8Array.of(type, bytes.length), bytes);
}

/** The literal of 4 or 16 bytes. */
export { addressText as hostText, readAddress as hostBytes };

/** A time to live, limited to what 32 bits hold. */
export function ttlBytes(ttlSec: number): Uint8Array {
  return uint32(Math.min(0xffffffff, Math.max(0, Math.floor(ttlSec))));
}
