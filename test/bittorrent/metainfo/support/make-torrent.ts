import { createHash } from 'node:crypto';
import { type BencodeInput, bytesAsKey, encodeBencode } from '../../../../engine/codec/bencode.ts';

/** A file of a made-up torrent. `content` is made from the seed. */
export interface MadeFile {
  readonly path: readonly string[];
  readonly byteLength: number;
  readonly seed?: number;
}

export interface MadeTorrent {
  readonly version: 'v1' | 'v2' | 'hybrid';
  readonly name: string;
  readonly pieceLength: number;
  /** One file with an empty path is a torrent of one file. */
  readonly files: readonly MadeFile[];
  /** Further keys of the info dictionary. */
  readonly info?: Readonly<Record<string, BencodeInput>>;
  /** Further keys of the outer dictionary. */
  readonly outer?: Readonly<Record<string, BencodeInput>>;
}

/** Bytes that look random and follow from the seed. */
export function contentOf(file: MadeFile): Uint8Array {
  const bytes = new Uint8Array(file.byteLength);
  let state = (file.seed ?? 1) >>> 0;
  for (let index = 0; index < bytes.length; index += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

const sha1 = (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest();
const sha256 = (...parts: readonly Uint8Array[]): Uint8Array =>
  createHash('sha256').update(Buffer.concat(parts)).digest();

function piecesV1(space: Uint8Array, pieceLength: number): Uint8Array {
  const hashes: Uint8Array[] = [];
  for (let start = 0; start < space.length; start += pieceLength) {
    hashes.push(sha1(space.subarray(start, start + pieceLength)));
  }
  return Buffer.concat(hashes);
}

/** The root over hashes padded with `pad` to `width`, written as plainly as BEP 52 puts it. */
export function plainRoot(hashes: readonly Uint8Array[], pad: Uint8Array, width: number): Uint8Array {
  let level = [...hashes];
  while (level.length < width) level.push(pad);
  while (level.length > 1) {
    level = Array.from({ length: level.length / 2 }, (_, index) =>
      sha256(level[2 * index]!, level[2 * index + 1]!),
    );
  }
  return level[0]!;
}

function powerOfTwo(count: number): number {
  let width = 1;
  while (width < count) width *= 2;
  return width;
}

/** Root and piece layer of a file, computed the slow and plain way: an oracle for the merkle helpers. */
export function plainHashes(
  content: Uint8Array,
  pieceLength: number,
): { root: Uint8Array; layer: Uint8Array[] } {
  const zero = new Uint8Array(32);
  const leaves: Uint8Array[] = [];
  for (let start = 0; start < content.length; start += 16384) {
    leaves.push(sha256(content.subarray(start, start + 16384)));
  }
  const perPiece = pieceLength / 16384;
  if (leaves.length <= perPiece)
    return { root: plainRoot(leaves, zero, powerOfTwo(leaves.length)), layer: [] };
  const layer: Uint8Array[] = [];
  for (let start = 0; start < leaves.length; start += perPiece) {
    layer.push(plainRoot(leaves.slice(start, start + perPiece), zero, perPiece));
  }
  const padding = plainRoot([zero], zero, perPiece);
  return { root: plainRoot(layer, padding, powerOfTwo(layer.length)), layer };
}

interface Tree {
  [name: string]: Tree | BencodeInput;
}

function fileTree(torrent: MadeTorrent, layers: Map<string, Uint8Array>): Tree {
  const tree: Tree = {};
  for (const file of torrent.files) {
    const path = file.path.length === 0 ? [torrent.name] : file.path;
    let folder = tree;
    for (const name of path) {
      const key = bytesAsKey(Buffer.from(name));
      folder[key] ??= {};
      folder = folder[key] as Tree;
    }
    if (file.byteLength === 0) {
      folder[''] = { length: 0 };
      continue;
    }
    const { root, layer } = plainHashes(contentOf(file), torrent.pieceLength);
    folder[''] = { length: file.byteLength, 'pieces root': root };
    if (layer.length > 0) layers.set(bytesAsKey(root), Buffer.concat(layer));
  }
  return tree;
}

function filesV1(torrent: MadeTorrent): { fields: Record<string, BencodeInput>; space: Uint8Array } {
  const parts: Uint8Array[] = [];
  const list: BencodeInput[] = [];
  let end = 0;
  for (const file of torrent.files) {
    const padding =
      torrent.version === 'hybrid' && file.byteLength > 0
        ? (torrent.pieceLength - (end % torrent.pieceLength)) % torrent.pieceLength
        : 0;
    if (padding > 0) {
      list.push({ attr: 'p', length: padding, path: ['.pad', String(padding)] });
      parts.push(new Uint8Array(padding));
    }
    list.push({ length: file.byteLength, path: file.path });
    parts.push(contentOf(file));
    end += padding + file.byteLength;
  }
  const space = Buffer.concat(parts);
  const [first] = torrent.files;
  return first?.path.length === 0
    ? { fields: { length: first.byteLength }, space }
    : { fields: { files: list }, space };
}

/** The fields of a valid torrent, ready to be spoilt: `info` and the rest of the outer dictionary. */
export function makeFields(torrent: MadeTorrent): {
  info: Record<string, BencodeInput>;
  outer: Record<string, BencodeInput>;
} {
  const info: Record<string, BencodeInput> = { name: torrent.name, 'piece length': torrent.pieceLength };
  const outer: Record<string, BencodeInput> = {};
  if (torrent.version !== 'v2') {
    const { fields, space } = filesV1(torrent);
    Object.assign(info, fields, { pieces: piecesV1(space, torrent.pieceLength) });
  }
  if (torrent.version !== 'v1') {
    const layers = new Map<string, Uint8Array>();
    Object.assign(info, { 'meta version': 2, 'file tree': fileTree(torrent, layers) });
    outer['piece layers'] = layers;
  }
  return { info: { ...info, ...torrent.info }, outer: { ...outer, ...torrent.outer } };
}

/** A valid torrent file, made without the code under test except the encoder. Files must be in order for v2. */
export function makeTorrent(torrent: MadeTorrent): Uint8Array {
  const { info, outer } = makeFields(torrent);
  return encodeBencode({ ...outer, info });
}
