import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { compileNative, PROJECT_ROOT } from '../peers/native.ts';
import { Daemon, killDaemons } from '../support/daemon.ts';
import { median, medianDeviation } from '../support/statistics.ts';

export const QUERY_KINDS = ['ping', 'find_node', 'get_peers'] as const;
export type QueryKind = (typeof QUERY_KINDS)[number];

/** One run of the load: what load.c prints. */
export interface LoadRun {
  readonly answers: number;
  readonly perSec: number;
  /** Mean length of an answer. */
  readonly bytes: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly lost: number;
}

export interface QueryRow {
  readonly program: string;
  readonly kind: QueryKind;
  readonly perSec: number;
  readonly deviation: number;
  /** To the bare echo of the same rounds: the median of the ratios. */
  readonly toEcho: number;
  readonly p99Us: number;
  readonly bytes: number;
  readonly lost: number;
  readonly runs: readonly LoadRun[];
}

export interface QueriesOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly window: number;
}

interface Server {
  readonly program: string;
  readonly port: number;
}

const PLAYERS = 64;
/** How long the servers get to know the players. */
const SETTLE_MS = 6000;

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const source = (name: string): string => join(PROJECT_ROOT, 'bench', 'dht', name);

/** Queries per second that each program answers, one after the other in each round, beside a bare echo. */
export async function measureQueries(options: QueriesOptions): Promise<readonly QueryRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'allium-dht-'));
  try {
    const load = join(folder, 'load');
    const complaint = compileNative(source('native/load.c'), load);
    if (complaint !== undefined) throw new Error(complaint);
    const servers = await startServers();
    const runs = new Map<string, LoadRun[]>();
    for (let round = 0; round < options.rounds; round++) {
      for (const kind of QUERY_KINDS) {
        for (const { program, port } of servers) {
          const words = [String(port), kind, String(options.seconds), String(options.window)];
          const { stdout } = spawnSync(load, words, { encoding: 'utf8', timeout: 60_000 });
          const key = `${program} ${kind}`;
          runs.set(key, [...(runs.get(key) ?? []), JSON.parse(stdout) as LoadRun]);
        }
      }
    }
    return servers.flatMap(({ program }) => QUERY_KINDS.map((kind) => rowOf(program, kind, runs)));
  } finally {
    killDaemons();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startServers(): Promise<Server[]> {
  const players = new Daemon(process.execPath, [here('./players.js'), String(PLAYERS)]);
  const line = await players.line((text) => text.startsWith('PORTS '), 60_000);
  const ports = line.text.split(' ').slice(1);
  const servers: Server[] = [];
  const add = async (program: string, start: (port: number) => Daemon, ready: string): Promise<void> => {
    const port = await freeUdpPort();
    await start(port).line((text) => text.includes(ready), 30_000);
    servers.push({ program, port });
  };
  const node = process.execPath;
  await add('bare echo', (port) => new Daemon(node, [here('./rivals/echo.js'), String(port)]), 'READY');
  await add(
    'Allium',
    (port) => {
      const some = ports.slice(0, 16).flatMap((to) => ['--bootstrap', `127.0.0.1:${to}`]);
      const main = here('../../engine/cli/main.js');
      return new Daemon(node, [main, 'dht', '--host', '127.0.0.1', '--port', String(port), ...some]);
    },
    'joined',
  );
  const python = ['python3', '/usr/bin/python3'].find(
    (path) => spawnSync(path, ['-c', 'import libtorrent']).status === 0,
  );
  if (python !== undefined) {
    const words = (port: number): string[] => [source('rivals/libtorrent_dht.py'), String(port), ...ports];
    await add('libtorrent', (port) => new Daemon(python, words(port)), 'READY');
  }
  const npm = process.env['ALLIUM_BENCH_BITTORRENT_DHT'];
  if (npm !== undefined) {
    const words = (port: number): string[] => [
      source('rivals/bittorrent_dht.mjs'),
      String(port),
      npm,
      ...ports,
    ];
    await add('bittorrent-dht', (port) => new Daemon(node, words(port)), 'READY');
  }
  await sleep(SETTLE_MS);
  return servers;
}

function rowOf(program: string, kind: QueryKind, runs: ReadonlyMap<string, readonly LoadRun[]>): QueryRow {
  const own = runs.get(`${program} ${kind}`) ?? [];
  const echo = runs.get(`bare echo ${kind}`) ?? [];
  const rates = own.map(({ perSec }) => perSec);
  return {
    program,
    kind,
    perSec: median(rates),
    deviation: medianDeviation(rates),
    toEcho: median(own.map(({ perSec }, round) => perSec / (echo[round]?.perSec ?? Number.NaN))),
    p99Us: median(own.map(({ p99Us }) => p99Us)),
    bytes: median(own.map(({ bytes }) => bytes)),
    lost: own.reduce((sum, { lost }) => sum + lost, 0),
    runs: own,
  };
}

function freeUdpPort(): Promise<number> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}
