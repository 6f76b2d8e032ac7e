import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BenchCase, Run, SideReport } from './types.ts';

const SIDE = fileURLToPath(new URL('./side.js', import.meta.url));
const RUN_MS = 1500;
/** Slow start, and the compiler of the engine. */
const WARM_UP_MS = 500;

function answer<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as T));
    child.once('exit', (code) => reject(new Error(`a side ended with code ${code}`)));
  });
}

function side(...words: readonly string[]): ChildProcess {
  return fork(SIDE, words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

async function run(kind: string, datagramBytes: number): Promise<Run> {
  const taker = side('take', kind, String(datagramBytes));
  const port = await answer<number>(taker);
  const giver = side('give', kind, String(datagramBytes), String(port));
  await answer<number>(giver);
  const beganMs = performance.now();
  await new Promise((done) => setTimeout(done, WARM_UP_MS + RUN_MS));
  const reports = [taker, giver].map((child) => {
    const report = answer<SideReport>(child);
    child.send('stop');
    return report;
  });
  const seconds = (performance.now() - beganMs) / 1000;
  const [taken, given] = await Promise.all(reports);
  const bytes = taken!.receivedBytes;
  return {
    megabytesPerSec: bytes / 1e6 / seconds,
    cpuSecPerGigabyte: ((taken!.cpuSeconds + given!.cpuSeconds) / bytes) * 1e9,
  };
}

/** Between two processes of ours: bare datagrams as the floor, uTP with packets for any path and for this machine, TCP. */
export const PUMPS: readonly BenchCase[] = [
  { name: 'bare datagrams, 1,400 bytes', run: () => run('datagrams', 1400) },
  { name: 'uTP, packets of 1,400 bytes', run: () => run('utp', 0) },
  { name: 'bare datagrams, 16 KiB', run: () => run('datagrams', 16_384) },
  { name: 'uTP, packets of 16 KiB (loopback)', run: () => run('utp', 16_384) },
  { name: 'TCP', run: () => run('tcp', 0) },
];
