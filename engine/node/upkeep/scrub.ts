import { RateLimit } from '../../bittorrent/verify/rate-limit.ts';
import type { Clock, Timer } from '../../runtime/port.ts';
import type { TorrentRow } from '../control/row.ts';
import { dueForScrub } from './scrub-order.ts';

/** Where a scrub is. */
export interface ScrubPosition {
  readonly infoHash: string;
  /** The next piece to look at. */
  readonly piece: number;
  /** Pieces of this torrent that were found to be bad and are not told yet. */
  readonly bad: readonly number[];
}

/** `gone`: its file is not there; `unreadable`: the disk cannot read it. */
export type PieceVerdict = 'good' | 'bad' | 'unreadable' | 'gone';

/** The data of one torrent. */
export interface ScrubContent {
  readonly pieceCount: number;
  /** Only these are looked at; asked for each piece when its turn has come. */
  has(piece: number): boolean;
  bytesOf(piece: number): number;
  check(piece: number): Promise<PieceVerdict>;
  close(): Promise<void>;
}

export interface ScrubModules {
  readonly clock: Clock;
  readonly rows: () => Iterable<TorrentRow>;
  /** As in {@link import('../control/session-options.ts').NodeOptions}; looked at again and again. */
  readonly options: () => { readonly scrubRate: number; readonly scrubEveryMs: number };
  /** Undefined: it cannot be looked at now. */
  readonly open: (infoHash: string) => Promise<ScrubContent | undefined>;
  /** These pieces are not right: they are to be hashed once more by who knows the torrent, and fetched again. */
  readonly onBad: (infoHash: string, pieces: readonly number[]) => Promise<void>;
  /** All of it was looked at. */
  readonly onChecked: (infoHash: string) => void;
  /** Its files are not there or its disk fails: nothing is to be concluded about pieces. */
  readonly onGone: (infoHash: string) => void;
  readonly save: (position: ScrubPosition | undefined) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** How often who is due is looked for when nobody was. */
const IDLE_MS = 60_000;
/** A restart looks at no more than what this takes a second time. */
const SAVE_EVERY_MS = 30_000;
/** After a pause no more than this much of the rate goes at once. */
const BURST_MS = 1_000;
/** So many pieces one after the other that a disk cannot read are a failing drive and no damage to be repaired. */
const UNREADABLE_MAX = 8;
/** Bad pieces are told in portions. */
const BAD_AT_ONCE = 256;

/**
 * Reads the whole library again in the background, one piece after the other at a bounded rate, the torrent that was
 * checked longest ago first. Goes on after a restart where it was. Torrents run meanwhile; only pieces that are not
 * right are touched.
 */
export class Scrub {
  private readonly modules: ScrubModules;
  private readonly waiting: string[] = [];
  private position: ScrubPosition | undefined;
  private rate: RateLimit | undefined;
  private rateOf = 0;
  private savedAtMs = 0;
  private timer: Timer | undefined;
  private wake: (() => void) | undefined;
  private closing = false;
  private running: Promise<void> | undefined;

  /** `position`: where the run before this one was. */
  constructor(options: { readonly position?: ScrubPosition | undefined }, modules: ScrubModules) {
    this.modules = modules;
    this.position = options.position;
  }

  start(): void {
    this.running ??= this.run();
  }

  /** Where it is; undefined between torrents. */
  get at(): ScrubPosition | undefined {
    return this.position;
  }

  /** The options have changed: who is due is looked for now. */
  look(): void {
    this.timer?.cancel();
    this.wake?.();
  }

  /** Ends after the piece that it is at, and saves where it is. */
  async close(): Promise<void> {
    this.closing = true;
    this.look();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.closing) {
      try {
        if (this.modules.options().scrubRate <= 0 || !(await this.next())) await this.pause(IDLE_MS);
      } catch (error) {
        this.modules.onError(error);
        this.position = undefined;
        await this.pause(IDLE_MS);
      }
    }
    await this.save().catch((error) => this.modules.onError(error));
  }

  /** Looks at one torrent, or at the rest of one. False: nobody is due. */
  private async next(): Promise<boolean> {
    const { modules } = this;
    const began = this.position ?? this.choose();
    if (began === undefined) return false;
    this.position = began;
    const { infoHash } = began;
    const content = await modules.open(infoHash);
    if (content === undefined) {
      await this.leave();
      return true;
    }
    try {
      const end = await this.examine(content);
      if (end === 'stopped') return true;
      await this.tell();
      if (end === 'whole') modules.onChecked(infoHash);
      else modules.onGone(infoHash);
    } finally {
      await content.close();
    }
    await this.leave();
    return true;
  }

  private choose(): ScrubPosition | undefined {
    if (this.waiting.length === 0) {
      const { scrubEveryMs } = this.modules.options();
      this.waiting.push(
        ...dueForScrub(this.modules.rows(), scrubEveryMs, this.modules.clock.wallClock()).reverse(),
      );
    }
    const infoHash = this.waiting.pop();
    return infoHash === undefined ? undefined : { infoHash, piece: 0, bad: [] };
  }

  private async examine(content: ScrubContent): Promise<'whole' | 'stopped' | 'gone'> {
    let unreadable: number[] = [];
    for (let piece = this.position!.piece; piece < content.pieceCount; piece += 1) {
      if (content.has(piece)) {
        await this.waitForRate();
        if (this.closing || this.modules.options().scrubRate <= 0) return 'stopped';
        const verdict = await content.check(piece);
        this.rate?.spend(content.bytesOf(piece));
        if (verdict === 'gone') return 'gone';
        unreadable = verdict === 'unreadable' ? [...unreadable, piece] : [];
        if (unreadable.length >= UNREADABLE_MAX) return this.withdraw(unreadable);
        if (verdict !== 'good' && content.has(piece)) this.note(piece);
      }
      this.position = { ...this.position!, piece: piece + 1 };
      if (this.position.bad.length >= BAD_AT_ONCE) await this.tell();
      if (this.modules.clock.now() - this.savedAtMs >= SAVE_EVERY_MS) await this.save();
    }
    return 'whole';
  }

  private note(piece: number): void {
    const { position } = this;
    if (position !== undefined) this.position = { ...position, bad: [...position.bad, piece] };
  }

  /** A drive that fails has no bad pieces. */
  private withdraw(pieces: readonly number[]): 'gone' {
    const { position } = this;
    if (position !== undefined) {
      this.position = { ...position, bad: position.bad.filter((piece) => !pieces.includes(piece)) };
    }
    return 'gone';
  }

  private async tell(): Promise<void> {
    const { position } = this;
    if (position === undefined || position.bad.length === 0) return;
    await this.modules.onBad(position.infoHash, position.bad);
    this.position = { ...position, bad: [] };
  }

  private async leave(): Promise<void> {
    this.position = undefined;
    // Small torrents come by the thousands: where it is between them need not be known to the second.
    if (this.modules.clock.now() - this.savedAtMs >= SAVE_EVERY_MS) await this.save();
  }

  private async save(): Promise<void> {
    this.savedAtMs = this.modules.clock.now();
    await this.modules.save(this.position);
  }

  private async waitForRate(): Promise<void> {
    for (;;) {
      const { scrubRate } = this.modules.options();
      if (this.closing || scrubRate <= 0) return;
      const nowMs = this.modules.clock.now();
      if (this.rate === undefined || this.rateOf !== scrubRate) {
        this.rate = new RateLimit({ rateBytesPerSec: scrubRate, burstMs: BURST_MS, nowMs });
        this.rateOf = scrubRate;
      }
      const delayMs = this.rate.delayMs(nowMs);
      if (delayMs <= 0) return;
      // A long piece at a low rate takes long; another rate is to hold before that.
      await this.pause(Math.min(delayMs, IDLE_MS));
    }
  }

  private async pause(ms: number): Promise<void> {
    if (this.closing) return;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      this.timer = this.modules.clock.setTimer(ms, resolve);
    });
  }
}
