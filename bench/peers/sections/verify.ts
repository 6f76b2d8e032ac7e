import { NoiseMeter } from '../../support/noise.ts';
import { findLibtorrentPython, findProgram } from '../../support/programs.ts';
import { reasonOf } from '../../support/reason.ts';
import { median } from '../../support/statistics.ts';
import { combinedRate } from '../calibrate.ts';
import type { Context } from '../context.ts';
import type { Payload } from '../payload.ts';
import { alliumVerifier } from '../programs/allium.ts';
import { aria2Verifier } from '../programs/aria2.ts';
import { libtorrentVerifiers } from '../programs/libtorrent.ts';
import type { Cost, Verifier } from '../programs/program.ts';
import { rtorrentVerifier } from '../programs/rtorrent.ts';
import { transmissionVerifier } from '../programs/transmission.ts';
import { findWebtorrent, webtorrentVerifier } from '../programs/webtorrent.ts';
import { type ContestFacts, type Entry, takeTurns } from '../rounds.ts';
import { wanted } from '../select.ts';
import type { Torrent } from '../torrents.ts';
import type { Calibration, Run } from '../types.ts';

const STARTUP_TRIES = 3;

/** Every verifier that is installed. */
function verifiers(): readonly Verifier[] {
  const python = findLibtorrentPython();
  const found = <T>(name: string, make: (path: string) => T): readonly T[] => {
    const path = findProgram(name);
    return path === undefined ? [] : [make(path)];
  };
  const webtorrent = findWebtorrent();
  return [
    alliumVerifier,
    ...(python === undefined ? [] : libtorrentVerifiers(python)),
    ...found('rtorrent', rtorrentVerifier),
    ...found('transmission-daemon', transmissionVerifier),
    ...found('aria2c', aria2Verifier),
    ...(webtorrent === undefined ? [] : [webtorrentVerifier(webtorrent)]),
  ];
}

/** Verification out of the page cache: one large file as v1, v2 and hybrid, and a tree of 2,000 files. */
export async function runVerify(context: Context): Promise<void> {
  const programs = wanted(verifiers(), context.options);
  const startups = await startupTimes(programs, context);
  const { large, tree } = context.payloads;
  const contests: readonly [string, string, Payload, Torrent['version']][] = [
    ['verify.v1', 'Verify, one file, v1', large, 'v1'],
    ['verify.v2', 'Verify, one file, v2', large, 'v2'],
    ['verify.hybrid', 'Verify, one file, hybrid', large, 'hybrid'],
    ['verify.tree', 'Verify, 2,000 files, v1', tree, 'v1'],
  ];
  for (const [id, title, payload, version] of contests) {
    const torrent = await context.payloads.torrent(payload, version);
    const entries = programs
      .filter((program) => program.versions.includes(version))
      .filter((program) => program.manyFilesOnly !== true || payload.files.length > 1)
      .map((program): Entry => {
        const startupSeconds = startups.get(program.name);
        return {
          ...{ contestant: program, checked: true },
          ...(startupSeconds === undefined ? {} : { startupSeconds }),
          run: () =>
            measure(payload.totalBytes, () => program.verify(torrent, context.scratch(program.name))),
        };
      });
    const about = `${payload.files.length === 1 ? 'One file' : '2,000 files'} in the page cache, every piece hashed.`;
    const facts = { id, section: 'verify' as const, title, about, payloadBytes: payload.totalBytes };
    await underCeiling(facts, entries, version, context);
  }
}

/** Runs something to its end and adds what else the machine did. */
export async function measure(bytes: number, work: () => Promise<Cost>): Promise<Run> {
  const noise = new NoiseMeter();
  const { seconds, cpuSeconds, peakBytes } = await work();
  return { bytes, seconds, cpuSeconds, peakBytes, ...noise.end(cpuSeconds) };
}

/** Takes turns between two calibrations. The ceiling is the higher of the two: what the machine could do when left alone. */
export async function underCeiling(
  facts: ContestFacts,
  entries: readonly Entry[],
  version: Torrent['version'],
  context: Context,
): Promise<void> {
  const before = hashCeiling(await context.calibrate(), version);
  const contest = await takeTurns(facts, entries, before, context);
  const after = hashCeiling(await context.calibrate(), version);
  context.keep({ ...contest, ceiling: after.bytesPerSec > before.bytesPerSec ? after : before });
}

/** Reading and hashing, each as fast as it goes alone, on all cores. */
function hashCeiling(calibration: Calibration, version: Torrent['version']) {
  const { sha1, sha256, read, workers } = calibration;
  const rates = version === 'v1' ? [sha1, read] : version === 'v2' ? [sha256, read] : [sha1, sha256, read];
  return {
    bytesPerSec: combinedRate(rates),
    meaning: `reading and hashing on ${workers} ${workers === 1 ? 'core' : 'cores'}, each calibrated alone`,
  };
}

/** What the same command needs for next to nothing, for the programs whose clock starts with them. */
async function startupTimes(
  programs: readonly Verifier[],
  context: Context,
): Promise<ReadonlyMap<string, number>> {
  const torrent = await context.payloads.torrent(context.payloads.tiny, 'v1');
  const startups = new Map<string, number>();
  for (const program of programs.filter((each) => each.startupIncluded)) {
    const seconds: number[] = [];
    try {
      for (let round = 0; round < STARTUP_TRIES; round += 1) {
        seconds.push((await program.verify(torrent, context.scratch(program.name))).seconds);
      }
      startups.set(program.name, median(seconds));
    } catch (error) {
      context.skip(`${program.name} does not verify: ${reasonOf(error)}`);
    }
  }
  return startups;
}
