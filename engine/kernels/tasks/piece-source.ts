import { readSync } from 'node:fs';
import type { OpenFiles } from './open-files.ts';

/** In place of the index of a path: zeros that are stored nowhere (BEP 47). */
export const PADDING = -1;

/** Numbers per extent: index of the path or {@link PADDING}, position in the file, length. */
export const EXTENT_NUMBERS = 3;

/** Bytes of a file that were asked for and did not come. */
export interface ReadFault {
  /** Which piece of the task. */
  readonly piece: number;
  /** Index of the path. */
  readonly path: number;
  /** The file ended early, could not be opened at all, or the system refused to read there. */
  readonly kind: 'short' | 'unopened' | 'unreadable';
  /** What the system said, such as EIO; empty for a file that ended early. */
  readonly code: string;
  readonly from: number;
  readonly to: number;
}

/** Reads one piece after the other, each from front to back, straight into the slab. */
export class PieceSource {
  /** Bytes read from files. */
  bytesRead = 0;
  /** The piece that was begun last cannot be had: its bytes from here on are anything. */
  failed = false;
  readonly faults: ReadFault[] = [];
  readonly #bytes: Uint8Array;
  readonly #files: OpenFiles;
  #extents: Float64Array = new Float64Array(0);
  #piece = 0;
  #at = 0;
  /** Bytes done of the extent at #at. */
  #done = 0;

  constructor(bytes: Uint8Array, files: OpenFiles) {
    this.#bytes = bytes;
    this.#files = files;
  }

  /** Starts with piece number `piece`, whose first extent is at `extents[at]`. */
  begin(piece: number, extents: Float64Array, at: number): void {
    this.#extents = extents;
    this.#piece = piece;
    this.#at = at;
    this.#done = 0;
    this.failed = false;
  }

  /** Puts the next `byteLength` bytes of the piece at `offset`. It must have that many left. */
  fill(offset: number, byteLength: number): void {
    const end = offset + byteLength;
    for (let to = offset; to < end && !this.failed; ) {
      const left = this.#extents[this.#at + 2]! - this.#done;
      if (left === 0) {
        this.#at += EXTENT_NUMBERS;
        this.#done = 0;
        continue;
      }
      const step = Math.min(left, end - to);
      this.#read(to, step);
      to += step;
      this.#done += step;
    }
  }

  #read(offset: number, byteLength: number): void {
    const path = this.#extents[this.#at]!;
    if (path === PADDING) {
      this.#bytes.fill(0, offset, offset + byteLength);
      return;
    }
    const position = this.#extents[this.#at + 1]! + this.#done;
    const descriptor = this.#open(path, position);
    if (descriptor === undefined) return;
    let got = 0;
    try {
      while (got < byteLength) {
        const count = readSync(descriptor, this.#bytes, offset + got, byteLength - got, position + got);
        if (count === 0) break;
        got += count;
        this.bytesRead += count;
      }
    } catch (error) {
      this.#fail(path, 'unreadable', codeOf(error), position + got, position + byteLength);
      return;
    }
    if (got < byteLength) this.#fail(path, 'short', '', position + got, this.#extentEnd);
  }

  #open(path: number, position: number): number | undefined {
    try {
      return this.#files.descriptor(path);
    } catch (error) {
      this.#fail(path, 'unopened', codeOf(error), position, this.#extentEnd);
      return undefined;
    }
  }

  get #extentEnd(): number {
    return this.#extents[this.#at + 1]! + this.#extents[this.#at + 2]!;
  }

  #fail(path: number, kind: ReadFault['kind'], code: string, from: number, to: number): void {
    this.failed = true;
    this.faults.push({ piece: this.#piece, path, kind, code, from, to });
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'EIO';
}
