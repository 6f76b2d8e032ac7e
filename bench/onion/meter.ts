import { readFileSync } from 'node:fs';
import { NoiseMeter } from '../support/noise.ts';
import { resetPeakMemory, treeCpuSeconds, treeMemory } from '../support/proc.ts';
import type { Run } from './types.ts';

/** The processes that a contestant is made of, by what they do: `client`, `guard`, `middle`, `exit`, … */
export type Roles = Readonly<Record<string, number>>;

/** Watches processes from its making until {@link end}. */
export class RoleMeter {
  readonly #roles: Roles;
  readonly #helpers: readonly number[];
  readonly #cpuBefore: ReadonlyMap<number, number>;
  readonly #ownBefore = process.cpuUsage();
  readonly #noise = new NoiseMeter();
  readonly #beganMs = performance.now();

  /** `helpers`: processes of the benchmark itself, which are no noise. */
  constructor(roles: Roles, helpers: readonly number[]) {
    this.#roles = roles;
    this.#helpers = helpers;
    for (const pid of Object.values(roles)) resetPeakMemory(pid);
    const pids = [...new Set([...Object.values(roles), ...helpers])];
    this.#cpuBefore = new Map(pids.map((pid) => [pid, treeCpuSeconds(pid)]));
  }

  /** Seconds since its making, CPU seconds in all and by role, cores busy, peak memory, and what disturbed. */
  end(): Run & { readonly seconds: number; readonly cpu: number } {
    const seconds = (performance.now() - this.#beganMs) / 1000;
    const used = (pid: number): number => treeCpuSeconds(pid) - (this.#cpuBefore.get(pid) ?? 0);
    const pids = [...new Set(Object.values(this.#roles))];
    const cpu = sum(pids.map(used));
    const own = process.cpuUsage(this.#ownBefore);
    const helpers = sum(this.#helpers.map(used)) + (own.user + own.system) / 1e6;
    const noise = this.#noise.end(cpu + helpers);
    const byRole = Object.entries(this.#roles).map(([role, pid]) => [`cpu.${role}`, used(pid)] as const);
    return {
      ...Object.fromEntries(byRole),
      ...{ seconds, cpu, cores: cpu / seconds, helperCores: helpers / seconds },
      peakBytes: Math.max(...pids.map((pid) => treeMemory(pid).peakBytes)),
      stealShare: noise.stealShare,
      otherCores: noise.otherCores,
    };
  }
}

/** Resident memory of one process now, bytes; 0 when it is gone. */
export function residentBytes(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
