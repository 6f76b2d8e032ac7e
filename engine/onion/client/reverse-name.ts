import { readAddress } from '../../codec/address.ts';

/** The name under which the names of an address are asked for, below `in-addr.arpa` or `ip6.arpa`; undefined: no address. RFC 1035, RFC 3596. */
export function reverseName(address: string): string | undefined {
  const bytes = readAddress(address);
  if (bytes === undefined) return undefined;
  if (bytes.length === 4) return `${[...bytes].reverse().join('.')}.in-addr.arpa`;
  const nibbles = [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);
  return `${nibbles
    .reverse()
    .map((nibble) => nibble.toString(16))
    .join('.')}.ip6.arpa`;
}
