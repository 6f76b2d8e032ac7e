import { uint32 } from '../../codec/big-endian.ts';
import { bad, type Decoded, good } from './decoded.ts';
import { FieldReader, join } from './fields.ts';
import { hostBytes, hostText, ttlBytes } from './host.ts';
import type { Begin, Connected, End } from './messages.ts';
import { END_REASON, type EndReason } from './reason.ts';

const FLAG_IPV6_OK = 1;
const FLAG_IPV4_NOT_OK = 2;
const FLAG_IPV6_PREFERRED = 4;
const REASON_MAX = END_REASON.notDirectory;
const PORT_TEXT = /^[0-9]{1,5}$/;
/** RFC 1035 allows 253 characters, this leaves room for whatever people type; a longer name resolves nowhere. */
const HOST_CHARACTERS_MAX = 255;

const EMPTY = new Uint8Array(0);

export function encodeBegin(message: Begin): Uint8Array {
  const host = message.host.includes(':') ? `[${message.host}]` : message.host;
  const text = new TextEncoder().encode(`${host}:${message.port}\0`);
  const flags =
    (message.ipv6Ok ? FLAG_IPV6_OK : 0) |
    (message.ipv4NotOk ? FLAG_IPV4_NOT_OK : 0) |
    (message.ipv6Preferred ? FLAG_IPV6_PREFERRED : 0);
  // No flags may be left out, and by whom the answer does not matter they are.
  return flags === 0 ? text : join(text, uint32(flags));
}

/** RELAY_BEGIN. tor-spec, "opening streams". Flags may be missing. */
export function decodeBegin(data: Uint8Array): Decoded<Begin> {
  const end = data.indexOf(0);
  if (end < 0) return bad('short');
  const text = asciiText(data.subarray(0, end));
  const colon = text?.lastIndexOf(':') ?? -1;
  if (text === undefined || colon < 1) return bad('bad-address');
  const portText = text.slice(colon + 1);
  const port = Number(portText);
  if (!PORT_TEXT.test(portText) || port < 1 || port > 65535) return bad('bad-value');
  const host = bareHost(text.slice(0, colon));
  if (host === undefined) return bad('bad-address');
  const reader = new FieldReader(data, end + 1);
  const flags = reader.left >= 4 ? reader.uint32() : 0;
  return good({
    host,
    port,
    ipv6Ok: (flags & FLAG_IPV6_OK) !== 0,
    ipv4NotOk: (flags & FLAG_IPV4_NOT_OK) !== 0,
    ipv6Preferred: (flags & FLAG_IPV6_PREFERRED) !== 0,
  });
}

/** `[v6]` without its brackets, in the form of RFC 5952; names and IPv4 as they are. */
function bareHost(text: string): string | undefined {
  if (text.length > HOST_CHARACTERS_MAX) return undefined;
  if (!text.startsWith('[') && !text.includes(':')) return text;
  const inner = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  const bytes = hostBytes(inner);
  return bytes?.length === 16 ? hostText(bytes) : undefined;
}

/** Printable ASCII without blanks; undefined for anything else. */
export function asciiText(bytes: Uint8Array): string | undefined {
  let text = '';
  for (const byte of bytes) {
    if (byte <= 32 || byte >= 127) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

export function encodeConnected(message: Connected): Uint8Array {
  const bytes = message.host === undefined ? undefined : hostBytes(message.host);
  if (bytes === undefined) return EMPTY;
  const ttl = ttlBytes(message.ttlSec);
  return bytes.length === 4 ? join(bytes, ttl) : join(Uint8Array.of(0, 0, 0, 0, 6), bytes, ttl);
}

/** RELAY_CONNECTED: empty, IPv4 and TTL, or zeros, type 6, IPv6 and TTL. */
export function decodeConnected(data: Uint8Array): Decoded<Connected> {
  if (data.length === 0) return good({ host: undefined, ttlSec: 0 });
  const reader = new FieldReader(data);
  let host = reader.bytes(4);
  if (host.length === 4 && host.every((byte) => byte === 0)) {
    if (reader.uint8() !== 6) return reader.short ? bad('short') : bad('bad-address');
    host = reader.bytes(16);
  }
  const ttlSec = reader.left === 0 && host.length === 4 ? 0 : reader.uint32();
  return reader.short ? bad('short') : good({ host: hostText(host), ttlSec });
}

export function encodeEnd(message: End): Uint8Array {
  const reason = Uint8Array.of(message.reason);
  if (message.reason !== END_REASON.exitPolicy || message.host === undefined) return reason;
  const bytes = hostBytes(message.host);
  return bytes === undefined ? reason : join(reason, bytes, ttlBytes(message.ttlSec));
}

/** RELAY_END, whatever its bytes: without a reason, or with an unknown one, the reason is `misc`. */
export function decodeEnd(data: Uint8Array): End {
  const byte = data[0] ?? END_REASON.misc;
  const reason = (byte >= 1 && byte <= REASON_MAX ? byte : END_REASON.misc) as EndReason;
  const none: End = { reason, host: undefined, ttlSec: 0 };
  if (reason !== END_REASON.exitPolicy) return none;
  const addressBytes = data.length >= 21 ? 16 : data.length >= 5 ? 4 : 0;
  if (addressBytes === 0) return none;
  const reader = new FieldReader(data, 1);
  const host = hostText(reader.bytes(addressBytes));
  return { reason, host, ttlSec: reader.left >= 4 ? reader.uint32() : 0 };
}
