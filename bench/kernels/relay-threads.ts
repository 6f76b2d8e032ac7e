/**
 * Relay cells of tor1 on one thread and on two that have nothing in common: how far a second core carries.
 *
 *   npm run build && node dist/bench/kernels/relay-threads.js
 */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { TOR1_ROUND_CELLS, tor1Round } from './relay.ts';

const MEASURE_MS = 1000;
const PAIRS = 5;

/** A thread that does rounds for a while whenever it is told to, and says how many cells that were each second. */
function serve(): void {
  const round = tor1Round('native');
  parentPort!.on('message', () => {
    const from = performance.now();
    let cells = 0;
    while (performance.now() - from < MEASURE_MS) {
      round();
      cells += TOR1_ROUND_CELLS;
    }
    parentPort!.postMessage((cells / (performance.now() - from)) * 1000);
  });
}

async function rateOf(workers: readonly Worker[]): Promise<number> {
  const answers = workers.map((worker) => once(worker, 'message') as Promise<[number]>);
  for (const worker of workers) worker.postMessage('go');
  const rates = await Promise.all(answers);
  return rates.reduce((sum, [rate]) => sum + rate, 0);
}

async function measure(): Promise<void> {
  const file = fileURLToPath(import.meta.url);
  const workers = [new Worker(file), new Worker(file)];
  // The first round of each is for the compilers.
  await rateOf(workers);
  const ratios: number[] = [];
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const one = await rateOf(workers.slice(0, 1));
    const two = await rateOf(workers);
    ratios.push(two / one);
    process.stdout.write(
      `one thread ${(one / 1e6).toFixed(2)} million cells/s, two ${(two / 1e6).toFixed(2)}: × ${(two / one).toFixed(2)}\n`,
    );
  }
  const median = ratios.toSorted((a, b) => a - b)[ratios.length >> 1]!;
  process.stdout.write(`median × ${median.toFixed(2)}, to reach: × 1.8\n`);
  await Promise.all(workers.map((worker) => worker.terminate()));
}

if (isMainThread) await measure();
else serve();
