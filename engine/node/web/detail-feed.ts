import { printable } from '../../codec/text.ts';
import type { Control } from '../control/control.ts';
import { RUNNING_STATES } from '../control/control.ts';
import type { TorrentDetail } from '../control/details.ts';
import type { TorrentRow } from '../control/row.ts';
import { eventText, type PartSource, pulledStream } from './pulled-stream.ts';
import type { DetailEvent, GeneralDetail } from './wire.ts';

export interface DetailFeedOptions {
  readonly streamsMax: number;
  readonly everyMs: number;
  /** After an event of so many characters the next one waits twice as long, and so on. */
  readonly charactersPerInterval: number;
}

export const DETAIL_FEED_DEFAULTS: DetailFeedOptions = {
  streamsMax: 32,
  everyMs: 1_000,
  charactersPerInterval: 256 * 1024,
};

/** Pushes all there is to know of one torrent to the pages that have it open: what changed, when it changed. */
export class DetailFeed {
  readonly #options: DetailFeedOptions;
  readonly #control: Control;
  readonly #streams = new Set<DetailStream>();

  constructor(options: DetailFeedOptions, modules: { readonly control: Control }) {
    this.#options = options;
    this.#control = modules.control;
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  /** Ends when the torrent is removed; undefined when too many listen. */
  open(infoHash: string): ReadableStream<Uint8Array> | undefined {
    if (this.#streams.size >= this.#options.streamsMax) return undefined;
    const stream: DetailStream = new DetailStream(infoHash, this.#options, {
      control: this.#control,
      onClose: () => this.#streams.delete(stream),
    });
    this.#streams.add(stream);
    return pulledStream(stream);
  }

  close(): void {
    for (const stream of this.#streams) stream.end();
  }
}

class DetailStream implements PartSource {
  readonly #infoHash: string;
  readonly #options: DetailFeedOptions;
  readonly #control: Control;
  readonly #onClose: () => void;
  /** Each part as it was sent last. */
  readonly #sent = new Map<string, string>();
  #revision = -1;
  #waitMs = 0;
  #ended = false;
  #timer: NodeJS.Timeout | undefined;
  #waiting: (() => void) | undefined;

  constructor(
    infoHash: string,
    options: DetailFeedOptions,
    modules: { readonly control: Control; readonly onClose: () => void },
  ) {
    this.#infoHash = infoHash;
    this.#options = options;
    this.#control = modules.control;
    this.#onClose = modules.onClose;
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#waiting?.();
  }

  close(): void {
    this.end();
    this.#onClose();
  }

  async next(): Promise<string | undefined> {
    while (!this.#ended) {
      await this.#wait(this.#waitMs);
      const row = this.#control.row(this.#infoHash);
      if (row === undefined || this.#ended) return undefined;
      this.#waitMs = this.#options.everyMs;
      if (!this.#isWorthALook(row)) continue;
      this.#revision = row.revision;
      const text = this.#changed(await this.#control.detail(this.#infoHash));
      this.#waitMs *= Math.max(1, text.length / this.#options.charactersPerInterval);
      if (text !== '') return eventText('detail', text);
    }
    return undefined;
  }

  /** What does not run stays as it was until its row says otherwise; its metadata would come from the disk each time. */
  #isWorthALook(row: TorrentRow): boolean {
    return RUNNING_STATES.has(row.state) || row.state === 'checking' || row.revision !== this.#revision;
  }

  #changed(detail: TorrentDetail): string {
    const { peers, trackers } = detail;
    const files = detail.files.map((file) => ({ ...file, path: printable(file.path) }));
    const parts: Required<DetailEvent> = {
      ...{ general: generalOf(detail), files, peers, trackers, pieces: piecesOf(detail) },
    };
    const news = Object.entries(parts).flatMap(([name, part]) => {
      const text = JSON.stringify(part);
      if (this.#sent.get(name) === text) return [];
      this.#sent.set(name, text);
      return [`"${name}":${text}`];
    });
    return news.length === 0 ? '' : `{${news.join(',')}}`;
  }

  #wait(ms: number): Promise<void> {
    if (ms === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#timer = setTimeout(resolve, ms).unref();
    });
  }
}

function generalOf(detail: TorrentDetail): GeneralDetail {
  const { row, createdAtSec, magnet, webSeeds } = detail;
  const [comment, createdBy] = [printable(detail.comment), printable(detail.createdBy)];
  const { infoHash, infoHashV2, root, contentPath, pieceLength, pieceCount, pieceDoneCount, fileCount } = row;
  const { wastedBytes, downLimit, upLimit, lastCheckedMs, downloadingMs, seedingMs } = row;
  return {
    ...{ infoHash, infoHashV2, comment, createdBy, createdAtSec, magnet, webSeeds, root, contentPath },
    ...{ pieceLength, pieceCount, pieceDoneCount, fileCount, wastedBytes, downLimit, upLimit },
    ...{ lastCheckedMs, downloadingMs, seedingMs },
  };
}

function piecesOf(detail: TorrentDetail): Required<DetailEvent>['pieces'] {
  const base64 = (bytes: Uint8Array): string =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  return {
    count: detail.row.pieceCount,
    have: base64(detail.have),
    fetching: detail.fetching,
    availability: base64(detail.availability),
  };
}
