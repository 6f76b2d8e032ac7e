import { encodeAnswerHead } from '../../../onion/directory/directory-answer.ts';
import { DirectoryRequestReader } from '../../../onion/directory/directory-request.ts';
import type { DirectoryHandler } from '../../../onion/relay/services.ts';
import type { Clock } from '../../../runtime/port.ts';
import { REQUEST_BODY_BYTES_MAX } from '../directory-handler.ts';

/** Requests of one shard that may wait for the main thread; of 64 KiB each at most. */
export const ASKED_MAX = 256;

interface Asked {
  resolve(bytes: Uint8Array): void;
  reject(error: Error): void;
}

/** Directory requests of a shard: looked at here until they are whole, and answered by the main thread. */
export class DirectoryAsker {
  readonly #clock: Clock;
  readonly #ask: (number: number, bytes: Uint8Array) => void;
  readonly #asked = new Map<number, Asked>();
  #asks = 0;

  constructor(modules: {
    readonly clock: Clock;
    /** Hands a whole request on, which is answered by {@link answer} with its number. */
    readonly ask: (number: number, bytes: Uint8Array) => void;
  }) {
    this.#clock = modules.clock;
    this.#ask = modules.ask;
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#asked.size;
  }

  /** Answers 503 itself while {@link ASKED_MAX} others wait. */
  readonly handler: DirectoryHandler = (bytes) => {
    const request = new DirectoryRequestReader({ bodyBytesMax: REQUEST_BODY_BYTES_MAX }).push(bytes);
    if (request.ok && request.value === 'more') return undefined;
    if (this.#asked.size >= ASKED_MAX) return this.#busy();
    this.#asks += 1;
    const number = this.#asks;
    return new Promise((resolve, reject) => {
      this.#asked.set(number, { resolve, reject });
      this.#ask(number, bytes.slice());
    });
  };

  /** `bytes` undefined: there is none, and the stream ends. A number that does not wait is passed over. */
  answer(number: number, bytes: Uint8Array | undefined): void {
    const asked = this.#asked.get(number);
    this.#asked.delete(number);
    if (bytes === undefined) asked?.reject(new Error('no answer'));
    else asked?.resolve(bytes);
  }

  #busy(): Uint8Array {
    const draft = {
      status: 503,
      reason: 'Busy',
      body: [],
      encoding: 'identity',
      lifetimeMs: undefined,
    } as const;
    return encodeAnswerHead(draft, { nowMs: this.#clock.wallClock(), clientAddress: undefined });
  }
}
