import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatTable } from '../../engine/cli/support/table.ts';
import { scratchFolder } from '../../test/interop/support/program.ts';
import { type CpuProfile, type ProfileShare, summarizeProfile } from '../peers/cpu-profile.ts';
import { type ThreadTime, threadTimes } from '../support/proc.ts';
import { bulkEntry } from './bulk.ts';
import { AlliumClientDesk } from './context.ts';
import { startBenchNetwork } from './network.ts';
import type { OnionBenchOptions } from './options.ts';

const TOP = 24;
const TTL_MS = 120_000;
const GB = 1e9;

/** Runs one stream through Allium's relays with the middle one and the client under V8's profiler. */
export async function runProfile(options: OnionBenchOptions, say: (line: string) => void): Promise<void> {
  const folder = scratchFolder();
  const words = (name: string): readonly string[] => ['--cpu-prof', '--cpu-prof-dir', join(folder, name)];
  const network = await startBenchNetwork({
    hasAllium: true,
    relayWords: (nickname) => (nickname === 'allium2' ? words('middle') : []),
    ...{ ttlMs: TTL_MS, say },
  });
  const desk = new AlliumClientDesk(network, new Map(), words('client'));
  const texts: string[] = [];
  try {
    const setting = options.noCgo ? 'AES-CTR, no CGO' : '';
    const entry = bulkEntry(await desk.carrier(setting), 1, options.sizeBytes, network);
    const pids = {
      ...{ guard: network.pid('allium1'), middle: network.pid('allium2'), exit: network.pid('allium3') },
      client: (await desk.client(setting)).daemon.pid,
    };
    const before = Object.values(pids).map(threadTimes);
    const calls = Object.values(pids).map(systemCalls);
    const run = await entry.run();
    const gigabytes = (run['bytes'] ?? 0) / GB;
    texts.push(
      `One stream${options.noCgo ? ', AES-CTR' : ''}, ${((run['rate'] ?? 0) / 1e6).toFixed(0)} MB/s under the profiler\n`,
    );
    for (const [index, [role, pid]] of Object.entries(pids).entries())
      texts.push(
        `\n${role}, threads, CPU s/GB; ${callText(calls[index]!, systemCalls(pid))}\n`,
        threadTable(before[index]!, threadTimes(pid), gigabytes),
      );
  } finally {
    await desk.stop();
    await network.stop();
  }
  for (const role of ['middle', 'client']) texts.push(...profileTexts(role, join(folder, role)));
  process.stdout.write(texts.join(''));
  mkdirSync(options.outFolder, { recursive: true });
  writeFileSync(join(options.outFolder, 'onion-profile.txt'), texts.join(''));
}

interface SystemCalls {
  readonly reads: number;
  readonly readBytes: number;
  readonly writes: number;
  readonly writtenBytes: number;
}

/** Calls of read and write so far, with their bytes. */
function systemCalls(pid: number): SystemCalls {
  const text = readFileSync(`/proc/${pid}/io`, 'utf8');
  const value = (key: string): number => Number(new RegExp(`^${key}: (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  const [reads, writes] = [value('syscr'), value('syscw')];
  return { reads, readBytes: value('rchar'), writes, writtenBytes: value('wchar') };
}

function callText(before: SystemCalls, after: SystemCalls): string {
  const mean = (bytes: number, calls: number): string => (calls === 0 ? '–' : (bytes / calls).toFixed(0));
  const [reads, writes] = [after.reads - before.reads, after.writes - before.writes];
  const readBytes = mean(after.readBytes - before.readBytes, reads);
  const writtenBytes = mean(after.writtenBytes - before.writtenBytes, writes);
  return `${reads} reads of ${readBytes} bytes, ${writes} writes of ${writtenBytes} bytes`;
}

function threadTable(before: readonly ThreadTime[], after: readonly ThreadTime[], gigabytes: number): string {
  const rows = after.flatMap(({ id, name, isMain, userSeconds, systemSeconds }) => {
    const then = before.find((thread) => thread.id === id);
    const user = userSeconds - (then?.userSeconds ?? 0);
    const system = systemSeconds - (then?.systemSeconds ?? 0);
    if (user + system < 0.02) return [];
    return [[isMain ? 'main' : name, (user / gigabytes).toFixed(2), (system / gigabytes).toFixed(2)]];
  });
  return formatTable(
    [{ title: 'thread' }, { title: 'user', align: 'right' }, { title: 'system', align: 'right' }],
    rows,
  );
}

function profileTexts(role: string, folder: string): readonly string[] {
  return readdirSync(folder).flatMap((file) => {
    const summary = summarizeProfile(JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile);
    return [
      `\n${role}, from its start to its end, by what it belongs to\n`,
      shareTable(summary.groups),
      `\n${role}, by function, the time in itself\n`,
      shareTable(summary.functions.slice(0, TOP)),
    ];
  });
}

function shareTable(shares: readonly ProfileShare[]): string {
  return formatTable(
    [{ title: '' }, { title: 'ms', align: 'right' }],
    shares.map(({ name, ms }) => [name, ms.toFixed(0)]),
  );
}
