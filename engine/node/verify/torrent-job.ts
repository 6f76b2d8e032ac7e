import type { HashedRun } from '../../bittorrent/verify/checkpoint.ts';
import type { TorrentReport } from '../../bittorrent/verify/report.ts';
import type { SelectionOptions } from '../../bittorrent/verify/selection.ts';
import { AlliumError } from '../../codec/error.ts';
import type { CheckpointFile } from './checkpoint-file.ts';
import type { Disk } from './disk.ts';
import type { CheckJob } from './disk-lane.ts';
import type { FileStates } from './file-state.ts';
import type { LoadedTorrent } from './load-torrents.ts';
import type { Found } from './locate.ts';
import { TorrentCheck } from './torrent-check.ts';
import { invalidReport, torrentReport } from './torrent-report.ts';

export interface TorrentJobOptions {
  readonly torrent: LoadedTorrent;
  readonly found: Found;
  readonly selection: SelectionOptions;
  readonly disk: Disk;
  /** No other torrent could have the files that the selection names. */
  readonly isOnly: boolean;
}

export interface TorrentJobModules {
  readonly checkpoint: CheckpointFile | undefined;
  readonly states: FileStates;
}

/** One torrent on its way through a run: waits with little in memory, is checked, leaves a report. */
export class TorrentJob implements CheckJob {
  readonly disk: Disk;
  readonly bytes: number;
  /** Names of the selection that this torrent does not have. */
  unmatched: readonly string[] = [];
  readonly #options: TorrentJobOptions;
  readonly #checkpoint: CheckpointFile | undefined;
  readonly #states: FileStates;
  #checkpointId = 0;
  #report: TorrentReport | undefined;

  constructor(options: TorrentJobOptions, modules: TorrentJobModules) {
    this.disk = options.disk;
    this.bytes = options.found.presentFiles === 0 ? 0 : options.torrent.contentBytes;
    this.#options = options;
    this.#checkpoint = modules.checkpoint;
    this.#states = modules.states;
  }

  /** Once the run is over. */
  get report(): TorrentReport {
    return this.#report!;
  }

  open(): TorrentCheck | undefined {
    const { torrent, found, selection } = this.#options;
    try {
      const check = new TorrentCheck(torrent.metainfo(), found.place, selection, this.#states);
      this.unmatched = check.selection.unmatched;
      if (this.#options.isOnly && this.unmatched.length > 0) throw noSuchFile(this.unmatched);
      this.#resume(check);
      return check;
    } catch (error) {
      // It was fine when the run began: somebody has touched it since.
      if (!(error instanceof AlliumError) || error.code === 'BAD_USAGE' || error.code === 'BAD_STATE')
        throw error;
      this.#report = invalidReport({ source: torrent.source, error: error.toData() });
      return undefined;
    }
  }

  onHashed(_check: TorrentCheck, runs: readonly HashedRun[]): void {
    this.#checkpoint?.add(this.#checkpointId, runs);
  }

  finish(check: TorrentCheck): void {
    this.#report = torrentReport(this.#options.torrent, check);
  }

  #resume(check: TorrentCheck): void {
    if (this.#checkpoint === undefined) return;
    const subject = check.subject();
    const entry = this.#checkpoint.find(subject);
    if (entry !== undefined) check.restore(entry, subject);
    this.#checkpointId = this.#checkpoint.begin(subject, () => check.hashedRuns());
  }
}

function noSuchFile(names: readonly string[]): AlliumError {
  return new AlliumError('BAD_USAGE', `the torrent has no file “${names.join('”, “')}”`, {
    advice: 'See `allium info` for the names of its files.',
  });
}
