import { createHash } from 'node:crypto';
import { hashesOfFile } from '../../../engine/bittorrent/merkle.ts';
import { parseMetainfo } from '../../../engine/bittorrent/metainfo/parse.ts';
import type { Metainfo } from '../../../engine/bittorrent/metainfo/types.ts';
import { type BencodeInput, encodeBencode } from '../../../engine/codec/bencode.ts';
import { seededRandom } from './seeded-random.ts';

const BLOCK = 16384;

export interface MadeTorrent {
  readonly metainfo: Metainfo;
  readonly bytes: Uint8Array;
  /** By path below the root, `/` between the components. */
  readonly content: ReadonlyMap<string, Uint8Array>;
}

/** A small torrent with random content, v1 or v2, independent of `allium create`. */
export function makeTorrent(options: {
  readonly name: string;
  readonly pieceLength: number;
  readonly fileBytes: readonly number[];
  readonly version?: 'v1' | 'v2';
  readonly seed?: number;
  readonly announce?: string;
}): MadeTorrent {
  const random = seededRandom(options.seed ?? 1);
  const single = options.fileBytes.length === 1;
  const files = options.fileBytes.map((byteLength, index) => ({
    name: `f${String(index).padStart(3, '0')}`,
    bytes: random.bytes(byteLength),
  }));
  const content = new Map(
    files.map((file) => [single ? options.name : `${options.name}/${file.name}`, file.bytes] as const),
  );
  const v2 = options.version === 'v2';
  const info = v2 ? infoV2(options, files, single) : infoV1(options, files, single);
  const outer: Record<string, BencodeInput> = { info: info.info };
  if (options.announce !== undefined) outer['announce'] = options.announce;
  if (info.layers !== undefined) outer['piece layers'] = info.layers;
  const bytes = encodeBencode(outer);
  return { metainfo: parseMetainfo(bytes), bytes, content };
}

type Files = readonly { readonly name: string; readonly bytes: Uint8Array }[];
type Options = { readonly name: string; readonly pieceLength: number };

function infoV1(options: Options, files: Files, single: boolean) {
  const whole = Buffer.concat(files.map((file) => file.bytes));
  const hashes: Buffer[] = [];
  for (let at = 0; at < whole.length; at += options.pieceLength) {
    hashes.push(
      createHash('sha1')
        .update(whole.subarray(at, at + options.pieceLength))
        .digest(),
    );
  }
  const info: Record<string, BencodeInput> = {
    name: options.name,
    'piece length': options.pieceLength,
    pieces: Buffer.concat(hashes),
    ...(single
      ? { length: whole.length }
      : { files: files.map((file) => ({ length: file.bytes.length, path: [file.name] })) }),
  };
  return { info, layers: undefined };
}

function infoV2(options: Options, files: Files, single: boolean) {
  const tree = new Map<string, BencodeInput>();
  // Keys of a dictionary are bytes, one character each.
  const layers = new Map<string, Uint8Array>();
  for (const file of files) {
    const entry: Record<string, BencodeInput> = { length: file.bytes.length };
    if (file.bytes.length > 0) {
      const { root, pieceLayer } = hashesOfFile(leavesOf(file.bytes), options.pieceLength);
      entry['pieces root'] = root;
      if (pieceLayer !== undefined) layers.set(Buffer.from(root).toString('latin1'), pieceLayer);
    }
    tree.set(single ? options.name : file.name, { '': entry });
  }
  const info: Record<string, BencodeInput> = {
    'file tree': tree,
    'meta version': 2,
    name: options.name,
    'piece length': options.pieceLength,
  };
  return { info, layers };
}

function leavesOf(bytes: Uint8Array): Uint8Array {
  const leaves: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += BLOCK) {
    leaves.push(
      createHash('sha256')
        .update(bytes.subarray(at, at + BLOCK))
        .digest(),
    );
  }
  return Buffer.concat(leaves);
}
