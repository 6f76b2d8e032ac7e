import type { OnionClient } from '../../../../engine/onion/client/onion-client.ts';
import type { OnionStream, OnionStreamEnd } from '../../../../engine/onion/client/types.ts';
import type { Clock } from '../../../../engine/runtime/port.ts';
import { CONTENT, CONTENT_PORT, contentRequest, ECHO_PORT } from './content.ts';

/** What a client wants of a stream. */
export interface VisitWish {
  /** `early`: a download that its client closes half way. */
  readonly kind: 'download' | 'echo' | 'early';
  readonly host: string;
  /** Which part of the content. */
  readonly offset: number;
  readonly byteLength: number;
  readonly isolation: string;
  /** So long without a byte, and it is given up, as a browser does. */
  readonly patienceMs: number;
}

/**
 * `complete`: every byte came and was right. `failed`: less came, which was right, and the end said so. `given-up`: as
 * that, but the client lost patience. `wrong`: none of this.
 */
export type VisitOutcome = 'complete' | 'failed' | 'given-up' | 'wrong';

/** A stream of a client, watched from its beginning to its end. */
export class Visit {
  readonly wish: VisitWish;
  outcome: VisitOutcome | undefined;
  /** Of the end; for `wrong`: what is. */
  reason = '';
  gotBytes = 0;
  openedMs: number | undefined;
  endedMs = 0;
  readonly #clock: Clock;
  readonly #expected: Uint8Array;
  readonly #stream: OnionStream;
  #lastMs: number;
  #fault = '';
  #hasGivenUp = false;

  constructor(wish: VisitWish, modules: { readonly client: OnionClient; readonly clock: Clock }) {
    this.wish = wish;
    const { clock, client } = modules;
    const { kind, host, offset, byteLength, isolation } = wish;
    this.#clock = clock;
    this.#lastMs = clock.now();
    this.#expected = CONTENT.subarray(offset, offset + byteLength);
    const port = kind === 'echo' ? ECHO_PORT : CONTENT_PORT;
    this.#stream = client.openStream(
      { host, port, isolation },
      {
        onOpen: () => this.#onOpen(),
        onData: (bytes) => this.#onData(bytes),
        onDrain: () => {},
        onClose: (end) => this.#onClose(end),
      },
    );
    this.#stream.write(kind === 'echo' ? this.#expected : contentRequest(offset, byteLength));
    this.#watch();
  }

  #onOpen(): void {
    if (this.openedMs !== undefined || this.outcome !== undefined) this.#fault ||= 'opened twice';
    this.openedMs = this.#clock.now();
    this.#lastMs = this.openedMs;
  }

  #onData(bytes: Uint8Array): void {
    const { gotBytes } = this;
    const { kind, byteLength } = this.wish;
    const expected = this.#expected.subarray(gotBytes, gotBytes + bytes.length);
    if (this.openedMs === undefined) this.#fault ||= 'data before it was open';
    if (this.outcome !== undefined) this.#fault ||= 'data behind the end';
    if (Buffer.compare(bytes, expected) !== 0) this.#fault ||= `other bytes from ${gotBytes} on`;
    this.gotBytes += bytes.length;
    this.#lastMs = this.#clock.now();
    this.#stream.consumed(bytes.length);
    if (kind === 'early' && this.gotBytes >= byteLength / 2) this.#stream.destroy();
    if (kind === 'echo' && this.gotBytes === byteLength) this.#stream.end();
  }

  #onClose(end: OnionStreamEnd): void {
    if (this.outcome !== undefined) this.#fault ||= 'closed twice';
    this.reason = this.#fault || (this.#hasGivenUp ? 'patience' : end.reason);
    this.outcome = this.#fault === '' ? this.#judge(end) : 'wrong';
    this.endedMs = this.#clock.now();
  }

  #judge(end: OnionStreamEnd): VisitOutcome {
    const { kind, byteLength } = this.wish;
    const wanted = kind === 'early' ? byteLength / 2 : byteLength;
    if (this.gotBytes >= wanted && end.kind === (kind === 'download' ? 'ended' : 'closed')) return 'complete';
    if (this.#hasGivenUp) return 'given-up';
    if (end.kind === 'failed') return 'failed';
    this.reason = `${end.kind} (${end.reason}) after ${this.gotBytes} of ${byteLength} bytes`;
    return 'wrong';
  }

  #watch(): void {
    const { patienceMs } = this.wish;
    const leftMs = this.#lastMs + patienceMs - this.#clock.now();
    this.#clock.setTimer(leftMs, () => {
      if (this.outcome !== undefined) return;
      if (this.#clock.now() - this.#lastMs < patienceMs) this.#watch();
      else {
        this.#hasGivenUp = true;
        this.#stream.destroy();
      }
    });
  }
}
