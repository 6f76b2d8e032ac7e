import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';

/** What figures depend on, to be kept beside them. Nothing in it tells whose machine it is. */
export interface Machine {
  readonly cpu: string;
  readonly coreCount: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly node: string;
  readonly openssl: string;
  readonly v8: string;
  /** Of the node process, when there are any. */
  readonly flags: readonly string[];
  /** TCP congestion control of the kernel; empty where it cannot be asked. */
  readonly congestionControl: string;
  /** Mean number of processes that wanted to run over the last minute, before the measurement began. */
  readonly loadBefore: number;
}

/** Describes the machine as it is now. */
export function describeMachine(): Machine {
  const cores = cpus();
  return {
    cpu: (cores[0]?.model ?? 'unknown processor').trim().replaceAll(/\s+/g, ' '),
    coreCount: cores.length,
    memoryBytes: totalmem(),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.versions.node,
    openssl: process.versions.openssl,
    v8: process.versions.v8,
    flags: [...process.execArgv],
    congestionControl: readText('/proc/sys/net/ipv4/tcp_congestion_control'),
    loadBefore: loadavg()[0] ?? 0,
  };
}

/** `AMD EPYC, 2 cores, 24 GB, Node 20.20.2`. */
export function machineLine(machine: Machine): string {
  const cores = machine.coreCount === 1 ? '1 core' : `${machine.coreCount} cores`;
  return `${machine.cpu}, ${cores}, ${Math.round(machine.memoryBytes / 2 ** 30)} GiB, Node ${machine.node}`;
}

/** The commit that is measured, short; empty outside a clone. A `+` marks changes that are not committed. */
export function commitOf(folder: string): string {
  try {
    const words = ['describe', '--always', '--dirty=+', '--abbrev=10'];
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
    return execFileSync('git', words, { cwd: folder, encoding: 'utf8', stdio }).trim();
  } catch {
    return '';
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
