import type { Branded } from '../runtime/port.ts';

/** Number of a piece, from 0. */
export type PieceIndex = Branded<number, 'PieceIndex'>;

/** Byte offset inside one piece. BEP 3: `begin` of a request. */
export type BlockOffset = Branded<number, 'BlockOffset'>;

/** Number of a file in {@link import('./metainfo/types.ts').Metainfo.files}, from 0; padding files count. */
export type FileIndex = Branded<number, 'FileIndex'>;

/** A length in bytes. Exact up to 2^53. */
export type ByteCount = Branded<number, 'ByteCount'>;

/** Byte offset in the piece space: all files behind one another, as the pieces see them. */
export type TorrentOffset = Branded<number, 'TorrentOffset'>;

/** Byte offset inside one file. */
export type FilePosition = Branded<number, 'FilePosition'>;

// These cost nothing: they only tell the compiler what a number is. None of them checks it.

/** A number of a piece. */
export const pieceIndex = (index: number): PieceIndex => index as PieceIndex;
/** A byte offset inside a piece. */
export const blockOffset = (offset: number): BlockOffset => offset as BlockOffset;
/** A number of a file. */
export const fileIndex = (index: number): FileIndex => index as FileIndex;
/** A length in bytes. */
export const byteCount = (bytes: number): ByteCount => bytes as ByteCount;
/** A byte offset in the piece space. */
export const torrentOffset = (offset: number): TorrentOffset => offset as TorrentOffset;
/** A byte offset inside a file. */
export const filePosition = (position: number): FilePosition => position as FilePosition;
