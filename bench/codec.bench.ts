/**
 * Bencode and metainfo: reading and writing a torrent of one file with 4,096 pieces, and one of 2,000 files.
 *
 *   npm run bench -- codec
 */
import type { Bench } from 'tinybench';
import { encodeMetainfo } from '../engine/bittorrent/metainfo/encode.ts';
import { parseMetainfo } from '../engine/bittorrent/metainfo/parse.ts';
import { type BencodeInput, decodeBencode, encodeBencode } from '../engine/codec/bencode.ts';
import { crc32c } from '../engine/codec/crc32c.ts';

const PIECES = 4096;
const FILES = 2000;
const PIECE_BYTES = 1 << 20;
const RECORD_BYTES = 4096;
const text = new TextEncoder();

/** A v1 torrent; `content` says what it holds: one length or a list of files. */
function torrentOf(content: readonly [string, BencodeInput]): Uint8Array {
  const info = new Map<string, BencodeInput>([
    content,
    ['name', text.encode('payload')],
    ['piece length', PIECE_BYTES],
    ['pieces', new Uint8Array(PIECES * 20).fill(7)],
  ]);
  return encodeBencode(new Map<string, BencodeInput>([['info', info]]));
}

function manyFiles(): BencodeInput {
  const fileBytes = (PIECES * PIECE_BYTES) / FILES;
  let left = PIECES * PIECE_BYTES;
  return Array.from({ length: FILES }, (_, index) => {
    const length = index === FILES - 1 ? left : Math.floor(fileBytes);
    left -= length;
    const path = [`folder ${index % 40}`, `file ${index}.dat`].map((part) => text.encode(part));
    return new Map<string, BencodeInput>([
      ['length', length],
      ['path', path],
    ]);
  });
}

/** Adds the cases to `bench`. */
export function addCodecCases(bench: Bench): void {
  const torrents = {
    'one file, 4,096 pieces': torrentOf(['length', PIECES * PIECE_BYTES]),
    '2,000 files, 4,096 pieces': torrentOf(['files', manyFiles()]),
  };
  for (const [name, bytes] of Object.entries(torrents)) {
    const decoded = decodeBencode(bytes);
    if (!decoded.ok) throw new Error('the torrent made for the benchmark is not bencode');
    const metainfo = parseMetainfo(bytes);
    bench.add(`${name}: decode bencode`, () => void decodeBencode(bytes));
    bench.add(`${name}: encode bencode`, () => void encodeBencode(decoded.value));
    bench.add(`${name}: parse and check the torrent`, () => void parseMetainfo(bytes));
    bench.add(`${name}: write the torrent again`, () => void encodeMetainfo(metainfo));
  }
  const record = new Uint8Array(RECORD_BYTES).fill(0xa5);
  bench.add('CRC-32C of a record of 4 KiB', () => void crc32c(record));
}
