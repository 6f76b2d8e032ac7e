import type { Bitfield } from '../../bittorrent/bitfield.ts';
import { doneBytesByFile, wantedBytesOf as wantedOfFiles, wishesOf } from '../../bittorrent/file-choice.ts';
import { Layout } from '../../bittorrent/layout.ts';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import type { FileWish } from '../control/details.ts';
import { NO_BYTES } from './entry.ts';

const NORMAL: FileWish = 2;

/** How file `index` is wanted; `wishes` may be empty or short. */
export function wishOf(wishes: Uint8Array, index: number): FileWish {
  const wish = wishes[index];
  return wish === undefined || wish > 3 ? NORMAL : (wish as FileWish);
}

/** The wishes after some have changed; empty when all files are wanted alike. */
export function withWishes(
  wishes: Uint8Array,
  changes: ReadonlyMap<number, FileWish>,
  fileCount: number,
): Uint8Array {
  const next = new Uint8Array(fileCount).fill(NORMAL);
  next.set(wishes.subarray(0, fileCount));
  for (const [index, wish] of changes) if (index >= 0 && index < fileCount) next[index] = wish;
  return next.every((wish) => wish === NORMAL) ? NO_BYTES : next;
}

/** Bytes of the chosen files. */
export function wantedBytesOf(metainfo: Metainfo, wishes: Uint8Array): number {
  if (wishes.length === 0) return metainfo.contentBytes;
  return wantedOfFiles(metainfo.files, wishesOf(metainfo.files, wishes));
}

/** Verified bytes of the chosen files. */
export function doneBytesOf(metainfo: Metainfo, wishes: Uint8Array, have: Bitfield): number {
  if (have.isFull) return wantedBytesOf(metainfo, wishes);
  if (have.isEmpty) return 0;
  const all = wishesOf(metainfo.files, wishes);
  return doneBytesByFile(new Layout(metainfo), metainfo.files, have).reduce(
    (sum, bytes, index) => sum + (all[index] === 0 ? 0 : bytes),
    0,
  );
}
