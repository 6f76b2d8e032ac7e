import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Clock ticks per second of /proc: USER_HZ, 100 on every Linux. */
const TICKS_PER_SEC = 100;

/** The processes that descend from `pid`, itself first. Empty when it is gone. */
export function processTree(pid: number): readonly number[] {
  const found: number[] = [];
  const waiting = [pid];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    try {
      for (const task of readdirSync(`/proc/${next}/task`)) {
        const text = readFileSync(`/proc/${next}/task/${task}/children`, 'utf8');
        waiting.push(...text.split(' ').filter(Boolean).map(Number));
      }
      found.push(next);
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/** User and system time of the tree below `pid` in seconds, with the children it has waited for. */
export function treeCpuSeconds(pid: number): number {
  let ticks = 0;
  for (const each of processTree(pid)) {
    const text = readQuietly(`/proc/${each}/stat`);
    // The name in parentheses may hold blanks; the numbers follow it: utime, stime, cutime, cstime.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    for (const index of [11, 12, 13, 14]) ticks += Number(fields[index] ?? 0);
  }
  return ticks / TICKS_PER_SEC;
}

/** Resident memory of a process tree in bytes. */
export interface TreeMemory {
  /** The most there ever was, mapped files included. */
  readonly peakBytes: number;
  /** Now, without mapped files. */
  readonly anonymousBytes: number;
}

/** Of the tree below `pid`, or of that process alone. */
export function treeMemory(pid: number, whose: 'tree' | 'itself' = 'tree'): TreeMemory {
  let peakBytes = 0;
  let anonymousBytes = 0;
  for (const each of whose === 'tree' ? processTree(pid) : [pid]) {
    const text = readQuietly(`/proc/${each}/status`);
    peakBytes += kibibytes(text, 'VmHWM') * 1024;
    anonymousBytes += kibibytes(text, 'RssAnon') * 1024;
  }
  return { peakBytes, anonymousBytes };
}

/** Makes the kernel forget the peak so far, so that the next one belongs to the next run. */
export function resetPeakMemory(pid: number): void {
  for (const each of processTree(pid)) {
    try {
      writeFileSync(`/proc/${each}/clear_refs`, '5');
    } catch {
      // Not ours to reset: the peak then covers earlier runs too.
    }
  }
}

/** CPU seconds of the whole machine since it started. */
export interface MachineCpu {
  readonly busySeconds: number;
  /** Taken by the hypervisor for other guests. */
  readonly stealSeconds: number;
}

export function machineCpu(): MachineCpu {
  const line = readQuietly('/proc/stat').split('\n')[0] ?? '';
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0, steal = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return {
    busySeconds: (user + nice + system + irq + softIrq) / TICKS_PER_SEC,
    stealSeconds: steal / TICKS_PER_SEC,
  };
}

function kibibytes(status: string, key: string): number {
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** CPU time of one thread since it began. */
export interface ThreadTime {
  readonly id: number;
  readonly name: string;
  readonly isMain: boolean;
  readonly userSeconds: number;
  readonly systemSeconds: number;
}

/** The threads of one process. Empty when it is gone. */
export function threadTimes(pid: number): readonly ThreadTime[] {
  let ids: readonly string[] = [];
  try {
    ids = readdirSync(`/proc/${pid}/task`);
  } catch {
    // It has ended.
  }
  return ids.map((id) => {
    const text = readQuietly(`/proc/${pid}/task/${id}/stat`);
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return {
      id: Number(id),
      name: /\((.*)\)/.exec(text)?.[1] ?? '',
      isMain: Number(id) === pid,
      userSeconds: Number(fields[11] ?? 0) / TICKS_PER_SEC,
      systemSeconds: Number(fields[12] ?? 0) / TICKS_PER_SEC,
    };
  });
}
