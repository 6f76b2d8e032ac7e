import { endpointText } from '../../codec/endpoint.ts';
import { hex } from '../../codec/hex.ts';
import type { Metainfo } from '../metainfo/types.ts';
import { formatFileSpans } from './file-spans.ts';
import type { Magnet } from './types.ts';

/** Multihash prefix of SHA-256: code 0x12, 32 bytes. */
const SHA256_MULTIHASH = '1220';

/** A magnet link as text, in the order other programs write it. */
export function encodeMagnet(magnet: Magnet): string {
  const parts: string[] = [];
  const add = (key: string, value: string | undefined): void => {
    if (value !== undefined) parts.push(`${key}=${encodeURIComponent(value)}`);
  };
  // The colons of a URN stay as they are: not every program undoes the encoding here.
  if (magnet.infoHashV1 !== undefined) parts.push(`xt=urn:btih:${hex(magnet.infoHashV1)}`);
  if (magnet.infoHashV2 !== undefined) {
    parts.push(`xt=urn:btmh:${SHA256_MULTIHASH}${hex(magnet.infoHashV2)}`);
  }
  if (magnet.mutable !== undefined) {
    parts.push(`xs=urn:btpk:${hex(magnet.mutable.publicKey)}`);
    if (magnet.mutable.salt.length > 0) parts.push(`s=${hex(magnet.mutable.salt)}`);
  }
  add('dn', magnet.name);
  add('xl', magnet.byteLength?.toString());
  for (const url of magnet.trackers) add('tr', url);
  for (const url of magnet.webSeeds) add('ws', url);
  for (const peer of magnet.peers) parts.push(`x.pe=${endpointText(peer)}`);
  if (magnet.files !== undefined) parts.push(`so=${formatFileSpans(magnet.files)}`);
  for (const url of magnet.torrentUrls) add('xs', url);
  return `magnet:?${parts.join('&')}`;
}

/** BEP 9, BEP 52: what a magnet link says of a torrent: hashes, name, length, trackers and web seeds. */
export function magnetOf(metainfo: Metainfo): Magnet {
  return {
    infoHashV1: metainfo.infoHashV1,
    infoHashV2: metainfo.infoHashV2,
    mutable: undefined,
    name: metainfo.name,
    byteLength: metainfo.contentBytes,
    trackers: metainfo.trackers.flat(),
    webSeeds: metainfo.webSeeds,
    peers: [],
    files: undefined,
    torrentUrls: [],
  };
}

/** The magnet link of a torrent. */
export function magnetLink(metainfo: Metainfo): string {
  return encodeMagnet(magnetOf(metainfo));
}
