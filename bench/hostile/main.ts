/**
 * A million hostile packets against all that strangers can send to: `npm run soak:hostile [PACKETS] [SEED]`. Prints how many
 * were taken, how long that took, and what tables and memory came to; ends with 1 when a bound is broken, with the
 * packet when an exception escapes.
 */
import { SimRandom } from '../../engine/runtime/sim/chance.ts';
import { LightWorld } from '../dht/sim/light-world.ts';
import { makeTargets, type Target } from './targets.ts';

const PACKETS = 1_000_000;
const BATCH = 1_000;
/** Virtual time between two batches: timers of all parts have their turn. */
const BATCH_MS = 200;
/** What the process may have grown by between a tenth of the way and the end. */
const GROWTH_BYTES_MAX = 96 * 1024 * 1024;

interface Tally {
  readonly target: Target;
  count: number;
  elapsedMs: number;
}

function memory(): { readonly rss: number; readonly heap: number } {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heap: heapUsed + external };
}

function shootBatch(tallies: readonly Tally[], total: number, seed: number): void {
  for (const tally of tallies) {
    const startedMs = performance.now();
    for (let left = (tally.target.share * BATCH) / 1000; left > 0; left--) {
      try {
        tally.target.shoot();
      } catch (error) {
        throw new Error(`${tally.target.name}: packet ${tally.count} of seed ${seed}, ${total} in all`, {
          cause: error,
        });
      }
      tally.count++;
    }
    tally.elapsedMs += performance.now() - startedMs;
  }
}

/** Prints what came of it; returns whether every bound held. */
function report(tallies: readonly Tally[]): boolean {
  let isGood = true;
  process.stdout.write(
    '| target | packets | µs each | tables, and their bounds |\n| --- | ---: | ---: | --- |\n',
  );
  for (const { target, count, elapsedMs } of tallies) {
    const sizes = target.sizes();
    isGood &&= sizes.every(([, now, max]) => now <= max);
    const text = sizes.map(([what, now, max]) => `${what} ${now} of ${max}`).join(', ');
    const each = ((elapsedMs * 1000) / count).toFixed(1);
    process.stdout.write(`| ${target.name} | ${count} | ${each} | ${text} |\n`);
  }
  return isGood;
}

async function main(words: readonly string[]): Promise<number> {
  const [packets, seed] = [Number(words[0] ?? PACKETS), Number(words[1] ?? 1)];
  if (!Number.isInteger(packets) || packets < BATCH || !Number.isInteger(seed)) {
    process.stderr.write(`soak:hostile [PACKETS] [SEED]: ${BATCH} packets at least.\n`);
    return 2;
  }
  const world = new LightWorld({ seed });
  const targets = makeTargets(world, new SimRandom(seed, 'hostile'));
  const tallies = targets.map((target) => ({ target, count: 0, elapsedMs: 0 }));
  let early = memory();
  for (let total = 0; total < packets; total += BATCH) {
    shootBatch(tallies, total, seed);
    await world.run({ forMs: BATCH_MS });
    if (total <= packets / 10) early = memory();
  }
  const late = memory();
  const isGood = report(tallies);
  const megabytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
  process.stdout.write(
    `\nheap and buffers: ${megabytes(early.heap)} after a tenth, ${megabytes(late.heap)} at the end; resident ${megabytes(early.rss)}, ${megabytes(late.rss)}\n`,
  );
  const hasGrown = late.heap - early.heap > GROWTH_BYTES_MAX;
  process.stdout.write(
    isGood && !hasGrown
      ? 'every bound held\n'
      : `BROKEN: ${hasGrown ? 'memory has grown' : 'a table is over its bound'}\n`,
  );
  return isGood && !hasGrown ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
