import type { SimRandom } from './chance.ts';

/** What a power cut may keep or lose as one, and what space is counted in. */
export const BLOCK_BYTES = 4096;
/** What a power cut may tear a block into: drives write sectors whole. */
const SECTOR_BYTES = 512;
const PAGE_BYTES = 65536;
const PAGE_BLOCKS = PAGE_BYTES / BLOCK_BYTES;

interface Page {
  readonly bytes: Uint8Array;
  /** One bit per block that was ever written. */
  written: number;
}

/** The content of a virtual file: sparse, and it remembers what a power cut could undo. */
export class SimFile {
  readonly kind = 'file';
  readonly #pages = new Map<number, Page>();
  /** Blocks changed since the last sync, with what they were before; undefined: zeros. */
  readonly #before = new Map<number, Uint8Array | undefined>();
  #byteLength = 0;
  #syncedLength = 0;
  #blocks = 0;
  modifiedMs = 0;

  get byteLength(): number {
    return this.#byteLength;
  }

  /** Space it takes. */
  get usedBytes(): number {
    return this.#blocks * BLOCK_BYTES;
  }

  /** Space that writing there would take in addition. */
  neededBytes(position: number, length: number): number {
    if (length === 0) return 0;
    let blocks = 0;
    const last = Math.ceil((position + length) / BLOCK_BYTES);
    for (let block = Math.floor(position / BLOCK_BYTES); block < last; block++) {
      if (!this.#isWritten(block)) blocks++;
    }
    return blocks * BLOCK_BYTES;
  }

  /** Fills `target` from `position` on; the count, less than asked at the end of the file. */
  read(target: Uint8Array, position: number): number {
    const length = Math.max(0, Math.min(target.length, this.#byteLength - position));
    for (let done = 0; done < length; ) {
      const at = position + done;
      const start = at % PAGE_BYTES;
      const count = Math.min(PAGE_BYTES - start, length - done);
      const page = this.#pages.get(Math.floor(at / PAGE_BYTES));
      if (page === undefined) target.fill(0, done, done + count);
      else target.set(page.bytes.subarray(start, start + count), done);
      done += count;
    }
    return length;
  }

  write(bytes: Uint8Array, position: number): void {
    if (bytes.length === 0) return;
    this.#touch(position, bytes.length);
    this.#put(bytes, position);
    this.#byteLength = Math.max(this.#byteLength, position + bytes.length);
  }

  truncate(byteLength: number): void {
    if (byteLength < this.#byteLength) this.#clear(byteLength, this.#byteLength);
    this.#byteLength = byteLength;
  }

  /** All so far survives a power cut. */
  sync(): void {
    this.#before.clear();
    this.#syncedLength = this.#byteLength;
  }

  /** Power cut: each change not synced has been kept, lost or torn. What is left then is on the disk for good. */
  crash(chance: SimRandom): void {
    for (const [block, before] of this.#before) {
      const fate = chance.below(4);
      if (fate >= 2) this.#restore(block, before, fate === 2 ? 0 : chance.below(8) * SECTOR_BYTES);
    }
    this.#before.clear();
    if (this.#byteLength !== this.#syncedLength && chance.below(2) === 0) this.truncate(this.#syncedLength);
    this.sync();
  }

  #isWritten(block: number): boolean {
    const page = this.#pages.get(Math.floor(block / PAGE_BLOCKS));
    return page !== undefined && (page.written & (1 << (block % PAGE_BLOCKS))) !== 0;
  }

  #page(index: number): Page {
    const known = this.#pages.get(index);
    if (known !== undefined) return known;
    const page = { bytes: new Uint8Array(PAGE_BYTES), written: 0 };
    this.#pages.set(index, page);
    return page;
  }

  /** Remembers what lies there, and takes the space. */
  #touch(position: number, length: number): void {
    const last = Math.ceil((position + length) / BLOCK_BYTES);
    for (let block = Math.floor(position / BLOCK_BYTES); block < last; block++) {
      const page = this.#page(Math.floor(block / PAGE_BLOCKS));
      const bit = 1 << (block % PAGE_BLOCKS);
      const written = (page.written & bit) !== 0;
      if (!this.#before.has(block)) {
        const start = (block % PAGE_BLOCKS) * BLOCK_BYTES;
        this.#before.set(block, written ? page.bytes.slice(start, start + BLOCK_BYTES) : undefined);
      }
      if (!written) this.#blocks++;
      page.written |= bit;
    }
  }

  #put(bytes: Uint8Array, position: number): void {
    for (let done = 0; done < bytes.length; ) {
      const at = position + done;
      const start = at % PAGE_BYTES;
      const count = Math.min(PAGE_BYTES - start, bytes.length - done);
      this.#page(Math.floor(at / PAGE_BYTES)).bytes.set(bytes.subarray(done, done + count), start);
      done += count;
    }
  }

  /** Zeros from `start` to `end`, and the space of whole blocks back. */
  #clear(start: number, end: number): void {
    for (const index of [...this.#pages.keys()]) {
      const page = this.#pages.get(index)!;
      const from = Math.max(start - index * PAGE_BYTES, 0);
      const to = Math.min(end - index * PAGE_BYTES, PAGE_BYTES);
      if (from >= PAGE_BYTES || to <= 0) continue;
      this.#rememberWritten(index, page, from);
      page.bytes.fill(0, from, to);
      for (let block = Math.ceil(from / BLOCK_BYTES); block < PAGE_BLOCKS; block++) {
        if ((page.written & (1 << block)) !== 0) this.#blocks--;
        page.written &= ~(1 << block);
      }
      if (page.written === 0) this.#pages.delete(index);
    }
  }

  #rememberWritten(index: number, page: Page, from: number): void {
    for (let block = Math.floor(from / BLOCK_BYTES); block < PAGE_BLOCKS; block++) {
      const number = index * PAGE_BLOCKS + block;
      if ((page.written & (1 << block)) === 0 || this.#before.has(number)) continue;
      this.#before.set(number, page.bytes.slice(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES));
    }
  }

  /** Gives a block its old content back, except for the first `keptBytes`. */
  #restore(block: number, before: Uint8Array | undefined, keptBytes: number): void {
    const start = block * BLOCK_BYTES;
    const old = before ?? new Uint8Array(BLOCK_BYTES);
    this.#touch(start, BLOCK_BYTES);
    this.#put(old.subarray(keptBytes), start + keptBytes);
  }
}
