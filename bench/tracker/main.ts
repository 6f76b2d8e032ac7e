/**
 * The tracker beside a bare echo of Node, opentracker and bittorrent-tracker: `npm run bench:tracker -- --help`. Prints the
 * table with every single run, and writes tracker.json.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Column, formatTable } from '../../engine/cli/support/table.ts';
import { compileNative, PROJECT_ROOT } from '../peers/native.ts';
import { type Daemon, killDaemons } from '../support/daemon.ts';
import { commitOf, describeMachine } from '../support/machine.ts';
import { treeCpuSeconds, treeMemory } from '../support/proc.ts';
import { median } from '../support/statistics.ts';
import { findRivals, type Rival } from './rivals.ts';

const HELP = `Usage: npm run bench:tracker -- [options]

Announces per second over loopback, with many torrents and peers already there. Beside it a bare echo over UDP and a bare
HTTP server of Node, in the same run. Needs Linux and a C compiler; opentracker and, from the folder that
ALLIUM_BENCH_BITTORRENT_TRACKER names, bittorrent-tracker take part when they are there.

  --runs N         runs of each (3)
  --seconds N      length of a run (3)
  --torrents N     torrents (100000)
  --peers N        peers that are there before (1000000)
  --only A,B       only these
  --out FOLDER     where tracker.json is written (bench/results)
`;

type Mode = 'udp' | 'http';

interface Run {
  readonly perSec: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly lost: number;
  /** Of the server, for one announce. */
  readonly cpuUs: number;
  /** Of the load: near 1 it was the limit. */
  readonly loadCpuShare: number;
}

interface Row {
  readonly name: string;
  readonly mode: Mode;
  readonly runs: Run[];
  peakBytes: number;
}

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

async function main(): Promise<number> {
  delete process.env.NODE_EXTRA_CA_CERTS;
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '3' },
      torrents: { type: 'string', default: '100000' },
      peers: { type: 'string', default: '1000000' },
      only: { type: 'string' },
      out: { type: 'string', default: join(PROJECT_ROOT, 'bench', 'results') },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'allium-bench-tracker-'));
  process.once('exit', () => {
    killDaemons();
    rmSync(folder, { recursive: true, force: true });
  });
  const load = join(folder, 'load');
  const complaint = compileNative(join(PROJECT_ROOT, 'bench', 'tracker', 'native', 'load.c'), load);
  if (complaint !== undefined) {
    say(`bench:tracker: ${complaint}`);
    return 2;
  }
  const only = values.only?.split(',');
  const all = findRivals(load, folder, Number(values.torrents));
  const rivals = all.filter(({ name }) => only === undefined || only.includes(name));
  const base = [`torrents=${values.torrents}`, `peers=${values.peers}`];
  const rows = await measure(rivals, load, base, Number(values.runs), Number(values.seconds));
  process.stdout.write(tableOf(rows));
  const options = {
    runs: values.runs,
    seconds: values.seconds,
    torrents: values.torrents,
    peers: values.peers,
  };
  mkdirSync(values.out, { recursive: true });
  writeFileSync(
    join(values.out, 'tracker.json'),
    `${JSON.stringify({ schema: 'allium bench tracker 1', startedAt: new Date().toISOString(), commit: commitOf(PROJECT_ROOT), machine: describeMachine(), options, rows }, undefined, 1)}\n`,
  );
  return 0;
}

/** All are started and filled first; then they take turns. */
async function measure(
  rivals: readonly Rival[],
  load: string,
  base: readonly string[],
  runs: number,
  seconds: number,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const daemons: { readonly rival: Rival; readonly port: number; readonly daemon: Daemon }[] = [];
  let port = 20_000 + (process.pid % 20_000);
  for (const rival of rivals) {
    const daemon = await rival.start(++port);
    daemons.push({ rival, port, daemon });
    if (rival.name === 'bare Node') continue;
    const filled = await runLoad(load, [
      ...base,
      'mode=udp',
      `port=${port}`,
      'fill=1',
      'wanted=0',
      'seconds=300',
    ]);
    say(`${rival.name}: filled with ${filled.done} peers in ${filled.seconds.toFixed(1)} s`);
  }
  for (let run = 0; run < runs; run++) {
    for (const mode of ['udp', 'http'] as const) {
      for (const { rival, port: at, daemon } of daemons) {
        if (mode === 'http' && !rival.hasHttp) continue;
        const before = treeCpuSeconds(daemon.pid);
        const words = [
          ...base,
          `mode=${mode}`,
          `port=${at}`,
          `seconds=${seconds}`,
          `first=${(run + 1) * 1e9}`,
        ];
        const got = await runLoad(load, mode === 'http' ? [...words, 'flows=64'] : words);
        const cpuSeconds = treeCpuSeconds(daemon.pid) - before;
        const row = rowOf(rows, rival.name, mode);
        row.runs.push({
          perSec: got.done / got.seconds,
          p50Ms: got.p50Ms,
          p99Ms: got.p99Ms,
          lost: got.lost,
          cpuUs: (cpuSeconds * 1e6) / Math.max(1, got.done),
          loadCpuShare: got.cpuSeconds / got.seconds,
        });
        row.peakBytes = treeMemory(daemon.pid).peakBytes;
        say(`${rival.name} ${mode}: ${Math.round(got.done / got.seconds)} per second`);
      }
    }
  }
  await Promise.all(daemons.map(({ daemon }) => daemon.stop()));
  return rows;
}

function rowOf(rows: Row[], name: string, mode: Mode): Row {
  let row = rows.find((other) => other.name === name && other.mode === mode);
  if (row === undefined) {
    row = { name, mode, runs: [], peakBytes: 0 };
    rows.push(row);
  }
  return row;
}

interface LoadResult {
  readonly done: number;
  readonly lost: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuSeconds: number;
}

function runLoad(load: string, words: readonly string[]): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(load, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(text) as LoadResult);
      else reject(new Error(`the load has ended: ${text}`));
    });
  });
}

const RIGHT = 'right';
const COLUMNS: readonly Column[] = [
  { title: '' },
  { title: 'announces/s', align: RIGHT },
  { title: '× bare', align: RIGHT },
  { title: 'p50 ms', align: RIGHT },
  { title: 'p99 ms', align: RIGHT },
  { title: 'CPU µs each', align: RIGHT },
  { title: 'load CPU', align: RIGHT },
  { title: 'peak MiB', align: RIGHT },
];

function tableOf(rows: readonly Row[]): string {
  const middle = (row: Row, key: keyof Run): number => median(row.runs.map((run) => run[key]));
  return (['udp', 'http'] as const)
    .map((mode) => {
      const here = rows.filter((row) => row.mode === mode);
      const bare = here.find(({ name }) => name === 'bare Node');
      const cells = here.map((row) => [
        row.name,
        middle(row, 'perSec').toFixed(0),
        bare === undefined ? '' : (middle(row, 'perSec') / middle(bare, 'perSec')).toFixed(2),
        middle(row, 'p50Ms').toFixed(2),
        middle(row, 'p99Ms').toFixed(2),
        middle(row, 'cpuUs').toFixed(1),
        middle(row, 'loadCpuShare').toFixed(2),
        (row.peakBytes / 2 ** 20).toFixed(0),
      ]);
      const singles = here.map(
        (row) => `  ${row.name}: ${row.runs.map(({ perSec }) => perSec.toFixed(0)).join(' ')}\n`,
      );
      const title = mode === 'udp' ? 'UDP' : 'HTTP with keep-alive';
      return `${title}\n${formatTable(COLUMNS, cells)}every run, announces per second:\n${singles.join('')}`;
    })
    .join('\n');
}

try {
  process.exitCode = await main();
} finally {
  killDaemons();
}
