import { uint16 } from '../../codec/big-endian.ts';
import { decodeCreate2, encodeCreate2 } from './circuit-messages.ts';
import { bad, type Decoded, good } from './decoded.ts';
import { FieldReader, join } from './fields.ts';
import { hostBytes, hostText } from './host.ts';
import { type Extend2, type ExtendTarget, LINK_SPECIFIER, type LinkSpecifier } from './messages.ts';

const BYTES_OF: Readonly<Record<number, number>> = {
  [LINK_SPECIFIER.ipv4]: 6,
  [LINK_SPECIFIER.ipv6]: 18,
  [LINK_SPECIFIER.rsaId]: 20,
  [LINK_SPECIFIER.ed25519Id]: 32,
};

/** Count, then type, length and bytes of each; as in EXTEND2 and in onion service messages. */
export function encodeLinkSpecifiers(specifiers: readonly LinkSpecifier[]): Uint8Array {
  const parts = specifiers.map(({ type, bytes }) => join(Uint8Array.of(type, bytes.length), bytes));
  return join(Uint8Array.of(specifiers.length), ...parts);
}

/** Reads a list of link specifiers; those of known types must have the right length. The bytes are views. */
export function readLinkSpecifiers(reader: FieldReader): Decoded<readonly LinkSpecifier[]> {
  const count = reader.uint8();
  const specifiers: LinkSpecifier[] = [];
  for (let i = 0; i < count; i++) {
    const type = reader.uint8();
    const bytes = reader.bytes(reader.uint8());
    if (reader.short) return bad('short');
    if ((BYTES_OF[type] ?? bytes.length) !== bytes.length) return bad('bad-length');
    specifiers.push({ type, bytes });
  }
  return reader.short ? bad('short') : good(specifiers);
}

export function encodeExtend2(message: Extend2): Uint8Array {
  return join(encodeLinkSpecifiers(message.specifiers), encodeCreate2(message.create));
}

/** RELAY_EXTEND2. tor-spec, "EXTEND and EXTENDED". All bytes are views. */
export function decodeExtend2(data: Uint8Array): Decoded<Extend2> {
  const reader = new FieldReader(data);
  const specifiers = readLinkSpecifiers(reader);
  if (!specifiers.ok) return specifiers;
  const create = decodeCreate2(reader.rest());
  return create.ok ? good({ specifiers: specifiers.value, create: create.value }) : create;
}

/** What a list of specifiers says; of each type the first counts, unknown ones are ignored. */
export function extendTarget(specifiers: readonly LinkSpecifier[]): ExtendTarget {
  const first = (type: number): Uint8Array | undefined =>
    specifiers.find((specifier) => specifier.type === type)?.bytes;
  const place = (bytes: Uint8Array | undefined) => {
    if (bytes === undefined) return undefined;
    const at = bytes.length - 2;
    return { host: hostText(bytes.subarray(0, at)), port: (bytes[at]! << 8) | bytes[at + 1]! };
  };
  return {
    ipv4: place(first(LINK_SPECIFIER.ipv4)),
    ipv6: place(first(LINK_SPECIFIER.ipv6)),
    rsaId: first(LINK_SPECIFIER.rsaId),
    ed25519Id: first(LINK_SPECIFIER.ed25519Id),
  };
}

/** The specifiers for a relay, in the order in which clients send them. Hosts that are no literals are left out. */
export function linkSpecifiers(target: ExtendTarget): readonly LinkSpecifier[] {
  const list: LinkSpecifier[] = [];
  const address = (type: number, at: ExtendTarget['ipv4']): void => {
    const host = at === undefined ? undefined : hostBytes(at.host);
    if (at === undefined || host === undefined || host.length + 2 !== BYTES_OF[type]) return;
    list.push({ type, bytes: join(host, uint16(at.port)) });
  };
  address(LINK_SPECIFIER.ipv4, target.ipv4);
  if (target.rsaId !== undefined) list.push({ type: LINK_SPECIFIER.rsaId, bytes: target.rsaId });
  if (target.ed25519Id !== undefined) list.push({ type: LINK_SPECIFIER.ed25519Id, bytes: target.ed25519Id });
  address(LINK_SPECIFIER.ipv6, target.ipv6);
  return list;
}
