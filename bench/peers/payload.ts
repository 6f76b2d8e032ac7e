import { createCipheriv } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

const CHUNK_BYTES = 4 << 20;
const TREE_FILES = 2000;
const TREE_FOLDERS = 40;
/** Spread of the file sizes of the tree: a log-normal distribution, as in real folders. */
const TREE_SIGMA = 1.6;

/** A payload on disk, in the page cache. */
export interface Payload {
  /** Name of the file or folder, which is the torrent's name too. */
  readonly name: string;
  /** The folder that it lies in. */
  readonly folder: string;
  readonly path: string;
  readonly totalBytes: number;
  readonly files: readonly string[];
}

/** One file of pseudo-random bytes: the key stream of AES-128-CTR, the same for the same name and length. */
export function makeFile(folder: string, name: string, totalBytes: number): Payload {
  const path = join(folder, name);
  fill(path, totalBytes, keyStream(totalBytes));
  return { name, folder, path, totalBytes, files: [path] };
}

/** A tree of 2,000 files in 40 folders with `totalBytes` in all, a few large and many small. */
export function makeTree(folder: string, name: string, totalBytes: number): Payload {
  const path = join(folder, name);
  const files = treeSizes(TREE_FILES, totalBytes).map((byteLength, index) => {
    const parts = [
      `d${String(index % TREE_FOLDERS).padStart(2, '0')}`,
      `f${String(index).padStart(4, '0')}.dat`,
    ];
    const file = join(path, ...parts);
    fill(file, byteLength, keyStream(index + 1));
    return file;
  });
  return { name, folder, path, totalBytes, files };
}

/** `count` sizes of at least one byte that add up to `totalBytes`; the same for the same arguments. */
export function treeSizes(count: number, totalBytes: number): readonly number[] {
  let state = 20240501;
  const chance = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / 2 ** 32;
  };
  // Box and Muller: two even chances make a normal one.
  const weights = Array.from({ length: count }, () =>
    Math.exp(TREE_SIGMA * Math.sqrt(-2 * Math.log(chance())) * Math.cos(2 * Math.PI * chance())),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const sizes = weights.map((weight) => 1 + Math.floor((weight / sum) * (totalBytes - count)));
  sizes[0]! += totalBytes - sizes.reduce((total, size) => total + size, 0);
  return sizes;
}

/** Reads everything once, so that it lies in the page cache. */
export function warm(payload: Payload): void {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (const file of payload.files) {
    const handle = openSync(file, 'r');
    while (readSync(handle, buffer) > 0);
    closeSync(handle);
  }
}

/** Writes the file unless one of that length is there: payloads that were kept. */
function fill(path: string, totalBytes: number, next: (byteLength: number) => Buffer): void {
  if (statSync(path, { throwIfNoEntry: false })?.size === totalBytes) return;
  mkdirSync(dirname(path), { recursive: true });
  const handle = openSync(path, 'w');
  for (let left = totalBytes; left > 0; ) {
    const chunk = next(Math.min(left, CHUNK_BYTES));
    for (let at = 0; at < chunk.length; ) at += writeSync(handle, chunk, at);
    left -= chunk.length;
  }
  // What is dirty would be written to disk while something is measured.
  if (totalBytes > CHUNK_BYTES) fsyncSync(handle);
  closeSync(handle);
}

function keyStream(seed: number): (byteLength: number) => Buffer {
  const start = Buffer.alloc(16);
  start.writeBigUInt64BE(BigInt(seed));
  const cipher = createCipheriv('aes-128-ctr', Buffer.from('allium benchmark'), start);
  const zeros = Buffer.alloc(CHUNK_BYTES);
  return (byteLength) => cipher.update(zeros.subarray(0, byteLength));
}
