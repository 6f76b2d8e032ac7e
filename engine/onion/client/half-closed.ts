import type { StreamId } from '../units.ts';

/** What may still come on a stream that we have closed. */
interface HalfClosed {
  /** DATA cells; Infinity with congestion control. */
  dataCells: number;
  /** CONNECTED or RESOLVED was still to come. */
  isAnswerDue: boolean;
}

/** More closed streams whose END has not come make a circuit unfit for new ones. */
export const HALF_CLOSED_MAX = 1024;

/** Streams that we have closed while the other end may not know it yet: what it sends is not a breach of rules. */
export class HalfClosedStreams {
  readonly #streams = new Map<StreamId, HalfClosed>();

  get isFull(): boolean {
    return this.#streams.size >= HALF_CLOSED_MAX;
  }

  has(id: StreamId): boolean {
    return this.#streams.has(id);
  }

  add(id: StreamId, dataCells: number, isAnswerDue: boolean): void {
    this.#streams.set(id, { dataCells, isAnswerDue });
  }

  /** A message came for `id`. False: it may not be. */
  accepts(id: StreamId, message: 'data' | 'answer' | 'end' | 'flow'): boolean {
    const stream = this.#streams.get(id);
    if (stream === undefined) return false;
    if (message === 'end') return this.#streams.delete(id);
    if (message === 'flow') return true;
    if (message === 'answer') {
      const isDue = stream.isAnswerDue;
      stream.isAnswerDue = false;
      return isDue;
    }
    stream.dataCells -= 1;
    return stream.dataCells >= 0;
  }
}
