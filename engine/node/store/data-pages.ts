import { readSync } from 'node:fs';

/** What an empty tree has for a root. */
const NO_PAGE = 0xffff_ffff_ffff_ffffn;
const HEAD_BYTES = 24;
/** Offsets inside a page's head; an overflow page has its length, in pages, where others have their bounds. */
const AT = { flags: 18, lower: 20, pages: 20 } as const;
const KIND = { branch: 1, leaf: 2 } as const;
/** Of an entry of a leaf: its data lies in overflow pages; it is the head of another tree. */
const ENTRY = { big: 1, tree: 2 } as const;
const ROOT_IN_TREE = 40;

/** A file of LMDB, as far as it is there. */
export interface DataPages {
  readonly pageBytes: number;
  readonly pageCount: number;
  readonly roots: readonly bigint[];
}

/**
 * Whether anything in use lies behind the end of the file, or is no page at all. Reads every page in use: for a file
 * that is shorter than its head says, which is rare.
 */
export function reachesBehind(fd: number, { pageBytes, pageCount, roots }: DataPages): boolean {
  const page = Buffer.alloc(pageBytes);
  const waiting = roots.filter((root) => root !== NO_PAGE);
  for (let seen = 0; waiting.length > 0; seen += 1) {
    const number = waiting.pop()!;
    // More than there are: it goes round in circles.
    if (number >= BigInt(pageCount) || seen > pageCount) return true;
    if (readSync(fd, page, 0, pageBytes, Number(number) * pageBytes) < pageBytes) return true;
    const flags = page.readUInt16LE(AT.flags);
    if ((flags & (KIND.branch | KIND.leaf)) === 0) return true;
    const isBranch = (flags & KIND.branch) !== 0;
    const entries = Math.min(page.readUInt16LE(AT.lower), pageBytes - HEAD_BYTES) >> 1;
    for (let entry = 0; entry < entries; entry += 1) {
      const at = HEAD_BYTES + page.readUInt16LE(HEAD_BYTES + 2 * entry);
      if (at + 8 > pageBytes) return true;
      if (isBranch) waiting.push(page.readBigUInt64LE(at) & 0xffff_ffff_ffffn);
      else if (!leafEntry(fd, page, at, pageCount, waiting)) return true;
    }
  }
  return false;
}

/** Adds the tree that an entry is the head of. False: its data lies behind the end. */
function leafEntry(fd: number, page: Buffer, at: number, pageCount: number, waiting: bigint[]): boolean {
  const flags = page.readUInt16LE(at + 4);
  const data = at + 8 + page.readUInt16LE(at + 6);
  if ((flags & ENTRY.big) !== 0) {
    if (data + 8 > page.length) return false;
    const first = page.readBigUInt64LE(data);
    if (first >= BigInt(pageCount)) return false;
    const head = Buffer.alloc(HEAD_BYTES);
    readSync(fd, head, 0, HEAD_BYTES, Number(first) * page.length);
    return Number(first) + head.readUInt32LE(AT.pages) <= pageCount;
  }
  if ((flags & ENTRY.tree) === 0) return true;
  if (data + ROOT_IN_TREE + 8 > page.length) return false;
  const root = page.readBigUInt64LE(data + ROOT_IN_TREE);
  if (root !== NO_PAGE) waiting.push(root);
  return true;
}
