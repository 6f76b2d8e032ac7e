import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../../support/command.ts';
import { Daemon, lastLines } from '../../support/daemon.ts';
import { NoiseMeter } from '../../support/noise.ts';
import { processTree, resetPeakMemory, treeMemory } from '../../support/proc.ts';
import type { Context } from '../context.ts';
import type { Helpers } from '../native.ts';
import { freePort } from '../ports.ts';
import type { Contestant } from '../programs/program.ts';
import { type Entry, takeTurns } from '../rounds.ts';
import type { Run } from '../types.ts';
import type { SinkReport } from './seed.ts';

const SEEDER = fileURLToPath(new URL('../many-seeder.js', import.meta.url));
const CONNECTIONS = 200;
const TORRENTS_MAX = 200;
const PIECE_BYTES = 1 << 20;
const START_MS = 30_000;

interface Serving {
  readonly daemon: Daemon;
  readonly port: number;
  readonly hashes: string;
}

/** Seeding to as many connections, about one torrent or each about one of its own: what it costs to have many active. */
export async function runSeedMany(context: Context, helpers: Helpers): Promise<void> {
  const payload = context.payloads.download;
  const bytes = context.payloads.large.totalBytes;
  const pieces = payload.totalBytes / PIECE_BYTES;
  const serving: Serving[] = [];
  const start = async (torrents: number): Promise<Serving> => {
    const port = await freePort();
    const hashes = join(context.scratch(`many-${torrents}`), 'hashes');
    const words = [port, torrents, pieces, PIECE_BYTES, payload.path, hashes].map(String);
    const daemon = new Daemon(process.execPath, [SEEDER, ...words]);
    const one = { daemon, port, hashes };
    serving.push(one);
    await daemon.line((line) => line === 'READY', START_MS);
    return one;
  };
  const entry = async (contestant: Contestant, torrents: number): Promise<Entry> => {
    const one = await start(torrents);
    let network = torrents;
    const run = (): Promise<Run> => sendOnce(one, helpers, { pieces, bytes, network: ++network });
    return { contestant, checked: false, run };
  };
  try {
    const entries = [
      await entry({ name: 'Allium', side: 'allium', setting: '' }, TORRENTS_MAX),
      await entry({ name: 'Allium, 1 torrent', side: 'ceiling', setting: 'one torrent' }, 1),
    ];
    const facts = {
      ...{ id: 'seed.many', section: 'seed' as const, title: `Seed ${TORRENTS_MAX} torrents at once` },
      about: `${CONNECTIONS} connections, each about a torrent of its own, beside as many about one torrent.`,
      payloadBytes: bytes,
    };
    await takeTurns(facts, entries, undefined, context);
  } finally {
    await Promise.all(serving.map(({ daemon }) => daemon.stop()));
  }
}

async function sendOnce(
  { daemon, port, hashes }: Serving,
  helpers: Helpers,
  { pieces, bytes, network }: { readonly pieces: number; readonly bytes: number; readonly network: number },
): Promise<Run> {
  if (!daemon.running) throw new Error(`has ended: ${lastLines(daemon.output)}`);
  resetPeakMemory(daemon.pid);
  const noise = new NoiseMeter();
  const cost = await runCommand(helpers.sink, [
    ...[`hash=${'00'.repeat(20)}`, `torrents=${hashes}`, `pieces=${pieces}`, `piece-length=${PIECE_BYTES}`],
    ...[`total=${pieces * PIECE_BYTES}`, `bytes=${bytes}`, `connections=${CONNECTIONS}`, 'depth=64'],
    ...[`port=${port}`, `network=${network}`, 'seconds=40', `watch=${processTree(daemon.pid).join(',')}`],
  ]);
  if (cost.code !== 0) throw new Error(`the sink says: ${lastLines(cost.output)}`);
  const report = JSON.parse(cost.output.slice(0, cost.output.indexOf('}') + 1)) as SinkReport;
  return {
    ...{ bytes: report.bytes, seconds: report.seconds, cpuSeconds: report.watchedCpuSeconds },
    ...{ helperShare: report.cpuSeconds / report.seconds, served: report.served },
    peakBytes: treeMemory(daemon.pid).peakBytes,
    ...noise.end(report.watchedCpuSeconds + report.cpuSeconds),
  };
}
