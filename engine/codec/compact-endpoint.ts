import type { Endpoint } from '../runtime/port.ts';
import { addressText } from './address.ts';

/** Bytes of an address in compact form: 4 for IPv4 (BEP 23), 16 for IPv6 (BEP 7, BEP 32). Two more are the port. */
export type AddressBytes = 4 | 16;

/**
 * The endpoint in compact form at `at`, which the caller knows to be whole; undefined for what nothing can be sent to:
 * port 0, no address, many addresses at once.
 */
export function readEndpoint(bytes: Uint8Array, at: number, family: AddressBytes): Endpoint | undefined {
  const port = (bytes[at + family]! << 8) | bytes[at + family + 1]!;
  const first = bytes[at]!;
  if (port === 0) return undefined;
  if (family === 4) {
    if (first === 0 || first >= 224) return undefined;
    return { host: `${first}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`, port };
  }
  const address = bytes.subarray(at, at + family);
  if (first === 0xff || address.every((byte) => byte === 0)) return undefined;
  return { host: addressText(address), port };
}
