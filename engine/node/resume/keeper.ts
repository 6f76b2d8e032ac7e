import type { Bitfield } from '../../bittorrent/bitfield.ts';
import type { Clock, Timer } from '../../runtime/port.ts';
import type { JournalEntry } from '../store/journal.ts';
import type { FileMark, StoredResume } from '../store/schema.ts';

/** A torrent as the keeper sees it. */
export interface ResumeSource {
  /** Verified and written pieces, live. */
  readonly have: Bitfield;
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  /** Resolves when all that was written before is on stable storage. */
  sync(): Promise<void>;
  marks(): Promise<readonly FileMark[]>;
}

/** Where the keeper saves. */
export interface ResumeStore {
  readonly journalBytes: number;
  note(entries: readonly JournalEntry[]): void;
  rotateJournal(): () => void;
  /** `settled`: those among them to whose files nothing was written since their marks were taken. */
  saveResume(resumes: ReadonlyMap<string, StoredResume>, settled: ReadonlySet<string>): Promise<void>;
}

export interface KeeperOptions {
  /** At the latest this long after a piece was written it is on stable storage and saved. */
  readonly saveIntervalMs: number;
  /** The journal is taken into the store when it has grown to this. */
  readonly journalBytesMax: number;
  /** Counters alone are not worth a commit more often than this. */
  readonly trafficIntervalMs: number;
}

export const KEEPER_DEFAULTS: KeeperOptions = {
  saveIntervalMs: 30_000,
  journalBytesMax: 4 * 1024 * 1024,
  trafficIntervalMs: 600_000,
};

interface Tracked {
  readonly source: ResumeSource;
  readonly number: number;
  readonly generation: number;
  readonly doubt: Bitfield;
  adopting: boolean;
  marks: readonly FileMark[];
  /** Something is not saved yet. */
  dirty: boolean;
  /** Its files were written to since {@link marks} were taken. */
  written: boolean;
  savedTraffic: number;
  savedAtMs: number;
}

/**
 * Keeps the store true while torrents run. Each piece goes into the journal at once, which a killed process cannot
 * lose; now and then the files are synced, the whole is saved in LMDB and the journal starts anew, which a power cut
 * cannot undo.
 */
export class ResumeKeeper {
  private readonly options: KeeperOptions;
  private readonly modules: {
    readonly store: ResumeStore;
    readonly clock: Clock;
    readonly onError: (error: unknown) => void;
  };
  private readonly tracked = new Map<string, Tracked>();
  private saving: Promise<void> = Promise.resolve();
  private timer: Timer | undefined;
  private savingSoon = false;

  constructor(
    options: KeeperOptions,
    modules: {
      readonly store: ResumeStore;
      readonly clock: Clock;
      readonly onError: (error: unknown) => void;
    },
  ) {
    this.options = options;
    this.modules = modules;
  }

  start(): void {
    this.timer = this.modules.clock.setTimer(this.options.saveIntervalMs, () => {
      void this.save();
      this.start();
    });
  }

  /** Begins to keep a torrent, of which the store knows what is given here. */
  track(
    infoHash: string,
    torrent: {
      readonly source: ResumeSource;
      readonly number: number;
      readonly generation: number;
      readonly doubt: Bitfield;
      readonly marks: readonly FileMark[];
      readonly adopting: boolean;
    },
  ): void {
    const { downloadedBytes, uploadedBytes } = torrent.source;
    const savedTraffic = downloadedBytes + uploadedBytes;
    const savedAtMs = this.modules.clock.now();
    this.tracked.set(infoHash, { ...torrent, dirty: false, written: false, savedTraffic, savedAtMs });
  }

  /** A piece is verified and written. It is noted before anything else can happen to this process. */
  onPiece(infoHash: string, piece: number): void {
    const tracked = this.tracked.get(infoHash);
    if (tracked === undefined) return;
    tracked.dirty = true;
    tracked.written = true;
    tracked.adopting = false;
    tracked.doubt.clear(piece);
    this.note([{ torrent: tracked.number, generation: tracked.generation, piece }]);
  }

  /** These pieces have been read and hashed: what is right is in `have` by now, the rest is not there. */
  settleDoubt(infoHash: string, pieces: Iterable<number>): void {
    const tracked = this.tracked.get(infoHash);
    if (tracked === undefined) return;
    for (const piece of pieces) tracked.doubt.clear(piece);
    tracked.adopting = false;
    tracked.dirty = true;
  }

  /** Forgets a torrent: whatever becomes of it now is not saved. */
  untrack(infoHash: string): void {
    this.tracked.delete(infoHash);
  }

  /** Everything of it is saved. */
  isSaved(infoHash: string): boolean {
    const tracked = this.tracked.get(infoHash);
    return tracked === undefined || (!tracked.dirty && !tracked.written);
  }

  /** Pieces that may be there but have to be hashed; changes as they are. */
  doubtOf(infoHash: string): Bitfield | undefined {
    return this.tracked.get(infoHash)?.doubt;
  }

  /** The files looked like this before all of them were read and hashed: what turns out right is right of these. */
  remark(infoHash: string, marks: readonly FileMark[]): void {
    const tracked = this.tracked.get(infoHash);
    if (tracked === undefined) return;
    tracked.marks = marks;
    tracked.dirty = true;
  }

  /** Pieces of it may be written without being told of any more: it is about to be stopped. */
  onStopping(infoHash: string): void {
    const tracked = this.tracked.get(infoHash);
    if (tracked === undefined) return;
    tracked.dirty = true;
    tracked.written = true;
  }

  /**
   * Saves what has changed; of torrents in `settled`, to which nothing is being written any more, also what the files
   * look like if this node has changed them. Never rejects: what cannot be saved is told to `onError` and tried again the next time.
   */
  save(settled: ReadonlySet<string> = new Set()): Promise<void> {
    this.saving = this.saving.then(() => this.saveNow(settled)).catch((error) => this.modules.onError(error));
    return this.saving;
  }

  /** Saves everything for the last time. Resolves with whether all of it is saved. */
  async close(): Promise<boolean> {
    this.timer?.cancel();
    await this.save(new Set(this.tracked.keys()));
    return [...this.tracked.values()].every(({ dirty }) => !dirty);
  }

  private note(entries: readonly JournalEntry[]): void {
    try {
      this.modules.store.note(entries);
    } catch (error) {
      this.modules.onError(error);
    }
    if (this.modules.store.journalBytes < this.options.journalBytesMax || this.savingSoon) return;
    this.savingSoon = true;
    void this.save().finally(() => {
      this.savingSoon = false;
    });
  }

  private async saveNow(settled: ReadonlySet<string>): Promise<void> {
    const chosen = [...this.tracked].filter(([infoHash, torrent]) =>
      this.isDue(torrent, settled.has(infoHash)),
    );
    if (chosen.length === 0) return;
    // Taken before the files are synced: what is verified while that goes on is in the new journal.
    const dropOld = this.modules.store.rotateJournal();
    const taken = chosen.map(([infoHash, torrent]) => ({ infoHash, torrent, resume: this.take(torrent) }));
    const resumes = new Map<string, StoredResume>();
    let failed = false;
    for (const { infoHash, torrent, resume } of taken) {
      try {
        await torrent.source.sync();
        if (settled.has(infoHash) && torrent.written) {
          // What somebody else has changed is not to be taken for ours: marks move only with our own writes.
          torrent.written = false;
          torrent.marks = await torrent.source.marks();
        }
        resumes.set(infoHash, { ...resume, files: [...torrent.marks] });
      } catch (error) {
        failed = true;
        torrent.dirty = true;
        this.modules.onError(error);
      }
    }
    try {
      const settledNow = new Set(
        taken.filter(({ torrent }) => !torrent.written).map(({ infoHash }) => infoHash),
      );
      await this.modules.store.saveResume(resumes, settledNow);
    } catch (error) {
      for (const { torrent } of taken) torrent.dirty = true;
      throw error;
    }
    if (!failed) dropOld();
  }

  private take(torrent: Tracked): StoredResume {
    const { source, generation, doubt, adopting } = torrent;
    torrent.dirty = false;
    torrent.savedTraffic = source.downloadedBytes + source.uploadedBytes;
    torrent.savedAtMs = this.modules.clock.now();
    return {
      generation,
      have: source.have.bytes.slice(),
      doubt: doubt.bytes.slice(),
      adopting,
      files: [],
      savedAtMs: this.modules.clock.wallClock(),
      downloadedBytes: source.downloadedBytes,
      uploadedBytes: source.uploadedBytes,
    };
  }

  private isDue({ dirty, written, savedTraffic, savedAtMs, source }: Tracked, settled: boolean): boolean {
    if (dirty || (settled && written)) return true;
    const isOld = this.modules.clock.now() - savedAtMs >= this.options.trafficIntervalMs;
    return (isOld || settled) && savedTraffic !== source.downloadedBytes + source.uploadedBytes;
  }
}
