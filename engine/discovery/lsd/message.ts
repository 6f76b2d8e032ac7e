import { hex, readHex } from '../../codec/hex.ts';

/** BEP 14: the group of each family, and the port. */
export const LSD_GROUPS = { ipv4: '239.192.152.143', ipv6: 'ff15::efc0:988f' } as const;
export const LSD_PORT = 6771;
/** BEP 14: datagrams stay below this. */
const DATAGRAM_BYTES_MAX = 1400;
const COOKIE_LENGTH_MAX = 64;
/** With 40 digits each, more do not fit into a datagram. */
export const LSD_HASHES_MAX = 25;

/** BEP 14: somebody on this network takes part in torrents. */
export interface LsdMessage {
  /** Where it listens for peers. */
  readonly port: number;
  /** 20 bytes each. */
  readonly infoHashes: readonly Uint8Array[];
  /** Tells a sender its own messages. */
  readonly cookie: string;
}

/** BEP 14: `BT-SEARCH`. At most {@link LSD_HASHES_MAX} info-hashes. */
export function encodeLsdMessage(message: LsdMessage, group: string): Uint8Array {
  const host = group.includes(':') ? `[${group}]` : group;
  const lines = [
    'BT-SEARCH * HTTP/1.1',
    `Host: ${host}:${LSD_PORT}`,
    `Port: ${message.port}`,
    ...message.infoHashes.slice(0, LSD_HASHES_MAX).map((hash) => `Infohash: ${hex(hash.subarray(0, 20))}`),
    `cookie: ${message.cookie}`,
    '',
    '',
    '',
  ];
  return new TextEncoder().encode(lines.join('\r\n'));
}

/** A stranger's datagram; undefined when it is no search that could be answered. */
export function decodeLsdMessage(bytes: Uint8Array): LsdMessage | undefined {
  if (bytes.length > DATAGRAM_BYTES_MAX) return undefined;
  const [first, ...lines] = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    .toString('latin1')
    .split('\r\n');
  if (first === undefined || !/^BT-SEARCH \* HTTP\/1\.1$/i.test(first)) return undefined;
  let port = 0;
  let cookie = '';
  const infoHashes: Uint8Array[] = [];
  for (const line of lines) {
    // No pattern: one that looks for white space on both sides of a stranger's text can be made to take seconds.
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'port' && /^\d{1,5}$/.test(value)) port = Number(value);
    else if (name === 'cookie') cookie = value.slice(0, COOKIE_LENGTH_MAX);
    else if (name === 'infohash' && value.length === 40 && infoHashes.length < LSD_HASHES_MAX) {
      const hash = readHex(value);
      if (hash !== undefined) infoHashes.push(hash);
    }
  }
  return port >= 1 && port <= 65_535 && infoHashes.length > 0 ? { port, infoHashes, cookie } : undefined;
}
