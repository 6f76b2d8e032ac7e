import {
  layerCount,
  MERKLE_HASH_BYTES,
  merkleRoot,
  parentLayer,
  pieceLevel,
} from '../../bittorrent/merkle.ts';
import { METAINFO_LIMITS } from '../../bittorrent/metainfo/limits.ts';
import { parseInfo, parseMetainfo } from '../../bittorrent/metainfo/parse.ts';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import {
  asBytes,
  asDict,
  asList,
  type BencodeDict,
  type BencodeInput,
  type BencodeValue,
  bytesAsKey,
  decodeBencode,
  describeBencodeFault,
  encodeBencode,
  RawBencode,
} from '../../codec/bencode.ts';
import { AlliumError } from '../../codec/error.ts';
import { libtorrentIndexes } from './libtorrent-resume.ts';
import { badSource } from './types.ts';

/** What is to be put into the torrent file that a program kept. */
export interface TorrentAdditions {
  /** Tiers in place of those in the file; undefined: those in the file. */
  readonly trackers?: readonly (readonly string[])[] | undefined;
  readonly webSeeds?: readonly string[] | undefined;
  /** The merkle trees in which libtorrent keeps what BEP 52 calls piece layers. */
  readonly trees?: BencodeValue | undefined;
}

/**
 * A whole torrent file again from what a program kept of it: qBittorrent keeps trackers, web seeds and piece layers
 * elsewhere. The info dictionary stays byte for byte. Throws BAD_STATE.
 */
export function completeTorrent(
  bytes: Uint8Array,
  additions: TorrentAdditions,
): { readonly torrentFile: Uint8Array; readonly metainfo: Metainfo } {
  const { outer, rawInfo } = splitTorrent(bytes);
  const { trackers, webSeeds, trees } = additions;
  const next = new Map<string, BencodeInput>(outer);
  if (trackers !== undefined) {
    next.delete('announce');
    next.delete('announce-list');
    const tiers = trackers.filter((tier) => tier.length > 0);
    if (tiers.length > 0) next.set('announce', tiers[0]![0]!).set('announce-list', tiers);
  }
  if (webSeeds !== undefined && webSeeds.length > 0) next.set('url-list', webSeeds);
  try {
    if (!next.has('piece layers')) {
      const info = parseInfo(rawInfo);
      if (info.version !== 'v1') next.set('piece layers', layersFrom(info, trees));
    }
    const torrentFile = encodeBencode(next.set('info', new RawBencode(rawInfo)));
    return { torrentFile, metainfo: parseMetainfo(torrentFile) };
  } catch (error) {
    if (error instanceof AlliumError) throw badSource(`its torrent file is not valid: ${error.message}`);
    throw error;
  }
}

function splitTorrent(bytes: Uint8Array): { outer: Map<string, BencodeInput>; rawInfo: Uint8Array } {
  const { depthMax, itemCountMax, torrentBytesMax } = METAINFO_LIMITS;
  const result = decodeBencode(bytes, {
    depthMax,
    itemCountMax,
    byteLengthMax: torrentBytesMax,
    keyOrder: 'outer-any',
  });
  if (!result.ok) throw badSource(`its torrent file is damaged: ${describeBencodeFault(result.fault)}`);
  const dict = asDict(result.value);
  const span = result.spans.get('info');
  if (dict === undefined || span === undefined) throw badSource('its torrent file has no info dictionary');
  return { outer: new Map<string, BencodeInput>(dict), rawInfo: bytes.subarray(span.start, span.end) };
}

/** The piece layers that the trees hold; a tree that does not fit is left out, and parsing then says what is missing. */
function layersFrom(info: Metainfo, trees: BencodeValue | undefined): Map<string, Uint8Array> {
  const list = asList(trees) ?? [];
  const layers = new Map<string, Uint8Array>();
  const indexes = libtorrentIndexes(info);
  info.files.forEach((file, index) => {
    const tree = asDict(list[indexes[index]!]);
    if (tree === undefined || file.piecesRoot === undefined || file.byteLength <= info.pieceLength) return;
    const layer = layerFrom(tree, file.byteLength, info.pieceLength, file.piecesRoot);
    if (layer !== undefined) layers.set(bytesAsKey(file.piecesRoot), layer);
  });
  return layers;
}

/**
 * libtorrent writes the nodes it has of a tree one behind the other, with a text of ones and zeros that says which
 * these are, counted from the root. It has the layer of pieces, that of blocks, or all.
 */
function layerFrom(
  tree: BencodeDict,
  byteLength: number,
  pieceLength: number,
  root: Uint8Array,
): Uint8Array | undefined {
  const hashes = asBytes(tree.get('hashes'));
  const mask = asBytes(tree.get('mask'));
  if (hashes === undefined || mask === undefined) return undefined;
  const pieceCount = Math.ceil(byteLength / pieceLength);
  const blockCount = Math.ceil(byteLength / 16_384);
  const piecesUp = pieceLevel(pieceLength);
  const level = [piecesUp, 0].map((up) => {
    const count = up === 0 ? blockCount : pieceCount;
    const layer = layerAt(hashes, mask, Math.ceil(Math.log2(blockCount)) - up, count);
    if (layer === undefined) return undefined;
    let above = layer;
    for (let at = up; at < piecesUp; at += 1) above = parentLayer(above, at);
    return above;
  });
  return level.find(
    (layer) =>
      layer !== undefined &&
      layerCount(layer) === pieceCount &&
      Buffer.compare(merkleRoot(layer, piecesUp), root) === 0,
  );
}

/** The first `count` nodes at `depth` below the root; undefined when one of them is not there. */
function layerAt(hashes: Uint8Array, mask: Uint8Array, depth: number, count: number): Uint8Array | undefined {
  const first = 2 ** depth - 1;
  if (first + count > mask.length) return undefined;
  let before = 0;
  for (let node = 0; node < first; node += 1) if (mask[node] === 0x31) before += 1;
  for (let node = first; node < first + count; node += 1) if (mask[node] !== 0x31) return undefined;
  const layer = hashes.subarray(before * MERKLE_HASH_BYTES, (before + count) * MERKLE_HASH_BYTES);
  return layer.length === count * MERKLE_HASH_BYTES ? layer : undefined;
}
