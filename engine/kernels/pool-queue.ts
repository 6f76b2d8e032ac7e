import { messageBytes } from './tasks/message-list.ts';
import type { HashName, Message } from './types.ts';

/** One `digest` call on its way through the pool. */
export interface HashCall {
  readonly name: HashName;
  readonly messages: readonly Message[];
  readonly byteLength: number;
  readonly out: Uint8Array;
  readonly resolve: (digests: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
  /** Messages of it that nobody has hashed yet. */
  unanswered: number;
  /** It was rejected: what is left of it need not be done. */
  failed: boolean;
}

/** Part of a call: `count` of its messages from `first`. */
export interface HashJob {
  readonly call: HashCall;
  readonly first: number;
  readonly count: number;
}

/** What one worker is to hash in one go. */
export interface HashBatch {
  readonly name: HashName;
  readonly jobs: readonly HashJob[];
}

export interface BatchRule {
  /** Go on until there is this much to hash, while there is more; at least 1. */
  readonly byteLengthMin: number;
  /** Then go on until the number of messages is a multiple of this, so that no lane idles. */
  readonly lanes: number;
}

/** The calls that wait for one hash function, first come, first served, cut into batches as workers ask for them. */
export class HashQueue {
  readonly name: HashName;
  readonly #calls: HashCall[] = [];
  /** Of the first call: its next message, and how many of its bytes are gone. */
  #next = 0;
  #nextBytes = 0;
  #byteLength = 0;

  constructor(name: HashName) {
    this.name = name;
  }

  /** Bytes that wait. */
  get byteLength(): number {
    return this.#byteLength;
  }

  get empty(): boolean {
    return this.#calls.length === 0;
  }

  add(call: HashCall): void {
    this.#calls.push(call);
    this.#byteLength += call.byteLength;
  }

  /** Takes the next batch, or undefined when nothing waits. */
  take(rule: BatchRule): HashBatch | undefined {
    const jobs: HashJob[] = [];
    let byteLength = 0;
    let count = 0;
    while (this.#calls.length > 0) {
      const call = this.#calls[0]!;
      const first = this.#next;
      while (!call.failed && this.#next < call.messages.length) {
        if (byteLength >= rule.byteLengthMin && count % rule.lanes === 0) break;
        const length = messageBytes(call.messages[this.#next]!);
        this.#next += 1;
        this.#nextBytes += length;
        byteLength += length;
        count += 1;
        this.#byteLength -= length;
      }
      if (this.#next > first) jobs.push({ call, first, count: this.#next - first });
      if (!call.failed && this.#next < call.messages.length) break;
      this.#dropFirst(call);
    }
    return jobs.length === 0 ? undefined : { name: this.name, jobs };
  }

  /** Takes out everything: what is left of each call. */
  drain(): HashCall[] {
    const calls = this.#calls.splice(0);
    this.#byteLength = 0;
    this.#next = 0;
    this.#nextBytes = 0;
    return calls;
  }

  #dropFirst(call: HashCall): void {
    this.#byteLength -= call.byteLength - this.#nextBytes;
    this.#next = 0;
    this.#nextBytes = 0;
    this.#calls.shift();
  }
}

/**
 * How much a batch should carry when `waitingBytes` wait for `threadCount` workers: enough that the trip to the
 * worker and back (some tens of microseconds) does not count, and where much waits more, as every trip also costs
 * the calling thread; yet not so much that one worker is still busy while the others have nothing left.
 */
export function batchBytes(waitingBytes: number, threadCount: number): number {
  const share = waitingBytes / (2 * threadCount);
  return Math.min(Math.max(share, BATCH_BYTES_MIN), BATCH_BYTES_MAX);
}

/** A millisecond of hashing: the trip is a few percent of it. */
export const BATCH_BYTES_MIN = 1 << 20;
const BATCH_BYTES_MAX = 4 << 20;
