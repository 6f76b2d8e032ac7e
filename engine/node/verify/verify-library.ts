import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { TorrentReport, VerifyReport } from '../../bittorrent/verify/report.ts';
import type { SelectionOptions } from '../../bittorrent/verify/selection.ts';
import { totalsOf } from '../../bittorrent/verify/summarize.ts';
import { AlliumError } from '../../codec/error.ts';
import { fileError } from '../../runtime/real/file-error.ts';
import { openReadPool, type ReadPool } from '../content/read-pool.ts';
import { CheckRun, type RunProgress } from './check-run.ts';
import { CheckpointFile } from './checkpoint-file.ts';
import { DiskFinder } from './disk.ts';
import { FileStates } from './file-state.ts';
import { findTorrents, loadTorrents } from './load-torrents.ts';
import { locateAll } from './locate.ts';
import { threadsFor } from './threads.ts';
import { TorrentJob } from './torrent-job.ts';
import { invalidReport } from './torrent-report.ts';

export interface VerifyOptions {
  /** Torrent files, and folders that hold some. */
  readonly torrents: readonly string[];
  /** Folders below which the data lies; the data itself will do. */
  readonly roots: readonly string[];
  readonly selection?: SelectionOptions | undefined;
  /** Whether to look through the roots for data that is not in its usual place. Default: yes. */
  readonly search?: boolean | undefined;
  /** Default: no limit. */
  readonly rateBytesPerSec?: number | undefined;
  /** Readers on one disk at a time. Default: one if it rotates, else as many as there are threads. */
  readonly readersPerDisk?: number | undefined;
  /** For a pool of its own. Default: one per core, or one per rotating disk when that is more. */
  readonly threadCount?: number | undefined;
  /** Where to keep what is hashed, to go on from there after an interruption. Removed when the run is complete. */
  readonly checkpoint?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
}

export interface VerifyProgress extends RunProgress {
  readonly torrentCount: number;
}

/**
 * Checks the data of torrents against their hashes and says exactly what is damaged. Opens the data for reading
 * only. Damage is an answer, not an error; throws AlliumError for bad usage, a checkpoint that cannot be used, an
 * only torrent that is broken, and INTERRUPTED by the signal (the checkpoint is kept).
 *
 * @param modules `pool`: threads that are there already and stay; else it has its own for this run
 */
export async function verifyLibrary(
  options: VerifyOptions,
  modules: { readonly pool?: ReadPool } = {},
): Promise<VerifyReport> {
  const startedAt = new Date().toISOString();
  const startedMs = performance.now();
  const roots = options.roots.map((root) => resolve(root));
  for (const root of roots) checkRoot(root);
  const pool = modules.pool ?? openReadPool({ threadCount: options.threadCount ?? threadsFor(roots) });
  let startupMs = 0;
  void pool.ready.then(() => {
    startupMs = performance.now() - startedMs;
  });
  try {
    const outcome = await verifyWith(pool, roots, options);
    return {
      schema: 'allium verify 1',
      startedAt,
      elapsedMs: performance.now() - startedMs,
      startupMs,
      threadCount: pool.threadCount,
      roots,
      ...totalsOf(outcome.torrents),
      ...outcome,
    };
  } finally {
    if (modules.pool === undefined) await pool.close();
  }
}

async function verifyWith(
  pool: ReadPool,
  roots: readonly string[],
  options: VerifyOptions,
): Promise<Pick<VerifyReport, 'torrents' | 'warnings'>> {
  const { signal, selection } = options;
  const sources = findTorrents(options.torrents);
  if (sources.length === 0) {
    throw new AlliumError('BAD_USAGE', `no .torrent file in ${options.torrents.join(', ')}`, {
      advice: 'Name the torrent files, or the folder they are in, before the data.',
    });
  }
  const library = loadTorrents(sources);
  if (selection?.pieces !== undefined && library.torrents.length > 1) {
    throw new AlliumError('BAD_USAGE', 'pieces can be chosen of one torrent only', {
      advice: 'Name one torrent, or choose files.',
    });
  }
  const search = options.search ?? true;
  const states = new FileStates();
  const located = await locateAll(library.torrents, { roots, search, signal }, { pool, states });
  const checkpoint = options.checkpoint === undefined ? undefined : CheckpointFile.open(options.checkpoint);
  try {
    const disks = new DiskFinder();
    const isOnly = sources.length === 1;
    const jobs = library.torrents.map((torrent, at) => {
      const found = located.found[at]!;
      const disk = disks.at(found.place.base);
      return new TorrentJob(
        { torrent, found, disk, isOnly, selection: selection ?? {} },
        { checkpoint, states },
      );
    });
    await runJobs(jobs, pool, options);
    const unmatched = unmatchedNames(jobs);
    const torrents = inOrder(sources, [
      ...jobs.map((job) => job.report),
      ...library.invalid.map(invalidReport),
    ]);
    if (torrents.every((torrent) => torrent.outcome !== 'unreadable')) checkpoint?.remove();
    return {
      torrents,
      warnings: [...located.warnings, ...unmatched.map((name) => `no torrent has a file “${name}”`)],
    };
  } finally {
    checkpoint?.close();
  }
}

async function runJobs(jobs: readonly TorrentJob[], pool: ReadPool, options: VerifyOptions): Promise<void> {
  const { onProgress } = options;
  const run = new CheckRun(
    {
      rateBytesPerSec: options.rateBytesPerSec ?? Number.POSITIVE_INFINITY,
      readersPerDisk: options.readersPerDisk,
      signal: options.signal,
      onProgress: onProgress && ((progress) => onProgress({ ...progress, torrentCount: jobs.length })),
    },
    { pool, jobs },
  );
  await run.run();
}

function checkRoot(root: string): void {
  try {
    statSync(root);
  } catch (error) {
    throw fileError(error, 'read', root);
  }
}

/** File names on the command line that no torrent knows. */
function unmatchedNames(jobs: readonly TorrentJob[]): string[] {
  const [first, ...others] = jobs.map((job) => job.unmatched);
  return (first ?? []).filter((name) => others.every((names) => names.includes(name)));
}

function inOrder(sources: readonly string[], reports: readonly TorrentReport[]): TorrentReport[] {
  const order = new Map(sources.map((source, at) => [source, at]));
  return [...reports].sort((a, b) => order.get(a.torrent)! - order.get(b.torrent)!);
}
