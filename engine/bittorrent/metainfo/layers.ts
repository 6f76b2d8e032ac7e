import { asBytes, type BencodeDict, bytesAsKey } from '../../codec/bencode.ts';
import { layerCount, MERKLE_HASH_BYTES, merkleRoot, pieceLevel } from '../merkle.ts';
import { type FileIndex, fileIndex } from '../units.ts';
import { badTorrent, dictField, type ParseContext } from './context.ts';
import type { TorrentFile } from './types.ts';

/**
 * BEP 52: finds the piece layer of every file longer than a piece and checks it against the root of the file.
 * `needed` is false for an info dictionary that came from peers: its layers are asked for later.
 */
export function readPieceLayers(
  outer: BencodeDict,
  files: readonly TorrentFile[],
  pieceLength: number,
  needed: boolean,
  context: ParseContext,
): Map<FileIndex, Uint8Array> {
  const layers = new Map<FileIndex, Uint8Array>();
  const dict = dictField(outer, 'piece layers', 'torrent');
  if (dict === undefined && needed && files.some((file) => file.byteLength > pieceLength)) {
    throw badTorrent('piece layers', 'are missing');
  }
  checkEntries(dict);
  const checked = new Set<string>(); // files of the same content share a layer
  for (const [index, file] of files.entries()) {
    if (file.piecesRoot === undefined || file.byteLength <= pieceLength) continue;
    const key = bytesAsKey(file.piecesRoot);
    const where = `piece layer of file ${index}`;
    const layer = asBytes(dict?.get(key));
    if (layer === undefined) {
      if (needed) throw badTorrent(where, 'is missing');
      continue;
    }
    const pieceCount = Math.ceil(file.byteLength / pieceLength);
    if (layer.length !== pieceCount * MERKLE_HASH_BYTES) {
      throw badTorrent(where, `has ${layer.length} bytes, ${pieceCount} pieces need 32 each`);
    }
    if (!checked.has(key) && !isLayerOf(layer, file.piecesRoot, pieceLength)) {
      throw badTorrent(where, 'does not match the root of the file');
    }
    checked.add(key);
    layers.set(fileIndex(index), layer);
  }
  if (dict !== undefined && dict.size > checked.size) {
    context.warn('piece layers have entries that belong to no file');
  }
  return layers;
}

/** Every entry must at least look like a layer: others refuse the torrent over one that does not. */
function checkEntries(dict: BencodeDict | undefined): void {
  for (const [key, value] of dict ?? []) {
    const layer = asBytes(value);
    if (key.length !== MERKLE_HASH_BYTES || layer === undefined || layer.length % MERKLE_HASH_BYTES !== 0) {
      throw badTorrent('piece layers', 'have an entry that is not a layer');
    }
  }
}

/** Whether a piece layer (of more than one piece) hashes up to the root of its file. */
export function isLayerOf(layer: Uint8Array, root: Uint8Array, pieceLength: number): boolean {
  if (layerCount(layer) < 1) return false;
  return Buffer.compare(merkleRoot(layer, pieceLevel(pieceLength)), root) === 0;
}
