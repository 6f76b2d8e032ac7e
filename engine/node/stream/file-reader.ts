import { blockOffset, type FileIndex, type PieceIndex, pieceIndex } from '../../bittorrent/units.ts';
import { AlliumError } from '../../codec/error.ts';
import type { Clock, Timer } from '../../runtime/port.ts';
import type { TorrentReaders } from './torrent-readers.ts';
import { type ReadWindow, windowAt } from './urgent.ts';

/** Bytes that one step brings at most, and so what a reader holds in memory. */
export const CHUNK_BYTES = 256 * 1024;

export interface FileReaderOptions {
  readonly file: FileIndex;
  /** Of the file; `end` is one past the last byte. */
  readonly start: number;
  readonly end: number;
  /** A piece that is waited for longer is asked of further peers. */
  readonly lateMs: number;
  /** A reader that waits longer than this for one piece gives up. */
  readonly patienceMs: number;
}

interface Waiting {
  readonly piece: PieceIndex;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly timers: readonly Timer[];
}

/** Reads a part of a file in order while it is downloaded: verified pieces only, each when it has come. */
export class FileReader {
  private readonly options: FileReaderOptions;
  private readonly readers: TorrentReaders;
  private readonly clock: Clock;
  private readonly onClose: () => void;
  private askedAtMs: number;
  /** In the piece space. */
  private offset: number;
  private readonly end: number;
  private waiting: Waiting | undefined;
  private isLate = false;
  private isClosed = false;
  private isBusy = false;

  constructor(
    options: FileReaderOptions,
    modules: { readonly readers: TorrentReaders; readonly clock: Clock; readonly onClose: () => void },
  ) {
    this.options = options;
    this.readers = modules.readers;
    this.clock = modules.clock;
    this.onClose = modules.onClose;
    this.askedAtMs = this.clock.now();
    const file = this.readers.torrent.metainfo.files[options.file]!;
    this.offset = file.offset + options.start;
    this.end = file.offset + options.end;
    this.readers.add(this);
  }

  /** The pieces it will want soon. */
  get window(): ReadWindow {
    return windowAt(this.offset, this.end, this.readers.torrent.layout.pieceLength);
  }

  /** Since when nobody has asked it for bytes; undefined: it is bringing some. */
  get idleSinceMs(): number | undefined {
    return this.isBusy ? undefined : this.askedAtMs;
  }

  /** The piece it has waited for too long. */
  get latePiece(): PieceIndex | undefined {
    return this.isLate ? this.waiting?.piece : undefined;
  }

  /**
   * The next bytes; undefined at the end. Rejects when the torrent is stopped, the disk fails, nothing comes for too long,
   * or the reader has been closed; it is closed then, and at the end. Not to be called again before it has settled.
   */
  async next(): Promise<Uint8Array | undefined> {
    if (this.offset >= this.end) {
      this.close();
      return undefined;
    }
    if (this.isClosed) throw closed();
    this.isBusy = true;
    try {
      return await this.bring();
    } catch (error) {
      this.close();
      throw error;
    } finally {
      this.isBusy = false;
      this.askedAtMs = this.clock.now();
    }
  }

  /** Idempotent. Whoever waits for bytes hears that there are none. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.settle(closed());
    this.readers.remove(this);
    this.onClose();
  }

  /** A piece has come. */
  onPiece(piece: PieceIndex): void {
    if (piece === this.waiting?.piece) this.settle(undefined);
  }

  /** The torrent has stopped: what is not here does not come. */
  onStopped(): void {
    this.settle(stopped());
  }

  private async bring(): Promise<Uint8Array> {
    const { layout, storage, have } = this.readers.torrent;
    const piece = pieceIndex(Math.floor(this.offset / layout.pieceLength));
    const begin = blockOffset(this.offset - piece * layout.pieceLength);
    const length = Math.min(CHUNK_BYTES, this.end - this.offset, layout.pieceLengthOf(piece) - begin);
    if (!have.has(piece)) await this.waitFor(piece);
    const bytes = new Uint8Array(length);
    await storage.read(piece, begin, [bytes]);
    this.advance(length);
    return bytes;
  }

  private waitFor(piece: PieceIndex): Promise<void> {
    if (this.readers.torrent.isStopped) return Promise.reject(stopped());
    const { lateMs, patienceMs } = this.options;
    return new Promise((resolve, reject) => {
      const late = this.clock.setTimer(lateMs, () => {
        this.isLate = true;
        this.readers.update();
      });
      const patience = this.clock.setTimer(patienceMs, () => this.settle(tooLong()));
      this.waiting = { piece, resolve, reject, timers: [late, patience] };
    });
  }

  private settle(error: Error | undefined): void {
    const { waiting } = this;
    if (waiting === undefined) return;
    this.waiting = undefined;
    this.isLate = false;
    for (const timer of waiting.timers) timer.cancel();
    if (error === undefined) waiting.resolve();
    else waiting.reject(error);
  }

  private advance(byteLength: number): void {
    const { first } = this.window;
    this.offset += byteLength;
    if (this.isClosed) return;
    if (this.offset >= this.end) this.close();
    else if (this.window.first !== first) this.readers.update();
  }
}

function closed(): AlliumError {
  return new AlliumError('INTERRUPTED', 'nobody reads any more');
}

function stopped(): AlliumError {
  return new AlliumError('NOT_FOUND', 'the torrent is stopped, and these bytes have not been downloaded', {
    advice: 'Start the torrent.',
  });
}

function tooLong(): AlliumError {
  return new AlliumError('NETWORK_FAILED', 'no peer has sent the next piece for too long', {
    advice: 'See whether the torrent has peers that have it.',
  });
}
