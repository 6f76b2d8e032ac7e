import { INFO_HASH_BYTES } from './torrent-table.ts';
import type { Tracker } from './tracker.ts';

/** What has become of a peer; the number stands in the log. */
export const PEER_CHANGE = { leeches: 0, seeds: 1, gone: 2 } as const;
export type PeerChange = (typeof PEER_CHANGE)[keyof typeof PEER_CHANGE];

const VERSION = 1;
const IS_IPV6 = 0x80;
const ENTRY_BYTES_MAX = 1 + INFO_HASH_BYTES + 18;
/** Bytes of one batch. */
export const LOG_BATCH_BYTES = 64 * 1024;

/**
 * Changes of swarms, one after the other, to be told to other trackers: a version byte, then for each change a kind, an
 * info-hash and an endpoint in compact form.
 */
export class SwarmLogWriter {
  readonly #onBatch: (batch: Uint8Array) => void;
  readonly #bytes = new Uint8Array(LOG_BATCH_BYTES);
  #length = 1;

  /** `onBatch` hears of each batch as soon as it is full, and owns it. */
  constructor(modules: { readonly onBatch: (batch: Uint8Array) => void }) {
    this.#onBatch = modules.onBatch;
    this.#bytes[0] = VERSION;
  }

  add(hashBytes: Uint8Array, hashAt: number, endpoint: Uint16Array, change: PeerChange): void {
    if (this.#length + ENTRY_BYTES_MAX > LOG_BATCH_BYTES) this.flush();
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at++] = endpoint.length === 3 ? change : change | IS_IPV6;
    for (let i = 0; i < INFO_HASH_BYTES; i++) bytes[at++] = hashBytes[hashAt + i]!;
    for (let i = 0; i < endpoint.length; i++) {
      bytes[at++] = endpoint[i]!;
      bytes[at++] = endpoint[i]! >>> 8;
    }
    this.#length = at;
  }

  /** Hands out what there is. */
  flush(): void {
    if (this.#length === 1) return;
    const batch = this.#bytes.slice(0, this.#length);
    this.#length = 1;
    this.#onBatch(batch);
  }
}

/** Peers seen within the same so many seconds are told together. */
const AGE_SEC = 300;

/** Batches by when the peers in them were last seen, to five minutes. */
export class AgedSwarmLogs {
  readonly #onBatch: (batch: Uint8Array, seenSec: number) => void;
  readonly #writers = new Map<number, SwarmLogWriter>();

  /** `onBatch` owns each batch; `seenSec`: no peer in it was seen before. */
  constructor(modules: { readonly onBatch: (batch: Uint8Array, seenSec: number) => void }) {
    this.#onBatch = modules.onBatch;
  }

  at(seenSec: number): SwarmLogWriter {
    const age = Math.floor(seenSec / AGE_SEC);
    let writer = this.#writers.get(age);
    if (writer === undefined) {
      writer = new SwarmLogWriter({ onBatch: (batch) => this.#onBatch(batch, age * AGE_SEC) });
      this.#writers.set(age, writer);
    }
    return writer;
  }

  flush(): void {
    for (const writer of this.#writers.values()) writer.flush();
  }
}

/** Takes a batch of another tracker in, as of `seenSec`. False, with what went before taken in, when it is malformed. */
export function applySwarmLog(tracker: Tracker, batch: Uint8Array, seenSec: number): boolean {
  if (batch[0] !== VERSION) return false;
  const v4 = new Uint16Array(3);
  const v6 = new Uint16Array(9);
  for (let at = 1; at < batch.length; ) {
    const kind = batch[at]!;
    const endpoint = kind & IS_IPV6 ? v6 : v4;
    const end = at + 1 + INFO_HASH_BYTES + 2 * endpoint.length;
    const change = kind & ~IS_IPV6;
    if (end > batch.length || change > PEER_CHANGE.gone) return false;
    for (let i = 0; i < endpoint.length; i++) {
      const from = at + 1 + INFO_HASH_BYTES + 2 * i;
      endpoint[i] = batch[from]! | (batch[from + 1]! << 8);
    }
    tracker.learn(batch, at + 1, endpoint, change as PeerChange, seenSec);
    at = end;
  }
  return true;
}
