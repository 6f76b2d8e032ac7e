import { runCommand } from '../../support/command.ts';
import { type Daemon, lastLines, until } from '../../support/daemon.ts';
import { NoiseMeter } from '../../support/noise.ts';
import { processTree, resetPeakMemory, treeMemory } from '../../support/proc.ts';
import { findLibtorrentPython, findProgram } from '../../support/programs.ts';
import { reasonOf } from '../../support/reason.ts';
import type { Context } from '../context.ts';
import type { Helpers } from '../native.ts';
import { freePort } from '../ports.ts';
import { alliumSeeder } from '../programs/allium.ts';
import { nativePump, nodePump, torrentWords } from '../programs/ceilings.ts';
import { libtorrentSeeders } from '../programs/libtorrent.ts';
import type { Seeder } from '../programs/program.ts';
import { rtorrentSeeder } from '../programs/rtorrent.ts';
import { type Entry, takeTurns } from '../rounds.ts';
import { wanted } from '../select.ts';
import type { Torrent } from '../torrents.ts';
import type { Run } from '../types.ts';
import { runSeedMany } from './seed-many.ts';

const CONNECTION_COUNTS = [1, 8, 50] as const;
const DEPTH = 64;
const READY_MS = 60_000;
const RUN_SECONDS_MAX = 40;
const BLOCK_BYTES = 16384;

/** What the sink prints. */
export interface SinkReport {
  readonly bytes: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly watchedCpuSeconds: number;
  readonly waitSeconds: number;
  readonly served: number;
  readonly mismatches: number;
  readonly complete: boolean;
}

/** A seeder that serves. */
interface Serving {
  readonly seeder: Seeder;
  readonly daemon: Daemon;
  readonly port: number;
  readonly checked: boolean;
}

/** Seeding one large file out of the page cache to a sink that only takes. */
export async function runSeed(context: Context): Promise<void> {
  const { helpers } = context;
  if (typeof helpers === 'string') {
    context.skip(`Seeding is not measured: ${helpers}.`);
    return;
  }
  const torrent = await context.payloads.torrent(context.payloads.large, 'v1');
  const sink = new SinkRunner(helpers, torrent);
  const serving: Serving[] = [];
  try {
    for (const seeder of wanted(seeders(helpers), context.options)) {
      const started = await startSeeder(seeder, torrent, sink, context);
      if (started !== undefined) serving.push(started);
    }
    for (const connections of CONNECTION_COUNTS) {
      const entries = serving.map(
        (each): Entry => ({
          ...{ contestant: each.seeder, checked: each.checked },
          run: () => seedOnce(each.daemon, each.port, connections, sink),
        }),
      );
      const many = connections === 1 ? '1 connection' : `${connections} connections`;
      const facts = {
        ...{ id: `seed.${connections}`, section: 'seed' as const, title: `Seed to ${many}` },
        about: `One file in the page cache to a sink that only takes: ${many} with ${DEPTH} requests in flight each.`,
        payloadBytes: torrent.payload.totalBytes,
      };
      await takeTurns(facts, entries, undefined, context);
    }
  } finally {
    await Promise.all(serving.map(({ daemon }) => daemon.stop()));
  }
  await runSeedMany(context, helpers);
}

function seeders(helpers: Helpers): readonly Seeder[] {
  const python = findLibtorrentPython();
  const rtorrent = findProgram('rtorrent');
  return [
    alliumSeeder(),
    alliumSeeder([], 2),
    ...(python === undefined ? [] : libtorrentSeeders(python)),
    ...(rtorrent === undefined ? [] : [rtorrentSeeder(rtorrent)]),
    nodePump,
    nativePump(helpers.source),
  ];
}

/** Starts it, waits until it serves, and lets it serve everything once with every byte compared: that warms it, too. */
async function startSeeder(
  seeder: Seeder,
  torrent: Torrent,
  sink: SinkRunner,
  context: Context,
): Promise<Serving | undefined> {
  context.say(`starting ${seeder.name}`);
  const port = await freePort();
  let daemon: Daemon | undefined;
  try {
    const started = await seeder.start(torrent, port, context.scratch(seeder.name));
    daemon = started;
    await until(`${seeder.name} serves`, () => sink.serves(port), { timeoutMs: READY_MS, everyMs: 200 });
    const report = await sink.run(port, [
      'connections=4',
      'depth=64',
      `compare=${torrent.payload.path}`,
      `seconds=${RUN_SECONDS_MAX}`,
    ]);
    if (report.mismatches > 0) throw new Error('sends wrong bytes');
    return { seeder, daemon: started, port, checked: report.complete };
  } catch (error) {
    await daemon?.stop();
    context.skip(`${seeder.name} does not seed: ${reasonOf(error)}`);
    return undefined;
  }
}

/** One run of the sink against a seeder that serves. */
export async function seedOnce(
  daemon: Daemon,
  port: number,
  connections: number,
  sink: SinkRunner,
): Promise<Run> {
  if (!daemon.running) throw new Error(`has ended: ${lastLines(daemon.output)}`);
  resetPeakMemory(daemon.pid);
  const noise = new NoiseMeter();
  const report = await sink.run(port, [
    ...[`connections=${connections}`, `depth=${DEPTH}`, `seconds=${RUN_SECONDS_MAX}`],
    `watch=${processTree(daemon.pid).join(',')}`,
  ]);
  if (report.bytes === 0) throw new Error('sent nothing');
  return {
    bytes: report.bytes,
    seconds: report.seconds,
    cpuSeconds: report.watchedCpuSeconds,
    peakBytes: treeMemory(daemon.pid).peakBytes,
    helperShare: report.cpuSeconds / report.seconds,
    served: report.served,
    ...noise.end(report.watchedCpuSeconds + report.cpuSeconds),
  };
}

/** Runs the sink against ports, each time from addresses that no seeder has seen. */
export class SinkRunner {
  readonly #path: string;
  readonly #torrent: Torrent;
  #network = 0;

  constructor(helpers: Helpers, torrent: Torrent) {
    this.#path = helpers.sink;
    this.#torrent = torrent;
  }

  async run(port: number, words: readonly string[]): Promise<SinkReport> {
    this.#network += 1;
    const place = [`port=${port}`, `network=${this.#network}`];
    const cost = await runCommand(this.#path, [...torrentWords(this.#torrent), ...place, ...words]);
    if (cost.code !== 0) throw new Error(`the sink says: ${lastLines(cost.output)}`);
    return JSON.parse(cost.output.slice(0, cost.output.indexOf('}') + 1)) as SinkReport;
  }

  /** Whether the peer gives a block. */
  async serves(port: number): Promise<boolean> {
    try {
      return (await this.run(port, [`bytes=${BLOCK_BYTES}`, 'patience=5', 'depth=1'])).complete;
    } catch {
      return false;
    }
  }
}
