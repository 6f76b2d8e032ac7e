import { Buffer } from 'node:buffer';

/** The bytes as text, one character a byte, so that places in both are the same. */
export function latin1Text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** The reverse of {@link latin1Text}. */
export function latin1Bytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

/** What is UTF-8 inside of latin-1 text (contact lines), readable; control characters become spaces. */
export function readableText(text: string): string {
  return Buffer.from(text, 'latin1')
    .toString('utf8')
    .replaceAll(/\p{Cc}/gu, ' ');
}

/** A copy that does not keep the long text alive which it was cut from (V8 keeps parts of 13 and more characters as views). */
export function detached(text: string): string {
  return text.length < 13 ? text : Buffer.from(text, 'latin1').toString('latin1');
}

/** Strict base64, with or without `=`; undefined when it is not, or has bits to spare that are not 0. */
export function decodeBase64(text: string, byteLength?: number): Uint8Array | undefined {
  const end = text.endsWith('==') ? text.length - 2 : text.endsWith('=') ? text.length - 1 : text.length;
  if (end !== text.length && text.length % 4 !== 0) return undefined;
  const bytes = Buffer.from(text, 'base64');
  if (byteLength !== undefined && bytes.length !== byteLength) return undefined;
  const again = bytes.toString('base64');
  const isCanonical = again.startsWith(end === text.length ? text : text.slice(0, end));
  // A copy: small buffers of Node keep 8 KiB alive for as long as they are held.
  return isCanonical && encodedLength(bytes.length) === end ? new Uint8Array(bytes) : undefined;
}

function encodedLength(byteLength: number): number {
  return Math.ceil((byteLength * 4) / 3);
}

/** Base64 without `=`. */
export function encodeBase64(bytes: Uint8Array): string {
  return paddedBase64(bytes).replace(/=+$/, '');
}

/** Base64 with `=`. */
export function paddedBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** Upper-case hex digits. */
export function encodeHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex').toUpperCase();
}

/** undefined unless it is pairs of hex digits, of `byteLength` bytes where that is given. */
export function decodeHex(text: string, byteLength?: number): Uint8Array | undefined {
  if (text.length % 2 !== 0 || (byteLength !== undefined && text.length !== 2 * byteLength)) return undefined;
  return /^[0-9a-fA-F]*$/.test(text) ? new Uint8Array(Buffer.from(text, 'hex')) : undefined;
}

/** A relay's fingerprint in upper case; undefined when it is not 40 hex digits. */
export function readFingerprint(text: string | undefined): string | undefined {
  return text !== undefined && /^[0-9a-fA-F]{40}$/.test(text) ? detached(text).toUpperCase() : undefined;
}

/** Decimal digits alone, 0 ≤ n ≤ max; undefined otherwise. */
export function readInteger(text: string | undefined, max: number): number | undefined {
  if (text === undefined || text.length === 0 || text.length > 15) return undefined;
  let value = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value <= max ? value : undefined;
}

/** A port, 0 … 65535. */
export function readPort(text: string | undefined): number | undefined {
  return readInteger(text, 65535);
}

/** A nickname: 1 to 19 letters and digits. */
export function isNickname(text: string): boolean {
  return /^[0-9A-Za-z]{1,19}$/.test(text);
}

/** A stranger's words for a message to the operator: short and plain. */
export function excerpt(text: string, lengthMax = 60): string {
  const plain = text.slice(0, lengthMax).replaceAll(/[^\x20-\x7e]/g, '?');
  return text.length > lengthMax ? `${plain}…` : plain;
}
