import type { Endpoint, Timer } from '../../runtime/port.ts';
import { encodeQuery, type KrpcWriter, type QueryFields, type QueryHead } from './krpc-encode.ts';
import type { KrpcMessage } from './krpc-types.ts';
import type { DhtRuntime } from './types.ts';

export interface TransactionOptions {
  /** A query that is not answered by then has failed. */
  readonly timeoutMs: number;
  /** Queries under way at once. */
  readonly pendingMax: number;
  /** BEP 43: whether queries say that this node answers none. */
  readonly readOnly: boolean;
}

/** What the asker is told; exactly one of `answer` and `fail` is called, once. */
export interface QueryHandler {
  answer(message: KrpcMessage, rttMs: number): void;
  /** Takes longer than most answers. */
  slow?(): void;
  /** `timeout`: silence. `error`: an error message, with its code. `closed`: the node has stopped. */
  fail(reason: 'timeout' | 'error' | 'closed', code: number): void;
}

interface Pending {
  readonly to: Endpoint;
  readonly handler: QueryHandler;
  readonly sentMs: number;
  timer: Timer;
}

/** Bounds of what counts as slow. */
const SLOW_MS_MIN = 30;
const SLOW_MS_MAX = 1000;
/** Where the estimate starts: about the longest way round the earth. */
const SLOW_MS_START = 250;

/**
 * Queries that wait for their answers. An answer counts only with the chance 32 bits of the query and from the
 * endpoint that was asked.
 */
export class Transactions {
  readonly #options: TransactionOptions;
  readonly #runtime: DhtRuntime;
  readonly #writer: KrpcWriter;
  readonly #send: (bytes: Uint8Array, to: Endpoint) => void;
  readonly #pending = new Map<number, Pending>();
  /** Follows the 80th percentile of the round trips seen. */
  #slowMs = SLOW_MS_START;
  sent = 0;
  answered = 0;
  timeouts = 0;
  unexpected = 0;
  #isOpen = false;

  constructor(
    options: TransactionOptions,
    modules: {
      readonly runtime: DhtRuntime;
      readonly writer: KrpcWriter;
      readonly send: (bytes: Uint8Array, to: Endpoint) => void;
    },
  ) {
    this.#options = options;
    this.#runtime = modules.runtime;
    this.#writer = modules.writer;
    this.#send = modules.send;
  }

  get pending(): number {
    return this.#pending.size;
  }

  get slowMs(): number {
    return this.#slowMs;
  }

  get hasRoom(): boolean {
    return this.#isOpen && this.#pending.size < this.#options.pendingMax;
  }

  /** Sends a query. False when it is closed or too many are under way: nothing was sent and the handler is not called. */
  query(to: Endpoint, name: QueryHead['name'], fields: QueryFields, handler: QueryHandler): boolean {
    if (!this.hasRoom) return false;
    const { clock, random } = this.#runtime;
    let transaction = random.below(2 ** 32);
    while (this.#pending.has(transaction)) transaction = random.below(2 ** 32);
    const head = { name, transaction, readOnly: this.#options.readOnly };
    const entry: Pending = {
      to,
      handler,
      sentMs: clock.now(),
      timer: clock.setTimer(this.#slowMs, () => this.#slow(transaction)),
    };
    this.#pending.set(transaction, entry);
    this.sent++;
    this.#send(encodeQuery(this.#writer, head, fields), to);
    return true;
  }

  /** An answer or error has come. False when nobody waits for it. */
  onMessage(message: KrpcMessage, from: Endpoint): boolean {
    const { transaction: t } = message;
    const key = t.length === 4 ? ((t[0]! << 24) | (t[1]! << 16) | (t[2]! << 8) | t[3]!) >>> 0 : -1;
    const entry = this.#pending.get(key);
    if (entry === undefined || entry.to.port !== from.port || entry.to.host !== from.host) {
      this.unexpected++;
      return false;
    }
    this.#pending.delete(key);
    entry.timer.cancel();
    const rttMs = this.#runtime.clock.now() - entry.sentMs;
    this.#learn(rttMs);
    this.answered++;
    if (message.kind === 'e') entry.handler.fail('error', message.errorCode);
    else entry.handler.answer(message, rttMs);
    return true;
  }

  /** From here on queries can be sent. */
  open(): void {
    this.#isOpen = true;
  }

  /** All that wait fail, and nothing more is sent. */
  close(): void {
    this.#isOpen = false;
    const entries = [...this.#pending.values()];
    this.#pending.clear();
    for (const entry of entries) {
      entry.timer.cancel();
      entry.handler.fail('closed', 0);
    }
  }

  #slow(key: number): void {
    const entry = this.#pending.get(key);
    if (entry === undefined) return;
    const { clock } = this.#runtime;
    const leftMs = this.#options.timeoutMs - (clock.now() - entry.sentMs);
    entry.timer = clock.setTimer(Math.max(0, leftMs), () => this.#timeout(key));
    entry.handler.slow?.();
  }

  #timeout(key: number): void {
    const entry = this.#pending.get(key);
    if (entry === undefined) return;
    this.#pending.delete(key);
    this.timeouts++;
    entry.handler.fail('timeout', 0);
  }

  /** One small step up or down: four down for each up keep it at the 80th percentile. */
  #learn(rttMs: number): void {
    const step = Math.max(1, this.#slowMs / 32);
    const next = rttMs > this.#slowMs ? this.#slowMs + step * 0.8 * 4 : this.#slowMs - step * 0.2 * 4;
    this.#slowMs = Math.min(SLOW_MS_MAX, Math.max(SLOW_MS_MIN, next));
  }
}
