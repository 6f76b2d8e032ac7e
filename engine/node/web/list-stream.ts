import type { Control } from '../control/control.ts';
import type { TorrentRow } from '../control/row.ts';
import { eventText, type PartSource } from './pulled-stream.ts';
import { loadOrder, wireRow } from './row-wire.ts';
import type { RowsEvent, WireRow } from './wire.ts';

/** What all pages share: texts made once, and numbers that say when they are new. */
export interface FeedTexts {
  readonly statsNumber: number;
  readonly statsText: string;
  readonly beatNumber: number;
  readonly setupText: string;
  historyText(): string;
  delta(since: number): { readonly revision: number; readonly text: string } | undefined;
}

interface Load {
  readonly rows: readonly TorrentRow[];
  readonly revision: number;
  at: number;
}

/** Rows of the first part of a first load. */
const FIRST_ROWS = 200;

/** Event `rows`. */
export function rowsText(event: RowsEvent): string {
  // The browser repeats the number of the last event when it connects again.
  const id = event.revision > 0 ? `id: ${event.revision}\n` : '';
  return `${id}${eventText('rows', JSON.stringify(event))}`;
}

/** What one page is still to be sent. */
export class ListStream implements PartSource {
  readonly #feed: FeedTexts;
  readonly #control: Control;
  readonly #onClose: () => void;
  readonly #rowsPerPart: number;
  #since: number;
  #isFirst = true;
  #ended = false;
  /** What is left of a first load, and the revision it was taken at. */
  #load: Load | undefined;
  #statsNumber = -1;
  #beatNumber = -1;
  #setupText = '';
  #waiting: (() => void) | undefined;

  constructor(
    since: number,
    rowsPerPart: number,
    modules: { readonly feed: FeedTexts; readonly control: Control; readonly onClose: () => void },
  ) {
    this.#since = since;
    this.#rowsPerPart = rowsPerPart;
    this.#feed = modules.feed;
    this.#control = modules.control;
    this.#onClose = modules.onClose;
  }

  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }

  end(): void {
    this.#ended = true;
    this.wake();
  }

  close(): void {
    this.end();
    this.#onClose();
  }

  async next(): Promise<string | undefined> {
    while (!this.#ended) {
      const part = this.#part();
      if (part !== '') return part;
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
    return undefined;
  }

  #part(): string {
    const opening = this.#isFirst ? this.#feed.historyText() : '';
    this.#isFirst = false;
    return `${opening}${this.#setup()}${this.#stats()}${this.#rows()}`;
  }

  #setup(): string {
    const { setupText } = this.#feed;
    if (setupText === this.#setupText) return '';
    this.#setupText = setupText;
    return setupText;
  }

  #stats(): string {
    if (this.#statsNumber === this.#feed.statsNumber) return '';
    this.#statsNumber = this.#feed.statsNumber;
    return this.#feed.statsText;
  }

  #rows(): string {
    if (this.#load !== undefined) return this.#loadPart(this.#load, false);
    if (this.#beatNumber === this.#feed.beatNumber) return '';
    this.#beatNumber = this.#feed.beatNumber;
    const delta = this.#since > 0 ? this.#feed.delta(this.#since) : undefined;
    if (delta !== undefined) {
      this.#since = delta.revision;
      return delta.text;
    }
    const { revision, rows } = this.#control.changes(0);
    this.#load = { rows: loadOrder(rows), revision, at: 0 };
    return this.#loadPart(this.#load, true);
  }

  #loadPart(load: Load, reset: boolean): string {
    // The first part is small: it fills a screen while the others are still on their way.
    const count = load.at === 0 ? Math.min(FIRST_ROWS, this.#rowsPerPart) : this.#rowsPerPart;
    const some = load.rows.slice(load.at, load.at + count);
    load.at += some.length;
    const isLast = load.at >= load.rows.length;
    if (isLast) {
      this.#load = undefined;
      this.#since = load.revision;
      // What changed meanwhile is due at once.
      this.#beatNumber = -1;
    }
    const rows: readonly WireRow[] = some.map(wireRow);
    return rowsText({
      reset,
      total: load.rows.length,
      rows,
      removed: [],
      revision: isLast ? load.revision : 0,
    });
  }
}
