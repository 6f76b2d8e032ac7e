import {
  type BlockOffset,
  type ByteCount,
  byteCount,
  type FileIndex,
  type FilePosition,
  fileIndex,
  filePosition,
  type PieceIndex,
  pieceIndex,
} from './units.ts';

/** What the mapping needs to know of a torrent; a {@link import('./metainfo/types.ts').Metainfo} fits. */
export interface LayoutOptions {
  readonly pieceLength: number;
  readonly totalBytes: number;
  /** BEP 52 without v1: pieces never span files, the last piece of each file is short. */
  readonly version: 'v1' | 'v2' | 'hybrid';
  /** In order of their offsets. */
  readonly files: readonly {
    readonly offset: number;
    readonly byteLength: number;
    readonly isPadding: boolean;
  }[];
}

/** A run of bytes of one file. Padding is all zero and stored nowhere. */
export interface FileExtent {
  readonly file: FileIndex;
  readonly position: FilePosition;
  readonly byteLength: ByteCount;
  readonly isPadding: boolean;
}

/** Half-open run of pieces; empty when `first` equals `end`. */
export interface PieceRange {
  readonly first: PieceIndex;
  readonly end: PieceIndex;
}

/**
 * The mapping between pieces and files, pure and immutable. Look-ups are a binary search over the file offsets.
 * Arguments outside of the torrent are mistakes of the caller and throw RangeError: check what a peer asks for
 * against {@link pieceLengthOf} first.
 */
export class Layout {
  readonly pieceLength: ByteCount;
  readonly totalBytes: ByteCount;
  readonly pieceCount: number;
  readonly fileCount: number;
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  readonly #padding: Uint8Array;
  readonly #perFile: boolean;
  readonly #hasPadding: boolean;

  constructor(options: LayoutOptions) {
    const { files } = options;
    this.pieceLength = byteCount(options.pieceLength);
    this.totalBytes = byteCount(options.totalBytes);
    this.pieceCount = Math.ceil(options.totalBytes / options.pieceLength);
    this.fileCount = files.length;
    this.#perFile = options.version === 'v2';
    this.#starts = new Float64Array(files.length);
    this.#ends = new Float64Array(files.length);
    this.#padding = new Uint8Array(files.length);
    let hasPadding = false;
    for (let index = 0; index < files.length; index += 1) {
      const file = files[index]!;
      this.#starts[index] = file.offset;
      this.#ends[index] = file.offset + file.byteLength;
      this.#padding[index] = file.isPadding ? 1 : 0;
      hasPadding ||= file.isPadding;
    }
    this.#hasPadding = hasPadding;
  }

  /** Bytes of this piece on the wire and under its v1 hash: short at the end (v2 only: at the end of a file). */
  pieceLengthOf(piece: PieceIndex): ByteCount {
    this.#checkPiece(piece);
    const begin = piece * this.pieceLength;
    const limit = this.#perFile ? this.#ends[this.#fileAt(begin)]! : this.totalBytes;
    return byteCount(Math.min(this.pieceLength, limit - begin));
  }

  /** Bytes of this piece that are stored in files: {@link pieceLengthOf} less padding. 0: padding only. */
  contentLengthOf(piece: PieceIndex): ByteCount {
    const byteLength = this.pieceLengthOf(piece);
    if (!this.#hasPadding) return byteLength;
    let sum = 0;
    for (const extent of this.extentsOf(piece, 0 as BlockOffset, byteLength)) {
      if (!extent.isPadding) sum += extent.byteLength;
    }
    return byteCount(sum);
  }

  /**
   * Bytes of this piece under its BEP 52 hash: up to the end of the one file it belongs to, without the padding
   * behind it. Only for v2 and hybrid torrents, where a piece never holds two files.
   */
  hashedLengthV2(piece: PieceIndex): ByteCount {
    this.#checkPiece(piece);
    const begin = piece * this.pieceLength;
    return byteCount(Math.min(this.pieceLength, this.#ends[this.#fileAt(begin)]! - begin));
  }

  /** The files under `byteLength` bytes from `begin` of a piece, in order, without empty ones. */
  extentsOf(piece: PieceIndex, begin: BlockOffset, byteLength: number): FileExtent[] {
    const pieceBytes = this.pieceLengthOf(piece);
    if (!(begin >= 0 && byteLength >= 0 && begin + byteLength <= pieceBytes)) {
      throw new RangeError(
        `bytes ${begin}+${byteLength} are outside of piece ${piece} of ${pieceBytes} bytes`,
      );
    }
    const extents: FileExtent[] = [];
    let offset = piece * this.pieceLength + begin;
    const end = offset + byteLength;
    if (offset === end) return extents;
    for (let file = this.#fileAt(offset); offset < end; file += 1) {
      const stop = Math.min(end, this.#ends[file]!);
      if (stop <= offset) continue; // an empty file
      extents.push({
        file: fileIndex(file),
        position: filePosition(offset - this.#starts[file]!),
        byteLength: byteCount(stop - offset),
        isPadding: this.#padding[file] === 1,
      });
      offset = stop;
    }
    return extents;
  }

  /** Where the first byte of a file lies in the piece space. */
  startOf(file: FileIndex): number {
    return this.#starts[file]!;
  }

  /** The pieces a file touches; none for an empty one. First and last may be shared with its neighbours. */
  piecesOf(file: FileIndex): PieceRange {
    if (!(Number.isInteger(file) && file >= 0 && file < this.fileCount)) {
      throw new RangeError(`no file ${file}, there are ${this.fileCount}`);
    }
    const start = this.#starts[file]!;
    const end = this.#ends[file]!;
    const first = Math.floor(start / this.pieceLength);
    return {
      first: pieceIndex(first),
      end: pieceIndex(end > start ? Math.ceil(end / this.pieceLength) : first),
    };
  }

  /** The files with bytes in pieces `first` up to and without `end`: padding included, empty files not. */
  filesOf(first: PieceIndex, end: PieceIndex): FileIndex[] {
    const files: FileIndex[] = [];
    if (first >= end) return files;
    this.#checkPiece(first);
    this.#checkPiece(pieceIndex(end - 1));
    const limit = Math.min(end * this.pieceLength, this.totalBytes);
    for (let file = this.#fileAt(first * this.pieceLength); file < this.fileCount; file += 1) {
      if (this.#starts[file]! >= limit) break;
      if (this.#ends[file]! > this.#starts[file]!) files.push(fileIndex(file));
    }
    return files;
  }

  #checkPiece(piece: PieceIndex): void {
    if (!(Number.isInteger(piece) && piece >= 0 && piece < this.pieceCount)) {
      throw new RangeError(`no piece ${piece}, there are ${this.pieceCount}`);
    }
  }

  /**
   * The last file that starts at or before `offset`. Empty files start where the next one does and come before
   * it, so the last of several with one start is the one with bytes.
   */
  #fileAt(offset: number): number {
    const starts = this.#starts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
