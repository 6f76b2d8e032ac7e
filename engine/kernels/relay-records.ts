import type { Kernels } from './module.ts';

/** What wasm/relay.ts and wasm/polyval.ts export. `records`, `tags`: see {@link RelayRecords}. */
export interface RelayExports {
  tor1StateBytes(): number;
  tor1WorkBytes(): number;
  tor1Seed(direction: number, seed: number): void;
  tor1RelayCells(records: number, count: number, outcomes: number, tags: number, work: number): void;
  cgoStateBytes(): number;
  cgoWorkBytes(): number;
  cgoStart(direction: number, material: number, work: number): void;
  cgoRelayCells(records: number, count: number, outcomes: number, tags: number, work: number): void;
  /** Adds the key stream whose address stands in the spare word of a record, if any, and wipes it. */
  cgoRelayStreams(records: number, count: number): void;
  clientWorkBytes(): number;
  clientLayerCells(records: number, count: number, outcomes: number, tags: number, work: number): void;
  /** Writes counter blocks for layer `layer` of cells that come in, where their stream is made elsewhere. */
  clientLayerCounters(records: number, count: number, outcomes: number, layer: number, work: number): void;
  /** Takes off that layer; outcomes are 255 before the first. */
  clientLayerPeel(
    records: number,
    count: number,
    outcomes: number,
    tags: number,
    layer: number,
    work: number,
  ): void;
  /** RFC 8452: POLYVAL of blocks of 16 bytes, to the 16 bytes at `sum`. `work`: 1536 bytes. */
  polyvalSum(sum: number, key: number, data: number, blocks: number, work: number): void;
}

/** One of the kernels that work on a batch. */
export type RelayKernel = RelayExports['tor1RelayCells'];

const RECORD_WORDS = 4;
const RECORD_BYTES = 4 * RECORD_WORDS;
const TAG_STRIDE = 32;

/**
 * The cells of one run as the kernels read them, four u32 each: address of a direction's state, address of the body,
 * action with command and hop, spare. Behind them one byte of outcome and 32 bytes of tag for each. A run may reach
 * the kernel in parts; the numbers of the cells go on.
 */
export class RelayRecords {
  readonly outcomes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #recordsAt: number;
  readonly #outcomesAt: number;
  readonly #tagsAt: number;
  readonly #countMax: number;
  readonly #bodyMax: number;
  #count = 0;
  #flushed = 0;
  #lastCount = 0;

  constructor(
    options: { readonly cellCountMax: number; readonly offset: number; readonly bodyBytes: number },
    modules: { readonly kernels: Kernels },
  ) {
    const { bytes, memory } = modules.kernels;
    const { cellCountMax, offset } = options;
    if (!(cellCountMax >= 1)) throw new RangeError('a batch holds at least one cell');
    if (offset % 64 !== 0) throw new RangeError(`offset ${offset} is not a multiple of 64`);
    this.#words = new Uint32Array(memory.buffer);
    this.#bytes = bytes;
    this.#countMax = cellCountMax;
    this.#recordsAt = offset;
    this.#tagsAt = offset + cellCountMax * RECORD_BYTES;
    this.#outcomesAt = this.#tagsAt + cellCountMax * TAG_STRIDE;
    this.#bodyMax = bytes.length - options.bodyBytes;
    this.outcomes = bytes.subarray(this.#outcomesAt, this.#outcomesAt + cellCountMax);
  }

  /** The memory that so many cells need, in bytes: a multiple of 64. */
  static bytesFor(cellCountMax: number): number {
    return Math.ceil((cellCountMax * (RECORD_BYTES + TAG_STRIDE + 1)) / 64) * 64;
  }

  get count(): number {
    return this.#count;
  }

  get full(): boolean {
    return this.#count === this.#countMax;
  }

  /** Throws RangeError when there is no room for one more, or the body is not inside the memory. */
  check(body: number): void {
    if (this.#count === this.#countMax) throw new RangeError(`a batch of ${this.#countMax} cells is full`);
    if (!(body >= 0 && body <= this.#bodyMax))
      throw new RangeError(`a body at ${body} is outside the memory`);
  }

  /** Adds a cell that has been checked, and gives its number. */
  push(direction: number, body: number, action: number, spare: number): number {
    const index = this.#count;
    const word = this.#recordsAt / 4 + index * RECORD_WORDS;
    this.#words[word] = direction;
    this.#words[word + 1] = body;
    this.#words[word + 2] = action;
    this.#words[word + 3] = spare;
    this.#count = index + 1;
    return index;
  }

  /** Hands the kernel what it has not had yet. */
  flush(kernel: RelayKernel, work: number): void {
    const from = this.#flushed;
    const count = this.#count - from;
    if (count === 0) return;
    this.#flushed = this.#count;
    kernel(
      this.#recordsAt + from * RECORD_BYTES,
      count,
      this.#outcomesAt + from,
      this.#tagsAt + from * TAG_STRIDE,
      work,
    );
  }

  /** After the last flush of a run: the next cell is number 0. */
  end(): void {
    this.#lastCount = this.#count;
    this.#count = 0;
    this.#flushed = 0;
  }

  readTag(index: number, byteLength: number, out: Uint8Array): number {
    if (!(index >= 0 && index < this.#lastCount)) throw new RangeError(`the last run had no cell ${index}`);
    const at = this.#tagsAt + index * TAG_STRIDE;
    out.set(this.#bytes.subarray(at, at + byteLength));
    return byteLength;
  }
}
