import type { Metainfo } from './types.ts';

/** Multihash prefix of SHA-256: code 0x12, 32 bytes. */
const SHA256_MULTIHASH = '1220';

/** Hexadecimal digits, lower case. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** BEP 9, BEP 52: the magnet link of a torrent, with its name, trackers and web seeds. */
export function magnetLink(metainfo: Metainfo): string {
  const parts: string[] = [];
  if (metainfo.infoHashV1 !== undefined) parts.push(`xt=urn:btih:${hex(metainfo.infoHashV1)}`);
  if (metainfo.infoHashV2 !== undefined) {
    parts.push(`xt=urn:btmh:${SHA256_MULTIHASH}${hex(metainfo.infoHashV2)}`);
  }
  parts.push(`dn=${encodeURIComponent(metainfo.name)}`);
  for (const url of metainfo.trackers.flat()) parts.push(`tr=${encodeURIComponent(url)}`);
  for (const url of metainfo.webSeeds) parts.push(`ws=${encodeURIComponent(url)}`);
  return `magnet:?${parts.join('&')}`;
}
