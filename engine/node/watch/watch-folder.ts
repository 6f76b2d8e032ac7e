import { join } from 'node:path';
import { METAINFO_LIMITS } from '../../bittorrent/metainfo/limits.ts';
import { AlliumError } from '../../codec/error.ts';
import type { Clock, FileStat, FileSystem, Timer } from '../../runtime/port.ts';

export interface WatchOptions {
  readonly folder: string;
  /** A full look at the folder, whatever the system says about changes. */
  readonly scanIntervalMs: number;
  /** A file has to stay as it is for this long before it is taken: someone may still be writing it. */
  readonly settleMs: number;
  /** A bad file is put away only after it has stayed as it is for this long: perhaps the copy has stalled. */
  readonly badAfterMs: number;
  /** Files that cannot be renamed and are therefore remembered. */
  readonly rememberedMax: number;
  /** Names looked at in one scan; the rest has to wait until some of these are gone. */
  readonly namesMax: number;
}

export const WATCH_DEFAULTS: Omit<WatchOptions, 'folder'> = {
  scanIntervalMs: 10_000,
  settleMs: 500,
  badAfterMs: 10_000,
  rememberedMax: 1_000,
  namesMax: 10_000,
};

export interface WatchModules {
  readonly clock: Clock;
  readonly files: FileSystem;
  /** Adds the torrent. Rejects with an AlliumError when it is none. */
  readonly add: (torrentFile: Uint8Array, path: string) => Promise<void>;
  readonly onAdded: (path: string) => void;
  /** Told once per file. */
  readonly onBad: (path: string, error: AlliumError) => void;
  /** Told once until it works again: the folder cannot be read. */
  readonly onTrouble: (error: unknown) => void;
  /** Calls back when something in the folder changes; returns what ends that. */
  readonly watch: (folder: string, onChange: () => void) => () => void;
}

/**
 * Takes torrent files and magnet links (`….magnet`) out of a folder: a good one is added and renamed to `….added`, a bad one to `….bad`. A file
 * that cannot be read right now, or whose torrent cannot be added for a reason that passes, is tried again.
 */
export class WatchFolder {
  private readonly options: WatchOptions;
  private readonly modules: WatchModules;
  /** What each candidate looked like, and since when. */
  private seen = new Map<string, { readonly mark: string; readonly sinceMs: number }>();
  /** Done, but still there under its name. */
  private readonly done = new Map<string, string>();
  /** Told to be bad, and tried again now and then. */
  private readonly told = new Map<string, string>();
  private timer: Timer | undefined;
  private unwatch: (() => void) | undefined;
  private scanning: Promise<void> | undefined;
  private scanAgain = false;
  private inTrouble = false;
  private closed = false;

  constructor(options: WatchOptions, modules: WatchModules) {
    this.options = options;
    this.modules = modules;
  }

  /** Creates the folder when it is not there, takes what is in it and then whatever comes. */
  async start(): Promise<void> {
    await this.modules.files.makeDirectory(this.options.folder);
    this.unwatch = this.modules.watch(this.options.folder, () => this.scanSoon(this.options.settleMs));
    this.scanSoon(0);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.timer?.cancel();
    this.unwatch?.();
    await this.scanning;
  }

  private scanSoon(delayMs: number): void {
    if (this.closed) return;
    this.timer?.cancel();
    this.timer = this.modules.clock.setTimer(delayMs, () => {
      if (this.scanning === undefined) void this.run();
      else this.scanAgain = true;
    });
  }

  private async run(): Promise<void> {
    this.scanAgain = false;
    this.scanning = this.scan();
    await this.scanning;
    this.scanning = undefined;
    const unsettled = this.seen.size > 0 || this.scanAgain;
    this.scanSoon(unsettled ? this.options.settleMs : this.options.scanIntervalMs);
  }

  private async scan(): Promise<void> {
    const { files, clock, onTrouble } = this.modules;
    const waiting = new Map<string, { mark: string; sinceMs: number }>();
    try {
      const names = await files.readDirectory(this.options.folder);
      const wanted = names.filter((name) => /\.(?:torrent|magnet)$/.test(name) && !name.startsWith('.'));
      forgetOthers(this.done, wanted);
      forgetOthers(this.told, wanted);
      for (const name of wanted.slice(0, this.options.namesMax)) {
        if (this.closed) return;
        const stat = await files.stat(join(this.options.folder, name)).catch(() => undefined);
        if (stat?.kind !== 'file') continue;
        const mark = markOf(stat);
        if (this.done.get(name) === mark) continue;
        const before = this.seen.get(name);
        const sinceMs = before?.mark === mark ? before.sinceMs : clock.now();
        const settledMs = clock.now() - sinceMs;
        const done = settledMs >= this.options.settleMs && (await this.take(name, mark, settledMs));
        if (!done) waiting.set(name, { mark, sinceMs });
      }
      this.inTrouble = false;
    } catch (error) {
      if (!this.inTrouble) onTrouble(error);
      this.inTrouble = true;
    }
    this.seen = waiting;
  }

  /** Returns false when it is to be looked at again soon. */
  private async take(name: string, mark: string, settledMs: number): Promise<boolean> {
    const { files, add, onAdded, onBad } = this.modules;
    const path = join(this.options.folder, name);
    try {
      await add(await files.readFile(path, METAINFO_LIMITS.torrentBytesMax), path);
      onAdded(path);
      await this.putAway(name, mark, 'added');
    } catch (error) {
      if (!(error instanceof AlliumError)) throw error;
      if (isLasting(error) && settledMs < this.options.badAfterMs) return false;
      if (this.told.get(name) !== mark) onBad(path, error);
      if (isLasting(error)) await this.putAway(name, mark, 'bad');
      else this.remember(this.told, name, mark);
    }
    return true;
  }

  private async putAway(name: string, mark: string, ending: 'added' | 'bad'): Promise<void> {
    const path = join(this.options.folder, name);
    try {
      await this.modules.files.rename(path, `${path}.${ending}`);
    } catch {
      this.remember(this.done, name, mark); // a folder that may only be read
    }
  }

  private remember(where: Map<string, string>, name: string, mark: string): void {
    where.set(name, mark);
    if (where.size <= this.options.rememberedMax) return;
    const [oldest] = where.keys();
    if (oldest !== undefined) where.delete(oldest);
  }
}

function forgetOthers(map: Map<string, string>, names: readonly string[]): void {
  const there = new Set(names);
  for (const name of map.keys()) if (!there.has(name)) map.delete(name);
}

function markOf(stat: FileStat): string {
  return `${stat.byteLength} ${stat.modifiedMs}`;
}

/** Whether trying again cannot help: the file itself is wrong. */
function isLasting(error: AlliumError): boolean {
  return ['BAD_BENCODE', 'BAD_TORRENT', 'UNSAFE_PATH', 'BAD_USAGE'].includes(error.code);
}
