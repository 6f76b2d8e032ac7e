/**
 * The AES, relay cell, RC4 and XOR distance kernels beside what one would do without them. For ratios measured in pairs see
 * `allium bench kernels`.
 *
 *   npm run build && node dist/bench/kernels/ciphers.bench.js
 */
import { pathToFileURL } from 'node:url';
import { Bench } from 'tinybench';
import { cellContests } from './cells.ts';
import { rc4Contest } from './rc4.ts';
import { relayContests } from './relay.ts';
import { xorContest } from './xor.ts';

/** Adds two cases of each contest to `bench`: ours and the rival's. */
export function addCipherCases(bench: Bench): void {
  for (const { what, choice, ours, rival } of [
    ...cellContests(),
    ...relayContests('native'),
    rc4Contest(),
    xorContest(),
  ]) {
    bench.add(`${what}: ${choice}`, ours);
    bench.add(`${what}: rival`, rival);
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const bench = new Bench({ name: 'ciphers and identifiers', time: 1000 });
  addCipherCases(bench);
  await bench.run();
  for (const { name, result } of bench.tasks) {
    if (!('latency' in result)) throw new Error(`${name} gave no result`);
    process.stdout.write(`${name.padEnd(88)} ${(result.latency.p50 * 1000).toFixed(1).padStart(10)} µs\n`);
  }
}
