import { asBytes, asDict, decodeBencode, encodeBencode } from '../../codec/bencode.ts';
import { hex } from '../../codec/hex.ts';
import { SALT_BYTES_MAX } from './item.ts';
import type { DhtItem } from './types.ts';

/** BEP 46: a torrent that changes, named by the key of who changes it. */
export interface MutableTorrent {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** At most 64 bytes. */
  readonly salt: Uint8Array;
}

/** BEP 46: `magnet:?xs=urn:btpk:KEY&s=SALT`, both hexadecimal; undefined when it is none. */
export function readMutableMagnet(text: string): MutableTorrent | undefined {
  if (!/^magnet:\?/i.test(text)) return undefined;
  const words = new URLSearchParams(text.slice(text.indexOf('?') + 1));
  for (const source of words.getAll('xs')) {
    const key = /^urn:btpk:([0-9a-f]{64})$/i.exec(source)?.[1];
    if (key === undefined) continue;
    const salt = words.get('s') ?? '';
    if (!/^(?:[0-9a-f]{2})*$/i.test(salt) || salt.length > 2 * SALT_BYTES_MAX) return undefined;
    return { publicKey: fromHex(key), salt: fromHex(salt) };
  }
  return undefined;
}

/** The magnet link of a torrent that changes. */
export function mutableMagnet(torrent: MutableTorrent): string {
  const key = hex(torrent.publicKey);
  const salt = torrent.salt.length === 0 ? '' : `&s=${hex(torrent.salt)}`;
  return `magnet:?xs=urn:btpk:${key}${salt}`;
}

/** BEP 46: the info-hash (20 bytes) that an item points to; undefined when it is another kind of item. */
export function infoHashOf(item: DhtItem): Uint8Array | undefined {
  const result = decodeBencode(item.value, { depthMax: 8, itemCountMax: 256, keyOrder: 'any' });
  const infoHash = result.ok ? asBytes(asDict(result.value)?.get('ih')) : undefined;
  return infoHash?.length === 20 ? infoHash : undefined;
}

/** BEP 46: the value of an item that points to this info-hash (20 bytes). */
export function pointerTo(infoHash: Uint8Array): Uint8Array {
  return encodeBencode({ ih: infoHash });
}

/** What can be followed: a node's items or a group. */
export interface ItemFollower {
  follow(
    publicKey: Uint8Array,
    salt: Uint8Array,
    onUpdate: (item: DhtItem) => void,
  ): { readonly stop: () => void };
}

/** BEP 46: calls `onTorrent` with the info-hash now and whenever the owner of the key points to another one. */
export function followTorrent(
  torrent: MutableTorrent,
  follower: ItemFollower,
  onTorrent: (infoHash: Uint8Array, sequence: number) => void,
): { readonly stop: () => void } {
  let last = '';
  return follower.follow(torrent.publicKey, torrent.salt, (item) => {
    const infoHash = infoHashOf(item);
    if (infoHash === undefined || item.signed === undefined) return;
    const hash = hex(infoHash);
    if (hash === last) return;
    last = hash;
    onTorrent(infoHash, item.signed.sequence);
  });
}

function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}
