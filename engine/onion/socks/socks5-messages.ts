import { addressText } from '../../codec/address.ts';

/** Greeting: version, count, 255 methods. */
export const GREETING_BYTES_MAX = 257;
/** Log-in: version, and two texts of up to 255 bytes behind their lengths. */
export const LOGIN_BYTES_MAX = 513;
/** Request: four bytes, a name of up to 255 behind its length, a port. */
export const REQUEST_BYTES_MAX = 262;

export const METHOD = { none: 0, userPassword: 2, unacceptable: 0xff } as const;
/** RFC 1928, and Tor's two. */
export const COMMAND = { connect: 1, resolve: 0xf0, resolvePtr: 0xf1 } as const;
const ADDRESS = { ipv4: 1, name: 3, ipv6: 4 } as const;

/** A message at the start of some bytes. `more`: it is not whole yet. */
export type Read<T> =
  | { readonly kind: 'more' }
  | { readonly kind: 'message'; readonly byteLength: number; readonly value: T }
  | { readonly kind: 'malformed' };

const MORE = { kind: 'more' } as const;
const MALFORMED = { kind: 'malformed' } as const;

/** The methods of logging in that are offered. RFC 1928, section 3. */
export function readGreeting(bytes: Uint8Array): Read<Uint8Array> {
  const [version, count] = bytes;
  if (version === undefined || count === undefined) return MORE;
  if (version !== 5) return MALFORMED;
  const byteLength = 2 + count;
  if (bytes.length < byteLength) return MORE;
  return { kind: 'message', byteLength, value: bytes.subarray(2, byteLength) };
}

/** User and password, one character for each byte; both may be empty. RFC 1929, section 2. */
export function readLogin(bytes: Uint8Array): Read<{ readonly user: string; readonly password: string }> {
  const [version, userLength] = bytes;
  if (version === undefined) return MORE;
  if (version !== 1) return MALFORMED;
  if (userLength === undefined) return MORE;
  const passwordLength = bytes[2 + userLength];
  if (passwordLength === undefined) return MORE;
  const passwordAt = 3 + userLength;
  const byteLength = passwordAt + passwordLength;
  if (bytes.length < byteLength) return MORE;
  const user = latin1(bytes.subarray(2, 2 + userLength));
  return {
    kind: 'message',
    byteLength,
    value: { user, password: latin1(bytes.subarray(passwordAt, byteLength)) },
  };
}

/** A request as it came. */
export interface SocksRequest {
  /** One of {@link COMMAND}, or any other byte. */
  readonly command: number;
  /** Undefined: an address of a kind that is not known. */
  readonly host: string | undefined;
  readonly isName: boolean;
  readonly port: number;
}

/** RFC 1928, section 4. A request with an unknown kind of address ends where its length stops being known. */
export function readRequest(bytes: Uint8Array): Read<SocksRequest> {
  const [version, command, , kind, nameLength] = bytes;
  if (version === undefined) return MORE;
  if (version !== 5) return MALFORMED;
  if (command === undefined || kind === undefined) return MORE;
  if (kind !== ADDRESS.ipv4 && kind !== ADDRESS.ipv6 && kind !== ADDRESS.name) {
    const value = { command, host: undefined, isName: false, port: 0 };
    return { kind: 'message', byteLength: bytes.length, value };
  }
  if (nameLength === undefined) return MORE;
  const isName = kind === ADDRESS.name;
  const hostAt = isName ? 5 : 4;
  const portAt = hostAt + (isName ? nameLength : kind === ADDRESS.ipv4 ? 4 : 16);
  if (bytes.length < portAt + 2) return MORE;
  const hostBytes = bytes.subarray(hostAt, portAt);
  const host = isName ? latin1(hostBytes) : addressText(hostBytes);
  const port = (bytes[portAt]! << 8) | bytes[portAt + 1]!;
  return { kind: 'message', byteLength: portAt + 2, value: { command, host, isName, port } };
}

/** Which method was chosen. */
export function encodeMethod(method: number): Uint8Array {
  return Uint8Array.of(5, method);
}

/** Whether the log-in is accepted. RFC 1929: anything but 0 is a failure. */
export function encodeLoginStatus(isAccepted: boolean): Uint8Array {
  return Uint8Array.of(1, isAccepted ? 0 : 1);
}

/**
 * An answer; RFC 1928, section 6. `address`: 4 or 16 bytes, or a name of 1 to 255 characters. Without it 0.0.0.0: what
 * the exit calls its own end is of no use to a program.
 */
export function encodeReply(code: number, address: Uint8Array | string = new Uint8Array(4)): Uint8Array {
  if (typeof address === 'string') {
    const name = Uint8Array.from(address, (character) => character.charCodeAt(0));
    return Uint8Array.of(5, code, 0, ADDRESS.name, name.length, ...name, 0, 0);
  }
  const kind = address.length === 16 ? ADDRESS.ipv6 : ADDRESS.ipv4;
  return Uint8Array.of(5, code, 0, kind, ...address, 0, 0);
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
