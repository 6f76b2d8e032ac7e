import { uint16, uint32, writeUint16 } from '../../codec/big-endian.ts';
import { CELL, VARIABLE_HEADER_BYTES, VERSIONS_HEADER_BYTES } from './command.ts';
import { bad, type Decoded, good } from './decoded.ts';
import { FieldReader, join } from './fields.ts';
import { readTypedHost, typedHost } from './host.ts';
import type { AuthChallenge, Authenticate, CertEntry, LinkPadding, Netinfo } from './messages.ts';

const CHALLENGE_BYTES = 32;
/** More certificates than there are types make no sense. */
const CERTS_MAX = 16;
const METHODS_MAX = 64;
const VERSIONS_MAX = 64;

/** A variable cell on circuit 0, whole. */
export function variableCell(command: number, body: Uint8Array): Uint8Array {
  const header = new Uint8Array(VARIABLE_HEADER_BYTES);
  header[4] = command;
  writeUint16(header, 5, body.length);
  return join(header, body);
}

/** A VERSIONS cell, whole: its circuit number has 2 bytes whatever the link's version. */
export function versionsCell(versions: readonly number[]): Uint8Array {
  const cell = new Uint8Array(VERSIONS_HEADER_BYTES + 2 * versions.length);
  cell[2] = CELL.versions;
  writeUint16(cell, 3, 2 * versions.length);
  versions.forEach((version, i) => {
    writeUint16(cell, VERSIONS_HEADER_BYTES + 2 * i, version);
  });
  return cell;
}

/** tor-spec, "VERSIONS cells". */
export function decodeVersions(body: Uint8Array): Decoded<readonly number[]> {
  if (body.length % 2 !== 0) return bad('bad-length');
  if (body.length > 2 * VERSIONS_MAX) return bad('too-long');
  const reader = new FieldReader(body);
  return good(Array.from({ length: body.length / 2 }, () => reader.uint16()));
}

export function encodeCerts(certs: readonly CertEntry[]): Uint8Array {
  const entries = certs.map(({ type, bytes }) => join(Uint8Array.of(type), uint16(bytes.length), bytes));
  return join(Uint8Array.of(certs.length), ...entries);
}

/** tor-spec, "CERTS cells". Twice the same type is a fault. The certificates are copies. */
export function decodeCerts(body: Uint8Array): Decoded<readonly CertEntry[]> {
  const reader = new FieldReader(body);
  const count = reader.uint8();
  if (reader.short) return bad('short');
  if (count > CERTS_MAX) return bad('too-long');
  const certs: CertEntry[] = [];
  for (let i = 0; i < count; i++) {
    const type = reader.uint8();
    const bytes = reader.bytes(reader.uint16());
    if (reader.short) return bad('short');
    if (certs.some((cert) => cert.type === type)) return bad('bad-order');
    certs.push({ type, bytes: bytes.slice() });
  }
  return good(certs);
}

export function encodeAuthChallenge(message: AuthChallenge): Uint8Array {
  return join(message.challenge, uint16(message.methods.length), ...message.methods.map(uint16));
}

/** tor-spec, "AUTH_CHALLENGE cells". */
export function decodeAuthChallenge(body: Uint8Array): Decoded<AuthChallenge> {
  const reader = new FieldReader(body);
  const challenge = reader.bytes(CHALLENGE_BYTES).slice();
  const count = reader.uint16();
  if (count > METHODS_MAX) return bad('too-long');
  const methods = Array.from({ length: count }, () => reader.uint16());
  return reader.short ? bad('short') : good({ challenge, methods });
}

export function encodeAuthenticate(message: Authenticate): Uint8Array {
  return join(uint16(message.type), uint16(message.authentication.length), message.authentication);
}

/** tor-spec, "AUTHENTICATE cells". Bytes behind the authentication are ignored. */
export function decodeAuthenticate(body: Uint8Array): Decoded<Authenticate> {
  const reader = new FieldReader(body);
  const type = reader.uint16();
  const authentication = reader.bytes(reader.uint16()).slice();
  return reader.short ? bad('short') : good({ type, authentication });
}

export function encodeNetinfo(message: Netinfo): Uint8Array {
  const own = message.ownHosts.slice(0, 255).map(typedHost);
  return join(uint32(message.timeSec), typedHost(message.otherHost), Uint8Array.of(own.length), ...own);
}

/** tor-spec, "NETINFO cells". */
export function decodeNetinfo(body: Uint8Array): Decoded<Netinfo> {
  const reader = new FieldReader(body);
  const timeSec = reader.uint32();
  const otherHost = readTypedHost(reader);
  const count = reader.uint8();
  if (reader.short) return bad('short');
  if (otherHost === 'bad') return bad('bad-address');
  const ownHosts: string[] = [];
  for (let i = 0; i < count; i++) {
    const host = readTypedHost(reader);
    if (reader.short) return bad('short');
    if (host === 'bad') return bad('bad-address');
    if (host !== undefined) ownHosts.push(host);
  }
  return good({ timeSec, otherHost, ownHosts });
}

const PADDING_COMMANDS = { stop: 1, start: 2 } as const;

export function encodeLinkPadding(message: LinkPadding): Uint8Array {
  const command = PADDING_COMMANDS[message.command];
  return join(Uint8Array.of(0, command), uint16(message.lowMs), uint16(message.highMs));
}

/** The link's PADDING_NEGOTIATE. padding-spec, "channel padding". */
export function decodeLinkPadding(body: Uint8Array): Decoded<LinkPadding> {
  const reader = new FieldReader(body);
  const version = reader.uint8();
  const command = reader.uint8();
  const lowMs = reader.uint16();
  const highMs = reader.uint16();
  if (reader.short) return bad('short');
  if (version !== 0) return bad('bad-version');
  if (command === PADDING_COMMANDS.stop) return good({ command: 'stop', lowMs, highMs });
  if (command !== PADDING_COMMANDS.start || lowMs > highMs) return bad('bad-value');
  return good({ command: 'start', lowMs, highMs });
}
