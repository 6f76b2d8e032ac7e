import type { Endpoint, Timer } from '../../runtime/port.ts';
import type { DhtNode } from './dht-node.ts';
import { announceOnce, listensAnywhere } from './peer-search.ts';
import type { Announcement, AnnounceOptions } from './types.ts';

/** A torrent whose owner calls `again` is not announced more often than this. */
const AGAIN_MS_MIN = 60_000;
/** When nobody took an announce, as before the node has joined; doubled each time up to the second. */
const RETRY_MS_MIN = 1_250;
const RETRY_MS_MAX = 20_000;
/** First announces are spread over so much for each torrent that waits already. */
const SPREAD_MS = 250;

interface Running {
  readonly infoHash: Uint8Array;
  readonly port: number;
  readonly onPeers: (peers: readonly Endpoint[]) => void;
  readonly options: AnnounceOptions;
  timer: Timer | undefined;
  lastMs: number;
  retryMs: number;
  active: boolean;
  stopped: boolean;
}

/** Repeats announces for as long as torrents run. Thousands of them are spread out and do not start at one moment. */
export class Announcer {
  readonly #intervalMs: number;
  readonly #node: DhtNode;
  readonly #running = new Set<Running>();
  /** When the last first announce begins. */
  #busyUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: { readonly intervalMs: number }, modules: { readonly node: DhtNode }) {
    this.#intervalMs = options.intervalMs;
    this.#node = modules.node;
  }

  add(
    infoHash: Uint8Array,
    port: number,
    onPeers: (peers: readonly Endpoint[]) => void,
    options: AnnounceOptions,
  ): Announcement {
    const { clock } = this.#node.modules.runtime;
    const entry: Running = {
      infoHash: infoHash.slice(0, 20),
      port,
      onPeers,
      options,
      timer: undefined,
      lastMs: Number.NEGATIVE_INFINITY,
      retryMs: RETRY_MS_MIN,
      active: false,
      stopped: false,
    };
    this.#running.add(entry);
    const nowMs = clock.now();
    this.#busyUntilMs = Math.max(nowMs, this.#busyUntilMs + SPREAD_MS);
    this.#wait(entry, this.#busyUntilMs - nowMs);
    return {
      stop: () => {
        entry.stopped = true;
        entry.timer?.cancel();
        this.#running.delete(entry);
      },
      again: () => {
        if (entry.stopped || entry.active) return;
        this.#wait(entry, Math.max(0, entry.lastMs + AGAIN_MS_MIN - clock.now()));
      },
    };
  }

  stop(): void {
    for (const entry of this.#running) {
      entry.stopped = true;
      entry.timer?.cancel();
    }
    this.#running.clear();
  }

  #wait(entry: Running, delayMs: number): void {
    entry.timer?.cancel();
    entry.timer = this.#node.modules.runtime.clock.setTimer(delayMs, () => {
      void this.#announce(entry);
    });
  }

  async #announce(entry: Running): Promise<void> {
    entry.active = true;
    const { clock, random } = this.#node.modules.runtime;
    const report = await announceOnce(
      this.#node,
      entry.infoHash,
      entry.port,
      (peers) => {
        if (!entry.stopped) entry.onPeers(peers);
      },
      entry.options,
    );
    entry.active = false;
    if (entry.stopped) return;
    const isDone = report.stored > 0 || !listensAnywhere(entry.port, entry.options);
    const baseMs = isDone ? this.#intervalMs : entry.retryMs;
    if (isDone) entry.lastMs = clock.now();
    entry.retryMs = isDone ? RETRY_MS_MIN : Math.min(RETRY_MS_MAX, entry.retryMs * 2);
    this.#wait(entry, baseMs - random.below(Math.max(1, Math.floor(baseMs / 10))));
  }
}
