/**
 * How a node does with a large library: `npm run bench:node -- [COUNT…]`, 10,000 and 100,000 unless said otherwise. For
 * each: a store of so many torrents is made, then `allium node`, as people run it, is started several times. Prints each
 * run: time from the start of the process until the list is there, until a torrent chosen by chance has served a block
 * to a peer, resident memory and CPU when nothing happens; and from a second process the time that a poll for 1 %
 * changed torrents takes.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { fetchBlock } from './caller.ts';
import { makeLibrary } from './make-library.ts';

const AGENT = fileURLToPath(new URL('./agent.js', import.meta.url));
const PROGRAM = fileURLToPath(new URL('../../allium/bin/main.js', import.meta.url));
const RUNS = 2;
const IDLE_SETTLE_MS = 5_000;
const IDLE_MS = 15_000;
/** Of /proc/PID/stat: clock ticks a second. */
const TICKS_PER_SEC = 100;

interface Message {
  readonly kind: string;
  readonly times?: readonly number[];
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

/** What the program says when it runs. */
async function hello(
  child: ChildProcess,
): Promise<{ readonly listening: string; readonly torrents: number }> {
  let said = '';
  child.stderr?.setEncoding('utf8');
  for await (const chunk of child.stderr ?? []) {
    said += String(chunk);
    const line = said.split('\n').find((text) => text.includes('"listening":'));
    if (line !== undefined) return JSON.parse(line) as { listening: string; torrents: number };
  }
  throw new Error(`the node ended: ${said}`);
}

async function run(folder: string, infoHashes: readonly string[]): Promise<Record<string, unknown>> {
  const words = ['--state', join(folder, 'state'), '--downloads', join(folder, 'downloads'), '--no-watch'];
  const more = ['--host', '127.0.0.1', '--port', '0', '--no-status', '--memory', '64MiB', '--threads', '1'];
  const beganMs = performance.now();
  const child = spawn(process.execPath, [PROGRAM, 'node', ...words, ...more], {
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  const { listening, torrents } = await hello(child);
  const listedMs = performance.now() - beganMs;
  const pid = child.pid ?? 0;
  const cpuToList = cpuSeconds(pid);
  const chosen = infoHashes[Math.floor(Math.random() * infoHashes.length)] ?? '';
  await fetchBlock(Number(listening.split(':').at(-1)), chosen);
  const servedMs = performance.now() - beganMs;
  await sleep(IDLE_SETTLE_MS);
  const before = cpuSeconds(pid);
  await sleep(IDLE_MS);
  const idle = (cpuSeconds(pid) - before) / (IDLE_MS / 1000);
  const rssMiB = residentMiB(pid);
  const endMs = performance.now();
  child.kill('SIGTERM');
  await once(child, 'exit');
  return {
    torrents,
    listedMs: Math.round(listedMs),
    cpuSecondsToList: cpuToList,
    servedMs: Math.round(servedMs),
    rssMiB,
    idleCpuPercent: Math.round(idle * 10_000) / 100,
    closeMs: Math.round(performance.now() - endMs),
  };
}

async function runPolls(folder: string): Promise<Record<string, unknown>> {
  const child = fork(AGENT, [folder], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const waiting = new Map<string, (message: Message) => void>();
  child.on('message', (message: Message) => waiting.get(message.kind)?.(message));
  const gone = new Promise<never>((_, reject) =>
    child.once('exit', () => reject(new Error('the node ended'))),
  );
  gone.catch(() => {});
  const heard = (kind: string): Promise<Message> =>
    Promise.race([new Promise<Message>((resolve) => waiting.set(kind, resolve)), gone]);
  await heard('listed');
  await sleep(IDLE_SETTLE_MS);
  child.send('states');
  const { states } = await heard('states');
  child.send('polls');
  const { times = [] } = await heard('polls');
  child.send('end');
  await heard('ended');
  return {
    states,
    pollMsMedian: Math.round(percentile(times, 0.5) * 1000) / 1000,
    pollMsP99: Math.round(percentile(times, 0.99) * 1000) / 1000,
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
      console.log(JSON.stringify({ run: index + 1, ...result, announces }));
    }
    console.log(JSON.stringify({ torrents: count, ...(await runPolls(folder)) }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
tracker.close();
