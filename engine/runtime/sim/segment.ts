/** What travels on a {@link Wire}: data, the end of the stream, or its sudden death. */
export interface Segment {
  readonly kind: 'data' | 'end' | 'reset';
  /** Only data: the bytes from `start` to `end` of a pooled buffer. */
  readonly buffer: Uint8Array;
  start: number;
  end: number;
  arrivalMs: number;
  /** How often it was sent again because the path was cut. */
  attempts: number;
  /** It has come through the receiver's own line. */
  paced: boolean;
}

const EMPTY = new Uint8Array(0);
/** More than this many free buffers of a size go to the garbage collector: 16 MiB at 16 KiB each. */
const FREE_MAX = 1024;
/** Requests and HAVEs are many and tiny; a full buffer for each would be most of a large world's memory. */
const SMALL_BYTES = 512;

/** Buffers for segments, used again and again: otherwise allocation would be most of a simulation's work. */
export class SegmentPool {
  readonly segmentBytes: number;
  readonly #large: Uint8Array[] = [];
  readonly #small: Uint8Array[] = [];

  constructor(options: { readonly segmentBytes: number }) {
    this.segmentBytes = options.segmentBytes;
  }

  /** For `length` bytes, or the first of them if it is too many for one. */
  data(length: number): Segment {
    const small = length <= SMALL_BYTES && SMALL_BYTES < this.segmentBytes;
    const free = small ? this.#small : this.#large;
    return segment('data', free.pop() ?? new Uint8Array(small ? SMALL_BYTES : this.segmentBytes));
  }

  mark(kind: 'end' | 'reset'): Segment {
    return segment(kind, EMPTY);
  }

  release(used: Segment): void {
    if (used.kind !== 'data') return;
    const free = used.buffer.length === this.segmentBytes ? this.#large : this.#small;
    if (free.length < FREE_MAX) free.push(used.buffer);
  }
}

function segment(kind: Segment['kind'], buffer: Uint8Array): Segment {
  return { kind, buffer, start: 0, end: 0, arrivalMs: 0, attempts: 0, paced: false };
}
