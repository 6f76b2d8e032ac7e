import { asBytes, asDict, decodeBencode, encodeBencode } from '../../codec/bencode.ts';
import { readEndpoint } from '../../codec/compact-endpoint.ts';
import type { Endpoint } from '../../runtime/port.ts';
import { compactEndpoint } from '../dht/compact.ts';

/** BEP 11: the name of the extension in the handshake. */
export const PEX_EXTENSION = 'ut_pex';
/** BEP 11: no more peers are told of, or taken, in one message: of each kind and address family. */
export const PEX_PEERS_MAX = 50;

/** BEP 11: what is said of a peer. */
export interface PexFlags {
  readonly prefersEncryption: boolean;
  /** Seeds, or downloads nothing more (BEP 21). */
  readonly isSeed: boolean;
  readonly utp: boolean;
  /** BEP 55. */
  readonly holepunch: boolean;
  /** The sender has dialled it, so it can be reached. */
  readonly reachable: boolean;
}

export interface PexPeer {
  readonly endpoint: Endpoint;
  readonly flags: PexFlags;
}

/** A message of BEP 11. */
export interface PexMessage {
  readonly added: readonly PexPeer[];
  readonly dropped: readonly Endpoint[];
}

const FLAG_BITS: readonly [keyof PexFlags, number][] = [
  ['prefersEncryption', 0x01],
  ['isSeed', 0x02],
  ['utp', 0x04],
  ['holepunch', 0x08],
  ['reachable', 0x10],
];

/** BEP 11. */
export function encodePexMessage(message: PexMessage): Uint8Array {
  const v6 = (endpoint: Endpoint): boolean => endpoint.host.includes(':');
  const [added4, added6] = split(message.added, ({ endpoint }) => v6(endpoint));
  const [dropped4, dropped6] = split(message.dropped, v6);
  const flags = (peers: readonly PexPeer[]): Uint8Array =>
    Uint8Array.from(peers, (peer) => byteOf(peer.flags));
  const places = (peers: readonly PexPeer[]): Uint8Array => compact(peers.map(({ endpoint }) => endpoint));
  return encodeBencode({
    added: places(added4),
    'added.f': flags(added4),
    dropped: compact(dropped4),
    ...(added6.length === 0 ? {} : { added6: places(added6), 'added6.f': flags(added6) }),
    ...(dropped6.length === 0 ? {} : { dropped6: compact(dropped6) }),
  });
}

/**
 * A message of a stranger; undefined when it is no dictionary. What nobody could connect to is left out, and so is what
 * is over {@link PEX_PEERS_MAX}.
 */
export function decodePexMessage(payload: Uint8Array): PexMessage | undefined {
  const result = decodeBencode(payload, {
    depthMax: 4,
    itemCountMax: 64,
    byteLengthMax: 64 * 1024,
    keyOrder: 'any',
  });
  const fields = result.ok ? asDict(result.value) : undefined;
  if (fields === undefined) return undefined;
  const added = (key: string, family: 4 | 16): PexPeer[] => {
    const flags = asBytes(fields.get(`${key}.f`));
    return read(asBytes(fields.get(key)), family).map(({ endpoint, index }) => ({
      endpoint,
      flags: flagsOf(flags?.[index] ?? 0),
    }));
  };
  const dropped = (key: string, family: 4 | 16): Endpoint[] =>
    read(asBytes(fields.get(key)), family).map(({ endpoint }) => endpoint);
  return {
    added: [...added('added', 4), ...added('added6', 16)],
    dropped: [...dropped('dropped', 4), ...dropped('dropped6', 16)],
  };
}

function read(bytes: Uint8Array | undefined, family: 4 | 16): { endpoint: Endpoint; index: number }[] {
  const found: { endpoint: Endpoint; index: number }[] = [];
  const count = Math.min(PEX_PEERS_MAX, Math.floor((bytes?.length ?? 0) / (family + 2)));
  for (let index = 0; index < count; index++) {
    const endpoint = readEndpoint(bytes!, index * (family + 2), family);
    if (endpoint !== undefined) found.push({ endpoint, index });
  }
  return found;
}

function compact(endpoints: readonly Endpoint[]): Uint8Array {
  return Buffer.concat(endpoints.map(compactEndpoint).filter((bytes) => bytes !== undefined));
}

function byteOf(flags: PexFlags): number {
  return FLAG_BITS.reduce((sum, [name, bit]) => sum | (flags[name] ? bit : 0), 0);
}

function flagsOf(byte: number): PexFlags {
  return Object.fromEntries(
    FLAG_BITS.map(([name, bit]) => [name, (byte & bit) !== 0]),
  ) as unknown as PexFlags;
}

function split<T>(items: readonly T[], isSecond: (item: T) => boolean): [T[], T[]] {
  return [items.filter((item) => !isSecond(item)), items.filter(isSecond)];
}
