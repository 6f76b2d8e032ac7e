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
/** More than this many free buffers go to the garbage collector: 16 MiB at 16 KiB each. */
const FREE_MAX = 1024;

/** Buffers for segments, used again and again: otherwise allocation would be most of a simulation's work. */
export class SegmentPool {
  readonly segmentBytes: number;
  readonly #free: Uint8Array[] = [];

  constructor(options: { readonly segmentBytes: number }) {
    this.segmentBytes = options.segmentBytes;
  }

  data(): Segment {
    return segment('data', this.#free.pop() ?? new Uint8Array(this.segmentBytes));
  }

  mark(kind: 'end' | 'reset'): Segment {
    return segment(kind, EMPTY);
  }

  release(used: Segment): void {
    if (used.kind === 'data' && this.#free.length < FREE_MAX) this.#free.push(used.buffer);
  }
}

function segment(kind: Segment['kind'], buffer: Uint8Array): Segment {
  return { kind, buffer, start: 0, end: 0, arrivalMs: 0, attempts: 0, paced: false };
}
