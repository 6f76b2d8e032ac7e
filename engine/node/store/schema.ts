import * as v from 'valibot';

/** Raised when older versions could not read what this one writes. */
export const STORE_VERSION = 2;

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const bytes = v.custom<Uint8Array>((value) => value instanceof Uint8Array, 'bytes expected');

/** How the last run ended, and what the next torrent is called. */
export const sessionSchema = v.object({
  version: count,
  /** {@link bootId} of the run; empty where the system has none. */
  boot: v.string(),
  /** Everything was saved at the end of the run. */
  clean: v.boolean(),
  nextNumber: count,
  /** How many torrents there are: a damaged index must not pass for an empty one. */
  torrentCount: count,
});
export type StoredSession = v.InferOutput<typeof sessionSchema>;

/** A torrent the node was given. */
export const torrentSchema = v.object({
  /** Short name in the journal; never used again. */
  number: count,
  /** The torrent file, byte for byte. */
  torrentFile: bytes,
});
export type StoredTorrent = v.InferOutput<typeof torrentSchema>;

/** The same in a store of version 1, which has no summaries. */
export const torrentSchemaV1 = v.object({
  ...torrentSchema.entries,
  /** The folder its files are saved below, absolute. */
  root: v.string(),
  /** Unix milliseconds. */
  addedAtMs: v.number(),
});
export type StoredTorrentV1 = v.InferOutput<typeof torrentSchemaV1>;

/** Length and time of last change of a file when it was known to be as recorded; null for one not there. */
const fileMark = v.nullable(v.object({ byteLength: count, modifiedMs: v.number() }));
export type FileMark = v.InferOutput<typeof fileMark>;

/** How far a torrent is. */
export const resumeSchema = v.object({
  /** Journal entries of other generations are out of date. */
  generation: count,
  /** Bitfield of the pieces that are verified and on stable storage. */
  have: bytes,
  /** Bitfield of the pieces that may be there but have to be read and hashed before they are believed. */
  doubt: bytes,
  /** The doubt is about files that were there before the torrent, of which nothing has turned out right so far. */
  adopting: v.boolean(),
  /** One per file of the torrent, or none at all: then nothing is known of the files. */
  files: v.array(fileMark),
  /** Unix milliseconds. */
  savedAtMs: v.number(),
  downloadedBytes: v.number(),
  uploadedBytes: v.number(),
});
export type StoredResume = v.InferOutput<typeof resumeSchema>;
