/**
 * The DHT measured: `npm run bench:dht -- WORDS`. Words: `queries` (queries per second beside a bare echo, libtorrent and
 * the npm package bittorrent-dht, whose folder ALLIUM_BENCH_BITTORRENT_DHT names), `network` (look-ups among 10,000
 * simulated nodes of which three in ten are silent), `hops` (100 to 100,000 nodes). Without words: all. Writes
 * bench/results/dht.json and dht.svg.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../peers/native.ts';
import { describeMachine, type Machine } from '../support/machine.ts';
import { fitLog, type NetworkRow, runNetwork } from './curves.ts';
import { hopsPicture } from './picture.ts';
import { measureQueries, type QueryRow } from './queries.ts';

const RESULTS = join(PROJECT_ROOT, 'bench', 'results');
const HOP_SIZES = [100, 300, 1000, 3000, 10_000, 30_000, 100_000] as const;
const SEED = 2026;

interface DhtResult {
  readonly startedAt: string;
  readonly machine: Machine;
  readonly queries?: readonly QueryRow[];
  readonly network?: NetworkRow;
  readonly hops?: readonly NetworkRow[];
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function networkText(row: NetworkRow): string {
  return (
    `${row.nodes} nodes ${row.made}, ${row.silentShare * 100} % silent: ${(row.foundShare * 100).toFixed(2)} % of ${row.lookups} found, ` +
    `first peer median ${row.firstMedianMs.toFixed(0)} ms p99 ${row.firstP99Ms.toFixed(0)} ms, complete ${row.completeMedianMs.toFixed(0)} ms, ` +
    `${row.hops.toFixed(2)} hops, ${row.queries.toFixed(1)} queries (${row.tookSec.toFixed(0)} s)`
  );
}

async function hops(): Promise<NetworkRow[]> {
  const rows: NetworkRow[] = [];
  for (const nodes of HOP_SIZES) {
    const row = await runNetwork({ nodes, made: 'seeded', silentShare: 0, lookups: 100, seed: SEED });
    say(networkText(row));
    rows.push(row);
  }
  say(`hops = ${fitLog(rows).toFixed(3)} · log2 N`);
  return rows;
}

async function main(words: readonly string[]): Promise<void> {
  const wants = (word: string): boolean => words.length === 0 || words.includes(word);
  const path = join(RESULTS, 'dht.json');
  const before = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Partial<DhtResult>) : {};
  let result: DhtResult = { ...before, startedAt: new Date().toISOString(), machine: describeMachine() };
  if (wants('queries')) {
    const queries = await measureQueries({ rounds: 3, seconds: 1, window: 64 });
    for (const row of queries) {
      say(
        `${row.program.padEnd(15)} ${row.kind.padEnd(10)} ${row.perSec.toFixed(0).padStart(7)}/s ±${row.deviation.toFixed(0)}` +
          `  ×${row.toEcho.toFixed(2)} of the echo  p99 ${row.p99Us} µs  ${row.bytes.toFixed(0)} bytes  lost ${row.lost}`,
      );
    }
    result = { ...result, queries };
  }
  if (wants('network')) {
    const network = await runNetwork({
      nodes: 10_000,
      made: words.includes('seeded') ? 'seeded' : 'joined',
      silentShare: 0.3,
      lookups: 500,
      seed: SEED,
    });
    say(networkText(network));
    result = { ...result, network };
  }
  if (wants('hops')) result = { ...result, hops: await hops() };
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(path, `${JSON.stringify(result)}\n`);
  if (result.hops !== undefined) writeFileSync(join(RESULTS, 'dht.svg'), hopsPicture(result.hops));
}

await main(process.argv.slice(2));
