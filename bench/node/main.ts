/**
 * How a node does with a large library: `npm run bench:node -- [COUNT…]`, 10,000 and 100,000 unless said otherwise. For
 * each: a store of so many torrents is made, then a node is started in a process of its own several times. Prints each
 * run: time from the start of the process until the list is there, until a torrent chosen by chance has served a block
 * to a peer, resident memory and CPU when nothing happens, the time a poll for 1 % changed torrents takes.
 */
import { fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { fetchBlock } from './caller.ts';
import { makeLibrary } from './make-library.ts';

const AGENT = fileURLToPath(new URL('./agent.js', import.meta.url));
const RUNS = 2;
const IDLE_SETTLE_MS = 5_000;
const IDLE_MS = 15_000;
/** Of /proc/PID/stat: clock ticks a second. */
const TICKS_PER_SEC = 100;

interface Message {
  readonly kind: string;
  readonly atMs?: number;
  readonly rows?: number;
  readonly listening?: string;
  readonly times?: readonly number[];
  readonly tookMs?: number;
  readonly states?: Readonly<Record<string, number>>;
}

function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SEC;
}

function residentMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}

const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;

async function run(folder: string, infoHashes: readonly string[]): Promise<Record<string, unknown>> {
  const beganMs = performance.timeOrigin + performance.now();
  const child = fork(AGENT, [folder], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const waiting = new Map<string, (message: Message) => void>();
  child.on('message', (message: Message) => waiting.get(message.kind)?.(message));
  const gone = new Promise<never>((_, reject) =>
    child.once('exit', () => reject(new Error('the node ended'))),
  );
  gone.catch(() => {});
  const heard = (kind: string): Promise<Message> =>
    Promise.race([new Promise<Message>((resolve) => waiting.set(kind, resolve)), gone]);
  const listed = await heard('listed');
  const port = Number(listed.listening?.split(':').at(-1));
  const pid = child.pid ?? 0;
  const chosen = infoHashes[Math.floor(Math.random() * infoHashes.length)] ?? '';
  await fetchBlock(port, chosen);
  const servedMs = performance.timeOrigin + performance.now();
  const cpuToServe = cpuSeconds(pid);
  await sleep(IDLE_SETTLE_MS);
  const before = cpuSeconds(pid);
  await sleep(IDLE_MS);
  const idle = (cpuSeconds(pid) - before) / (IDLE_MS / 1000);
  const rss = residentMiB(pid);
  child.send('states');
  const { states } = await heard('states');
  child.send('polls');
  const { times = [] } = await heard('polls');
  child.send('end');
  const { tookMs = 0 } = await heard('ended');
  return {
    rows: listed.rows,
    states,
    listedMs: Math.round((listed.atMs ?? 0) - beganMs),
    servedMs: Math.round(servedMs - beganMs),
    cpuSecondsToServe: cpuToServe,
    rssMiB: rss,
    idleCpuPercent: Math.round(idle * 10_000) / 100,
    pollMsMedian: Math.round(percentile(times, 0.5) * 1000) / 1000,
    pollMsP99: Math.round(percentile(times, 0.99) * 1000) / 1000,
    closeMs: Math.round(tookMs),
  };
}

const counts = process.argv
  .slice(2)
  .map(Number)
  .filter((count) => Number.isInteger(count) && count > 0);
const parent = process.env['ALLIUM_BENCH_FOLDER'] ?? tmpdir();
mkdirSync(parent, { recursive: true });
let announces = 0;
const tracker = createServer((_, response) => {
  announces += 1;
  response.end('d8:completei1e10:incompletei0e8:intervali1800e5:peers0:e');
});
await new Promise<void>((resolve) => tracker.listen(0, '127.0.0.1', resolve));
const { port } = tracker.address() as { port: number };
for (const count of counts.length > 0 ? counts : [10_000, 100_000]) {
  const folder = mkdtempSync(join(parent, 'allium-bench-node-'));
  try {
    const beganMs = performance.now();
    const made = await makeLibrary(folder, count, `http://127.0.0.1:${port}/announce`);
    const madeSec = Math.round((performance.now() - beganMs) / 1000);
    console.log(JSON.stringify({ torrents: count, files: made.fileCount, madeSec }));
    for (let index = 0; index < RUNS; index += 1) {
      announces = 0;
      const result = await run(folder, made.infoHashes);
      console.log(JSON.stringify({ torrents: count, run: index + 1, ...result, announces }));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
tracker.close();
