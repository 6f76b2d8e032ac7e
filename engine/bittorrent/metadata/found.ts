import { createHash } from 'node:crypto';
import type { BencodeInput, BencodeValue } from '../../codec/bencode.ts';
import { asDict, decodeBencode, encodeBencode } from '../../codec/bencode.ts';
import type { Magnet } from '../magnet/types.ts';
import { parseInfo } from '../metainfo/parse.ts';
import type { Metainfo } from '../metainfo/types.ts';

/** Whether an info dictionary is the one that a magnet link names, by every hash it names. */
export function isInfoOf(
  info: Uint8Array,
  { infoHashV1, infoHashV2 }: Pick<Magnet, 'infoHashV1' | 'infoHashV2'>,
): boolean {
  if (infoHashV1 === undefined && infoHashV2 === undefined) return false;
  const matches = (name: 'sha1' | 'sha256', hash: Uint8Array | undefined): boolean =>
    hash === undefined || Buffer.compare(createHash(name).update(info).digest(), hash) === 0;
  return matches('sha1', infoHashV1) && matches('sha256', infoHashV2);
}

/**
 * The torrent of an info dictionary from peers, with what the link says about trackers and web seeds; piece layers are
 * still missing. Throws as parseInfo does, and for a torrent that is not of a version the link names.
 */
export function metainfoOf(rawInfo: Uint8Array, magnet: Pick<Magnet, 'trackers' | 'webSeeds'>): Metainfo {
  const outer = new Map<string, BencodeInput>();
  const [first] = magnet.trackers;
  if (first !== undefined) {
    outer.set('announce', first);
    // Links do not say which tiers there were: each tracker is one of its own, as other programs have it.
    outer.set(
      'announce-list',
      magnet.trackers.map((url) => [url]),
    );
  }
  if (magnet.webSeeds.length > 0) outer.set('url-list', [...magnet.webSeeds]);
  const decoded = decodeBencode(encodeBencode(outer));
  const fields = decoded.ok ? asDict(decoded.value) : undefined;
  return parseInfo(rawInfo, fields ?? new Map<string, BencodeValue>());
}
