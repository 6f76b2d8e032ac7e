import { rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon, lastLines } from '../../support/daemon.ts';
import { NoiseMeter } from '../../support/noise.ts';
import { treeCpuSeconds, treeMemory } from '../../support/proc.ts';
import { findLibtorrentPython, findProgram } from '../../support/programs.ts';
import { sameBytes } from '../compare.ts';
import { type Context, scratchFolders } from '../context.ts';
import { freePort, listening } from '../ports.ts';
import { alliumLeecher } from '../programs/allium.ts';
import { aria2Leecher } from '../programs/aria2.ts';
import { torrentWords } from '../programs/ceilings.ts';
import { libtorrentLeechers, libtorrentSeeders } from '../programs/libtorrent.ts';
import type { Leecher } from '../programs/program.ts';
import { rtorrentLeecher } from '../programs/rtorrent.ts';
import { findWebtorrent, webtorrentLeecher } from '../programs/webtorrent.ts';
import { type Entry, takeTurns } from '../rounds.ts';
import { wanted } from '../select.ts';
import type { Torrent } from '../torrents.ts';
import type { Run } from '../types.ts';
import { SinkRunner } from './seed.ts';

const CONNECTIONS = 4;
const LISTEN_MS = 20_000;
/** Time for a leecher to settle between listening and the first connection. */
const SETTLE_MS = 400;
const MEMORY_EVERY_MS = 50;

/** Whoever connects to the leecher and gives. */
interface Giver {
  readonly daemon: Daemon;
  /** Makes it connect to the leecher; the clock runs from here. */
  dial(port: number): void;
}

/** Downloads one file with verification, into memory where there is room; the bytes are compared afterwards. */
export async function runDownload(context: Context): Promise<void> {
  const python = findLibtorrentPython();
  const torrent = await context.payloads.torrent(context.payloads.download, 'v1');
  const leechers = wanted(installedLeechers(python), context.options);
  const { helpers } = context;
  if (typeof helpers === 'string') context.skip(`Downloading from a raw source is not measured: ${helpers}.`);
  else {
    const title = `Download from a raw source, ${CONNECTIONS} connections`;
    const start = async () => rawSource(helpers.source, torrent);
    await contest('download.raw', title, torrent, leechers, start, context);
  }
  const [seeder] = python === undefined ? [] : libtorrentSeeders(python);
  if (seeder === undefined) {
    context.skip('Downloading from libtorrent is not measured: python3-libtorrent is not installed.');
    return;
  }
  const start = async (): Promise<Giver> => {
    const port = await freePort();
    const daemon = await seeder.start(torrent, port, context.scratch('giver'));
    // The first touch of a mapped file is slow, and not the leecher's fault.
    if (typeof helpers !== 'string') await new SinkRunner(helpers, torrent).run(port, ['connections=2']);
    return { daemon, dial: (leecher) => daemon.send(`dial ${leecher}`) };
  };
  await contest(
    'download.libtorrent',
    'Download from a libtorrent seeder',
    torrent,
    leechers,
    start,
    context,
  );
}

function installedLeechers(python: string | undefined): readonly Leecher[] {
  const rtorrent = findProgram('rtorrent');
  const aria2 = findProgram('aria2c');
  const webtorrent = findWebtorrent();
  return [
    alliumLeecher(),
    ...(python === undefined ? [] : libtorrentLeechers(python)),
    ...(rtorrent === undefined ? [] : [rtorrentLeecher(rtorrent)]),
    ...(aria2 === undefined ? [] : [aria2Leecher(aria2)]),
    ...(webtorrent === undefined ? [] : [webtorrentLeecher(webtorrent)]),
  ];
}

async function contest(
  id: string,
  title: string,
  torrent: Torrent,
  leechers: readonly Leecher[],
  start: () => Promise<Giver>,
  context: Context,
): Promise<void> {
  const target = downloadRoot(context, torrent.payload.totalBytes);
  const folders = scratchFolders(target.folder);
  const entries = leechers.map(
    (leecher): Entry => ({
      ...{ contestant: leecher, checked: true },
      run: async () => {
        const scratch = context.scratch(leecher.name);
        return downloadOnce(leecher, torrent, folders('download'), scratch, await start());
      },
    }),
  );
  const about = `One file into ${target.kind}, every piece verified; from the first connection to the last piece.`;
  const facts = { id, section: 'download' as const, title, about, payloadBytes: torrent.payload.totalBytes };
  try {
    await takeTurns(facts, entries, undefined, context);
  } finally {
    rmSync(target.folder, { recursive: true, force: true });
  }
}

/** Where downloads go: the folder asked for, memory where it has room for two, else the scratch folder. */
function downloadRoot(context: Context, totalBytes: number): { folder: string; kind: string } {
  const asked = context.options.downloadFolder;
  if (asked !== undefined) return { folder: join(asked, `allium-bench-${process.pid}`), kind: 'a folder' };
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    if (bavail * bsize > 2 * totalBytes)
      return { folder: `/dev/shm/allium-bench-${process.pid}`, kind: 'memory (tmpfs)' };
  } catch {
    // No such place here.
  }
  return { folder: context.scratch('downloads'), kind: 'a folder on disk' };
}

/** The source dials the leecher: some cannot be told to dial. */
export function rawSource(path: string, torrent: Torrent): Giver {
  const file = `file=${torrent.payload.path}`;
  const words = [...torrentWords(torrent), file, `connections=${CONNECTIONS}`, 'seconds=150'];
  const daemon = new Daemon(path, words);
  return { daemon, dial: (port) => daemon.send(`dial ${port}`) };
}

/** One download, measured from the first connection. */
export async function downloadOnce(
  leecher: Leecher,
  torrent: Torrent,
  folder: string,
  scratch: string,
  giver: Giver,
): Promise<Run> {
  const port = await freePort();
  const download = await leecher.start(torrent, port, folder, scratch).catch(async (error: unknown) => {
    await giver.daemon.stop();
    throw error;
  });
  const { daemon } = download;
  let peakBytes = 0;
  const look = (): void => {
    if (daemon.running) peakBytes = Math.max(peakBytes, treeMemory(daemon.pid).peakBytes);
  };
  const timer = setInterval(look, MEMORY_EVERY_MS);
  try {
    await listening(port, LISTEN_MS).catch((error: Error) => {
      throw new Error(`${error.message}: ${lastLines(daemon.output)}`);
    });
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const noise = new NoiseMeter();
    const [before, giverBefore] = [treeCpuSeconds(daemon.pid), treeCpuSeconds(giver.daemon.pid)];
    const beganMs = performance.now();
    giver.dial(port);
    const doneMs = await download.done;
    const cpuSeconds = treeCpuSeconds(daemon.pid) - before;
    const giverSeconds = treeCpuSeconds(giver.daemon.pid) - giverBefore;
    look();
    const seconds = (doneMs - beganMs) / 1000;
    const around = noise.end(cpuSeconds + giverSeconds);
    await daemon.stop();
    if (!(await sameBytes(torrent.payload.path, join(folder, torrent.payload.name))))
      throw new Error('the bytes downloaded are not those of the payload');
    const bytes = torrent.payload.totalBytes;
    return { bytes, seconds, cpuSeconds, peakBytes, helperShare: giverSeconds / seconds, ...around };
  } finally {
    clearInterval(timer);
    await Promise.all([daemon.stop(), giver.daemon.stop()]);
  }
}
