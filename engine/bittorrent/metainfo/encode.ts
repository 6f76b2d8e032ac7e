import { type BencodeInput, bytesAsKey, encodeBencode, RawBencode } from '../../codec/bencode.ts';
import { fileIndex } from '../units.ts';
import type { Metainfo } from './types.ts';

/**
 * A torrent as a torrent file. The info dictionary goes out exactly as it came in; the outer one canonical, with
 * every key it had. What was canonical comes out byte for byte the same.
 */
export function encodeMetainfo(metainfo: Metainfo): Uint8Array {
  const outer = new Map<string, BencodeInput>(metainfo.outer);
  outer.set('info', new RawBencode(metainfo.rawInfo));
  if (hasLayers(metainfo) && !outer.has('piece layers')) outer.set('piece layers', layersOf(metainfo));
  return encodeBencode(outer);
}

/** False for v1, and for a hybrid torrent from a magnet link whose layers nobody had. */
function hasLayers({ version, files, pieceLength, pieceLayers }: Metainfo): boolean {
  if (version !== 'hybrid') return version === 'v2';
  return files.every(
    (file, index) =>
      file.piecesRoot === undefined || file.byteLength <= pieceLength || pieceLayers.has(fileIndex(index)),
  );
}

/** BEP 52 `piece layers`, there even when it is empty. Layers that peers sent are in no outer dictionary yet. */
function layersOf(metainfo: Metainfo): Map<string, Uint8Array> {
  const layers = new Map<string, Uint8Array>();
  for (const [file, layer] of metainfo.pieceLayers) {
    const root = metainfo.files[file]?.piecesRoot;
    if (root !== undefined) layers.set(bytesAsKey(root), layer);
  }
  return layers;
}
