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

/** A small torrent with random content, independent of `allium create`. */
export function makeTorrent(options: {
  readonly name: string;
  readonly pieceLength: number;
  readonly fileBytes: readonly number[];
  readonly version?: 'v1' | 'v2' | 'hybrid';
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
  const version = options.version ?? 'v1';
  const v1 =
    version === 'v2' ? {} : infoV1(options, version === 'v1' ? files : padded(files, options), single);
  const v2 = version === 'v1' ? undefined : infoV2(options, files, single);
  const outer: Record<string, BencodeInput> = { info: { ...v1, ...v2?.info } };
  if (options.announce !== undefined) outer['announce'] = options.announce;
  if (v2 !== undefined) outer['piece layers'] = v2.layers;
  const bytes = encodeBencode(outer);
  return { metainfo: parseMetainfo(bytes), bytes, content };
}

type Files = readonly { readonly name: string; readonly bytes: Uint8Array; readonly isPadding?: boolean }[];
type Options = { readonly name: string; readonly pieceLength: number };

/** BEP 47: behind each file but the last, zeros up to the next piece. */
function padded(files: Files, { pieceLength }: Options): Files {
  return files.flatMap((file, index) => {
    const gap = (pieceLength - (file.bytes.length % pieceLength)) % pieceLength;
    if (gap === 0 || index === files.length - 1) return [file];
    return [file, { name: String(gap), bytes: new Uint8Array(gap), isPadding: true }];
  });
}

function infoV1(options: Options, files: Files, single: boolean): Record<string, BencodeInput> {
  const whole = Buffer.concat(files.map((file) => file.bytes));
  const hashes: Buffer[] = [];
  for (let at = 0; at < whole.length; at += options.pieceLength) {
    hashes.push(
      createHash('sha1')
        .update(whole.subarray(at, at + options.pieceLength))
        .digest(),
    );
  }
  return {
    name: options.name,
    'piece length': options.pieceLength,
    pieces: Buffer.concat(hashes),
    ...(single ? { length: whole.length } : { files: files.map(fileV1) }),
  };
}

function fileV1({ name, bytes, isPadding }: Files[number]): BencodeInput {
  if (isPadding === true) return { attr: 'p', length: bytes.length, path: ['.pad', name] };
  return { length: bytes.length, path: [name] };
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
