import { readAddress, addressText as textOfAddress } from '../../codec/address.ts';
import { type AddressBytes, readEndpoint } from '../../codec/compact-endpoint.ts';
import type { Endpoint } from '../../runtime/port.ts';

/** The text of an IPv4 (4 bytes) or IPv6 (16 bytes, RFC 5952) address; undefined for another length. */
export function addressText(bytes: Uint8Array): string | undefined {
  return bytes.length === 4 || bytes.length === 16 ? textOfAddress(bytes) : undefined;
}

/** Whether text is a literal IPv4 or IPv6 address: a name is nothing to connect to on a stranger's word. */
export function isLiteralAddress(text: string): boolean {
  return readAddress(text) !== undefined;
}

/**
 * Endpoints in compact form (BEP 23: 4 + 2 bytes, BEP 7: 16 + 2), at most `countMax`. What cannot be connected to
 * (port 0, no address, many addresses at once) and a piece at the end that is no whole endpoint are left out.
 */
export function compactEndpoints(
  bytes: Uint8Array,
  addressBytes: AddressBytes,
  countMax: number,
): Endpoint[] {
  const endpoints: Endpoint[] = [];
  const step = addressBytes + 2;
  for (let at = 0; at + step <= bytes.length && endpoints.length < countMax; at += step) {
    const endpoint = readEndpoint(bytes, at, addressBytes);
    if (endpoint !== undefined) endpoints.push(endpoint);
  }
  return endpoints;
}
