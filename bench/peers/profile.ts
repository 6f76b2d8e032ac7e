import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatTable } from '../../engine/cli/support/table.ts';
import type { Daemon } from '../support/daemon.ts';
import { type ThreadTime, threadTimes } from '../support/proc.ts';
import type { Context } from './context.ts';
import { type CpuProfile, type ProfileShare, summarizeProfile } from './cpu-profile.ts';
import { freePort, listening } from './ports.ts';
import { alliumLeecher, alliumSeeder } from './programs/allium.ts';
import { rawSource } from './sections/download.ts';
import { SinkRunner } from './sections/seed.ts';

const CONNECTIONS = 8;
const TOP = 16;
const READY_MS = 20_000;
const SETTLE_MS = 500;

type ProfileContext = Pick<Context, 'options' | 'payloads' | 'helpers' | 'scratch' | 'say'>;

/** Runs Allium's seeder and leecher once each under V8's profiler and prints where the time goes. */
export async function runProfile(context: ProfileContext): Promise<void> {
  const { helpers } = context;
  if (typeof helpers === 'string') {
    context.say(`nothing to profile with: ${helpers}.`);
    return;
  }
  const texts = [await profileSeeding(context, helpers), await profileDownload(context, helpers)];
  process.stdout.write(texts.join(''));
  mkdirSync(context.options.outFolder, { recursive: true });
  writeFileSync(join(context.options.outFolder, 'profile.txt'), texts.join(''));
}

async function profileSeeding(
  context: ProfileContext,
  helpers: Exclude<Context['helpers'], string>,
): Promise<string> {
  const torrent = await context.payloads.torrent(context.payloads.large, 'v1');
  const folder = context.scratch('profile');
  const port = await freePort();
  const sink = new SinkRunner(helpers, torrent);
  const daemon = await alliumSeeder(profilerWords(folder)).start(torrent, port, folder);
  await sink.serves(port);
  const before = threadTimes(daemon.pid);
  const report = await sink.run(port, [`connections=${CONNECTIONS}`, 'depth=64', 'seconds=40']);
  const threads = threadsSince(before, daemon);
  await daemon.stop('SIGINT');
  const rate = (report.bytes / 1e6 / report.seconds).toFixed(0);
  const title = `Seeding to ${CONNECTIONS} connections, ${rate} MB/s under the profiler`;
  return profileText(title, report.seconds, threads, folder);
}

async function profileDownload(
  context: ProfileContext,
  helpers: Exclude<Context['helpers'], string>,
): Promise<string> {
  const torrent = await context.payloads.torrent(context.payloads.download, 'v1');
  const folder = context.scratch('profile');
  const port = await freePort();
  const giver = rawSource(helpers.source, torrent);
  const target = context.scratch('download');
  const { daemon, done } = await alliumLeecher(profilerWords(folder)).start(torrent, port, target, folder);
  await listening(port, READY_MS);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const before = threadTimes(daemon.pid);
  const beganMs = performance.now();
  giver.dial(port);
  const seconds = ((await done) - beganMs) / 1000;
  const threads = threadsSince(before, daemon);
  await Promise.all([daemon.stop('SIGINT'), giver.daemon.stop()]);
  const rate = (torrent.payload.totalBytes / 1e6 / seconds).toFixed(0);
  const title = `Downloading from a raw source, ${rate} MB/s under the profiler`;
  return profileText(title, seconds, threads, folder);
}

function profilerWords(folder: string): readonly string[] {
  return ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}

/** CPU time of every thread since `before`, the main thread first, then the busiest. */
function threadsSince(before: readonly ThreadTime[], daemon: Daemon): readonly ThreadTime[] {
  const old = new Map(before.map((thread) => [thread.id, thread]));
  return threadTimes(daemon.pid)
    .map((thread) => ({
      ...thread,
      userSeconds: thread.userSeconds - (old.get(thread.id)?.userSeconds ?? 0),
      systemSeconds: thread.systemSeconds - (old.get(thread.id)?.systemSeconds ?? 0),
    }))
    .filter((thread) => thread.userSeconds + thread.systemSeconds > 0)
    .toSorted((a, b) => Number(b.isMain) - Number(a.isMain) || cpuOf(b) - cpuOf(a));
}

function cpuOf({ userSeconds, systemSeconds }: ThreadTime): number {
  return userSeconds + systemSeconds;
}

function profileText(title: string, seconds: number, threads: readonly ThreadTime[], folder: string): string {
  const rows = threads.map((thread) => [
    thread.isMain ? 'main thread' : `thread ${thread.id} (${thread.name})`,
    `${((cpuOf(thread) / seconds) * 100).toFixed(0)} %`,
    thread.userSeconds.toFixed(2),
    thread.systemSeconds.toFixed(2),
  ]);
  const table = formatTable(
    [
      { title: 'CPU time by thread' },
      { title: 'of a core', align: 'right' },
      { title: 'user s', align: 'right' },
      { title: 'system s', align: 'right' },
    ],
    rows,
  );
  const file = mainProfile(folder);
  if (file === undefined) return `\n${title}\n${table}\nThe profiler left no profile of the main thread.\n`;
  const profile = summarizeProfile(JSON.parse(readFileSync(file, 'utf8')) as CpuProfile);
  const groups = sharesText('main thread by what it does', profile.groups, profile.totalMs);
  const functions = sharesText('main thread by function, itself', profile.functions, profile.totalMs);
  return `\n${title}\n\n${table}\n${groups}\n${functions}`;
}

function sharesText(title: string, shares: readonly ProfileShare[], totalMs: number): string {
  const rows = shares.slice(0, TOP).map(({ name, ms }) => [name, `${((ms / totalMs) * 100).toFixed(1)} %`]);
  return formatTable(
    [
      { title, columnsMax: 90 },
      { title: 'share', align: 'right' },
    ],
    rows,
  );
}

/** Worker threads leave profiles of their own; the number after the process tells them apart, the main thread has 0. */
function mainProfile(folder: string): string | undefined {
  const name = readdirSync(folder).find((each) => /\.0\.\d+\.cpuprofile$/.test(each));
  return name === undefined ? undefined : join(folder, name);
}
