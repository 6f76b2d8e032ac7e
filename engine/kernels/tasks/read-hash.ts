import { BLOCK_BYTES, type Extent } from '../types.ts';
import type { TaskContext } from './context.ts';
import { LEAF_ROW_BYTES, LeafRow } from './leaf-row.ts';
import { OpenFiles } from './open-files.ts';
import { type PieceSink, Sha1Sink, TreeSink } from './piece-sinks.ts';
import { EXTENT_NUMBERS, PieceSource, type ReadFault } from './piece-source.ts';

/** Pieces to read from disk and to hash. */
export interface ReadHashPayload {
  readonly paths: readonly string[];
  /** {@link EXTENT_NUMBERS} numbers for each extent, the extents of all pieces one behind the other. */
  readonly extents: Float64Array;
  /** For each piece: how many extents it has. */
  readonly extentCounts: Uint32Array;
  /** Whether to hash whole pieces with SHA-1 (BEP 3). */
  readonly sha1: boolean;
  /** For each piece two numbers: bytes under its BEP 52 hash, leaves of its subtree. Undefined: no such hash. */
  readonly trees: Float64Array | undefined;
}

export interface ReadHashResult {
  /** 20 bytes for each piece, or none. What stands for a piece with a fault means nothing. */
  readonly digests: Uint8Array;
  /** 32 bytes for each piece, or none. */
  readonly roots: Uint8Array;
  /** At most one for each piece: reading it ends there. */
  readonly faults: readonly ReadFault[];
  readonly bytesRead: number;
}

/** Slots of a private run that {@link readHash} works best with: four chunks of 96 KiB and the leaves of their pieces. */
export const READ_HASH_SLOTS = 33;

const PAGE_BYTES = 4096;
/** What is read before it is hashed. It has to be still in the second-level cache then: many cores have 512 KiB. */
const CHUNK_BYTES_MAX = 256 * 1024;

/**
 * Reads pieces chunk by chunk into the worker's own part of the slab and hashes them where they lie. Every byte is
 * read once, also when both hashes are asked for.
 */
export function readHash(payload: ReadHashPayload, context: TaskContext): ReadHashResult {
  const files = new OpenFiles(payload.paths);
  try {
    return new ReadHash(payload, context, files).run();
  } finally {
    files.closeAll();
  }
}

class ReadHash {
  readonly #payload: ReadHashPayload;
  readonly #lengths: Float64Array;
  readonly #lanes: number;
  readonly #chunkBytes: number;
  readonly #offsets: readonly number[];
  readonly #sources: readonly PieceSource[];
  readonly #sha1: Sha1Sink | undefined;
  readonly #tree: TreeSink | undefined;
  readonly #sinks: readonly PieceSink[];

  constructor(payload: ReadHashPayload, context: TaskContext, files: OpenFiles) {
    this.#payload = payload;
    this.#lengths = pieceLengths(payload);
    const pieceCount = this.#lengths.length;
    if (payload.sha1) this.#sha1 = new Sha1Sink(pieceCount, context.hashers('sha1'));
    // Leaves of one piece go side by side anyway.
    this.#lanes = payload.sha1 ? context.hashers('sha1').wide.lanes : 1;
    const { chunkBytes, chunks, rows } = roomIn(context.privateRun, this.#lanes);
    if (payload.trees !== undefined) this.#tree = treeSink(payload.trees, rows, context);
    this.#sinks = [this.#sha1, this.#tree].filter((sink) => sink !== undefined);
    this.#chunkBytes = chunkBytes;
    this.#offsets = chunks;
    this.#sources = this.#offsets.map(() => new PieceSource(context.bytes, files));
  }

  run(): ReadHashResult {
    const { extentCounts } = this.#payload;
    const pieceCount = extentCounts.length;
    let extent = 0;
    for (let first = 0; first < pieceCount; ) {
      const count = this.#groupAt(first);
      for (let lane = 0; lane < count; lane += 1) {
        this.#sources[lane]!.begin(first + lane, this.#payload.extents, extent * EXTENT_NUMBERS);
        extent += extentCounts[first + lane]!;
      }
      this.#hashGroup(first, count);
      first += count;
    }
    return {
      digests: this.#sha1?.digests ?? new Uint8Array(0),
      roots: this.#tree?.roots ?? new Uint8Array(0),
      faults: this.#sources.flatMap((source) => source.faults),
      bytesRead: this.#sources.reduce((sum, source) => sum + source.bytesRead, 0),
    };
  }

  /** How many pieces from `first` go side by side: those of one length, which are all but the last of a torrent. */
  #groupAt(first: number): number {
    let count = 1;
    while (count < this.#lanes && this.#lengths[first + count] === this.#lengths[first]) count += 1;
    return count;
  }

  #hashGroup(first: number, count: number): void {
    for (const sink of this.#sinks) sink.begin(first, count);
    let left = this.#lengths[first]!;
    while (left > 0) {
      const step = Math.min(left, this.#chunkBytes);
      let failed = 0;
      for (let lane = 0; lane < count; lane += 1) {
        const source = this.#sources[lane]!;
        source.fill(this.#offsets[lane]!, step);
        if (source.failed) failed += 1;
      }
      if (failed === count) break;
      for (const sink of this.#sinks) sink.update(this.#offsets, step);
      left -= step;
    }
    for (const sink of this.#sinks) sink.end(left <= 0);
  }
}

function pieceLengths(payload: ReadHashPayload): Float64Array {
  const lengths = new Float64Array(payload.extentCounts.length);
  let at = 2;
  for (let piece = 0; piece < lengths.length; piece += 1) {
    for (let extent = 0; extent < payload.extentCounts[piece]!; extent += 1, at += EXTENT_NUMBERS) {
      lengths[piece]! += payload.extents[at]!;
    }
  }
  return lengths;
}

function treeSink(trees: Float64Array, rowOffsets: readonly number[], context: TaskContext): TreeSink {
  const rows = rowOffsets.map((offset) => new LeafRow(context.bytes, offset, context.sha256Tree));
  const shapeOf = (piece: number) => ({ byteLength: trees[2 * piece]!, width: trees[2 * piece + 1]! });
  return new TreeSink(trees.length / 2, shapeOf, rows);
}

interface Room {
  readonly chunkBytes: number;
  /** Where they lie, by lane. */
  readonly chunks: readonly number[];
  readonly rows: readonly number[];
}

/** Cuts a private run into a chunk and a row of leaves for each lane. Chunks hold whole blocks and start on a page. */
function roomIn(run: Extent, lanes: number): Room {
  const start = Math.ceil(run.offset / PAGE_BYTES) * PAGE_BYTES;
  const bytesForChunk = (run.offset + run.byteLength - start) / lanes - LEAF_ROW_BYTES;
  const chunkBytes = Math.min(CHUNK_BYTES_MAX, Math.floor(bytesForChunk / BLOCK_BYTES) * BLOCK_BYTES);
  if (chunkBytes < BLOCK_BYTES) {
    throw new RangeError(`a private run of ${run.byteLength} bytes is too short to read into`);
  }
  const each = Array.from({ length: lanes }, (_, lane) => lane);
  const rowsStart = start + lanes * chunkBytes;
  return {
    chunkBytes,
    chunks: each.map((lane) => start + lane * chunkBytes),
    rows: each.map((lane) => rowsStart + lane * LEAF_ROW_BYTES),
  };
}
