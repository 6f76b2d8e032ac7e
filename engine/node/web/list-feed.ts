import type { Control } from '../control/control.ts';
import type { NodeStats } from '../control/session-options.ts';
import { type FeedTexts, ListStream, rowsText } from './list-stream.ts';
import { eventText, pulledStream } from './pulled-stream.ts';
import { wireRow } from './row-wire.ts';
import { SpeedHistory } from './speed-history.ts';
import type { SetupEvent, StatsEvent } from './wire.ts';

export interface ListFeedOptions {
  /** Shown on the page. */
  readonly version: string;
  /** Pages that listen at once. */
  readonly streamsMax: number;
  /** Changes within this time travel together. */
  readonly beatMs: number;
  readonly statsEveryMs: number;
  /** Rows of one part of a first load. */
  readonly rowsPerPart: number;
  /** Seconds of speeds kept for pages that come later. */
  readonly historySeconds: number;
}

export const LIST_FEED_DEFAULTS: Omit<ListFeedOptions, 'version'> = {
  streamsMax: 32,
  beatMs: 300,
  statsEveryMs: 1_000,
  rowsPerPart: 2_500,
  historySeconds: 600,
};

/**
 * Pushes the list of torrents and the state of the node to pages. All pages share what is written for them; each gets
 * its next part when it has taken the last one, so a slow page gets fewer and larger ones.
 */
export class ListFeed implements FeedTexts {
  readonly #options: ListFeedOptions;
  readonly #control: Control;
  readonly #now: () => number;
  readonly #history: SpeedHistory;
  readonly #streams = new Set<ListStream>();
  readonly #ticker: NodeJS.Timeout;
  readonly #unsubscribe: () => void;
  #beat: NodeJS.Timeout | undefined;
  #lastBeatMs = 0;
  #deltas = new Map<number, { readonly revision: number; readonly text: string }>();
  #freeBytes = -1;
  /** Raised with every picture of the node and with every beat of changes. */
  statsNumber = 0;
  beatNumber = 0;
  statsText = '';
  setupText = '';

  constructor(options: ListFeedOptions, modules: { readonly control: Control; readonly now: () => number }) {
    this.#options = options;
    this.#control = modules.control;
    this.#now = modules.now;
    this.#history = new SpeedHistory({ secondsMax: options.historySeconds });
    this.#tick();
    this.#ticker = setInterval(() => this.#tick(), options.statsEveryMs).unref();
    this.#unsubscribe = modules.control.onChange(() => this.#onChange());
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  /** All that happens after revision `since`, or all there is; undefined when too many listen. */
  open(since: number): ReadableStream<Uint8Array> | undefined {
    if (this.#streams.size >= this.#options.streamsMax) return undefined;
    if (this.#streams.size === 0) this.#writeAll();
    const stream: ListStream = new ListStream(since, this.#options.rowsPerPart, {
      feed: this,
      control: this.#control,
      onClose: () => this.#streams.delete(stream),
    });
    this.#streams.add(stream);
    return pulledStream(stream);
  }

  close(): void {
    clearInterval(this.#ticker);
    clearTimeout(this.#beat);
    this.#unsubscribe();
    for (const stream of this.#streams) stream.end();
  }

  historyText(): string {
    return eventText('history', JSON.stringify(this.#history.event()));
  }

  /** The changes since a revision, written once however many ask; undefined: they are to be had as a first load only. */
  delta(since: number): { readonly revision: number; readonly text: string } | undefined {
    const made = this.#deltas.get(since);
    if (made !== undefined) return made;
    const { isFull, revision, rows, removed } = this.#control.changes(since);
    if (isFull) return undefined;
    const isNews = rows.length > 0 || removed.length > 0;
    const text = isNews
      ? rowsText({ reset: false, total: -1, rows: rows.map(wireRow), removed, revision })
      : '';
    const delta = { revision, text };
    this.#deltas.set(since, delta);
    return delta;
  }

  #onChange(): void {
    if (this.#beat !== undefined || this.#streams.size === 0) return;
    const waitMs = Math.max(0, this.#lastBeatMs + this.#options.beatMs - this.#now());
    this.#beat = setTimeout(() => {
      this.#beat = undefined;
      this.#lastBeatMs = this.#now();
      this.#deltas = new Map();
      this.beatNumber++;
      this.#writeSetup();
      this.#wake();
    }, waitMs).unref();
  }

  #tick(): void {
    const stats = this.#control.stats();
    const { downBytesPerSec, upBytesPerSec } = stats;
    this.#history.note(Math.floor(this.#now() / 1000), downBytesPerSec, upBytesPerSec);
    if (this.#streams.size === 0) return;
    void this.#control.freeSpace(this.#control.options.downloadRoot).then(
      ({ freeBytes }) => {
        this.#freeBytes = freeBytes;
      },
      () => {
        this.#freeBytes = -1;
      },
    );
    this.#writeStats(stats);
    this.#writeSetup();
    this.#wake();
  }

  /** Nothing is written while nobody listens. */
  #writeAll(): void {
    this.#deltas = new Map();
    this.#writeStats(this.#control.stats());
    this.#writeSetup();
  }

  #writeStats(stats: NodeStats): void {
    const event: StatsEvent = { nowMs: this.#now(), stats, freeBytes: this.#freeBytes };
    this.statsText = eventText('stats', JSON.stringify(event));
    this.statsNumber++;
  }

  #writeSetup(): void {
    const { categories, tags, options } = this.#control;
    const event: SetupEvent = {
      version: this.#options.version,
      options,
      categories: [...categories.values()].map(({ name, root, downLimit, upLimit }) => ({
        ...{ name, root, downLimit, upLimit },
      })),
      tags: [...tags],
    };
    this.setupText = eventText('setup', JSON.stringify(event, infinityAsText));
  }

  #wake(): void {
    for (const stream of this.#streams) stream.wake();
  }
}

/** JSON has no Infinity, and a limit of it means something else than none. */
function infinityAsText(_key: string, value: unknown): unknown {
  return value === Number.POSITIVE_INFINITY ? 'never' : value;
}
