import { Bitfield } from '../../bittorrent/bitfield.ts';
import { pieceIndex } from '../../bittorrent/units.ts';
import { markFiles } from '../resume/file-marks.ts';
import type { CheckWish, Entry } from './entry.ts';
import type { LibraryParts } from './library-parts.ts';
import type { LiveTorrent } from './live-torrent.ts';
import { notOurs } from './trouble.ts';

export interface CheckerModules {
  readonly isClosing: () => boolean;
  /** Brings it to where it belongs when it has been hashed. */
  readonly apply: (entry: Entry) => Promise<void>;
  readonly fail: (entry: Entry, error: unknown) => void;
}

/** Hashes what is in doubt, one torrent after the other: a disk is read best by one. */
export class Checker {
  private readonly strideBytes: number;
  private readonly parts: LibraryParts;
  private readonly modules: CheckerModules;
  private checks: Promise<void> = Promise.resolve();

  /** `strideBytes`: what has been found out is saved after so many. */
  constructor(options: { readonly strideBytes: number }, parts: LibraryParts, modules: CheckerModules) {
    this.strideBytes = options.strideBytes;
    this.parts = parts;
    this.modules = modules;
  }

  /** Resolves when nothing is being hashed any more. */
  get idle(): Promise<void> {
    return this.checks;
  }

  /** Has it hashed when those before it are. */
  begin(entry: Entry, live: LiveTorrent): void {
    if (live.isChecking) return;
    live.isChecking = true;
    this.parts.publish(entry, { state: 'checking', progress: 0, error: '' });
    this.checks = this.checks.then(async () => {
      const wish = entry.checkWish;
      try {
        if (wish !== undefined && entry.live === live && !this.modules.isClosing())
          await this.hash(entry, live, wish);
      } catch (error) {
        this.modules.fail(entry, error);
      } finally {
        live.isChecking = false;
        if (entry.checkWish === wish) entry.checkWish = undefined;
        if (!this.modules.isClosing()) void this.modules.apply(entry);
      }
    });
  }

  /** What turns out right is believed from then on, the rest is to be downloaded. */
  private async hash(entry: Entry, live: LiveTorrent, wish: CheckWish): Promise<void> {
    const { keeper, runtime } = this.parts;
    const { managed } = live;
    const { metainfo } = managed;
    const isOver = (): boolean =>
      this.modules.isClosing() ||
      entry.checkWish !== wish ||
      entry.live !== live ||
      managed.failure !== undefined;
    // Taken first: what somebody writes while this is going on is then not taken for what was read.
    const marks = wish.pieces === undefined ? await markFiles(metainfo, live.root, runtime.files) : undefined;
    const pieces = wish.pieces ?? [...Bitfield.full(metainfo.pieceCount).pieces()];
    const stride = Math.max(1, Math.floor(this.strideBytes / metainfo.pieceLength));
    let settled = 0;
    for (let at = 0; at < pieces.length; at += stride) {
      if (isOver()) return;
      const portion = pieces.slice(at, at + stride).map((piece) => pieceIndex(piece));
      const onProgress = (done: number): void => {
        this.parts.publish(entry, { progress: (at + done) / pieces.length });
      };
      await managed.check(onProgress, portion);
      if (isOver()) return;
      if (live.adopting && managed.have.isEmpty) continue;
      keeper.settleDoubt(entry.infoHash, pieces.slice(settled, at + stride));
      settled = at + stride;
    }
    if (live.adopting && managed.have.isEmpty) throw notOurs(metainfo.name, live.root);
    live.adopting = false;
    entry.doubtful = keeper.doubtOf(entry.infoHash)?.isEmpty === false;
    if (marks !== undefined) {
      keeper.remark(entry.infoHash, marks);
      this.parts.publish(entry, { lastCheckedMs: runtime.clock.wallClock() });
    }
  }
}
