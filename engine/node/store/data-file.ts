import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { reachesBehind } from './data-pages.ts';
import { damaged } from './record.ts';

const MAGIC = 0xbeefc0de;
/** Offsets inside a meta page, behind the page's own head of 24 bytes. */
const AT = {
  magic: 24,
  pageBytes: 48,
  freeRoot: 88,
  root: 136,
  lastPage: 144,
  transaction: 152,
  end: 160,
} as const;
const PAGE_BYTES_MAX = 65_536;

/**
 * Looks at an LMDB file before LMDB maps it: touching a page behind the end of a file that was cut short would end the
 * process with a bus error. Pages at the end that were never used need not be there: LMDB does not write them. Throws
 * BAD_STATE. A file of no bytes is one that was just created.
 */
export function checkDataFile(path: string): void {
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    if (size === 0) return;
    const head = Buffer.alloc(PAGE_BYTES_MAX + AT.end);
    const length = readSync(fd, head, 0, head.length, 0);
    const first = readMeta(head.subarray(0, length), 0);
    if (first === undefined) throw damaged(path, 'it is not a data file of LMDB');
    const second = readMeta(head.subarray(0, length), first.pageBytes);
    const newest = second !== undefined && second.transaction > first.transaction ? second : first;
    const needed = (newest.lastPage + 1n) * BigInt(first.pageBytes);
    if (BigInt(size) >= needed) return;
    const { pageBytes, roots } = newest;
    if (!reachesBehind(fd, { pageBytes, pageCount: Math.floor(size / pageBytes), roots })) return;
    throw damaged(path, `it has ${size} bytes and should have ${needed}`);
  } finally {
    closeSync(fd);
  }
}

interface Meta {
  readonly pageBytes: number;
  readonly roots: readonly bigint[];
  readonly lastPage: bigint;
  readonly transaction: bigint;
}

function readMeta(head: Buffer, at: number): Meta | undefined {
  if (head.length < at + AT.end || head.readUInt32LE(at + AT.magic) !== MAGIC) return undefined;
  const pageBytes = head.readUInt32LE(at + AT.pageBytes);
  if (pageBytes < 256 || pageBytes > PAGE_BYTES_MAX || (pageBytes & (pageBytes - 1)) !== 0) return undefined;
  const number = (offset: number): bigint => head.readBigUInt64LE(at + offset);
  const roots = [number(AT.freeRoot), number(AT.root)];
  return { pageBytes, roots, lastPage: number(AT.lastPage), transaction: number(AT.transaction) };
}
