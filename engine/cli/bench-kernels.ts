import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AlliumError } from '../codec/error.ts';
import { formatTable } from './support/table.ts';

export interface BenchKernelsOptions {
  /** Keeps the raw runs in the report and says nothing on the way. */
  readonly json: boolean;
  /** A fifth of the time: for a first look, not for figures. */
  readonly quick?: boolean;
}

/** One comparison. `ratio` is rival time / our time: above 1 we are faster. Times are microseconds for one round. */
export interface BenchKernelsRow {
  readonly what: string;
  /** Which twin or build was ours. */
  readonly choice: string;
  readonly target: number;
  /** Median over the pairs in which no other guest of the host disturbed the core. */
  readonly ratio: number;
  readonly ratioMad: number;
  /** Median over all pairs. */
  readonly ratioOfAll: number;
  readonly oursUs: number;
  readonly rivalUs: number;
  readonly pairCount: number;
  readonly quietCount: number;
  readonly met: boolean;
  /** Every pair, with the time of the probe around it; only with `json`. */
  readonly raw?: readonly {
    readonly oursUs: number;
    readonly rivalUs: number;
    readonly probeUs: number;
  }[];
}

export interface BenchKernelsReport {
  readonly machine: {
    readonly cpu: string;
    readonly coreCount: number;
    readonly node: string;
    readonly v8: string;
    readonly openssl: string;
    readonly flags: readonly string[];
    readonly loadBefore: number;
  };
  readonly flavour: string;
  readonly calibrationMs: number;
  readonly rows: readonly BenchKernelsRow[];
  /** For each operation the calibrated twin against the other. */
  readonly choices: readonly BenchKernelsRow[];
  /** What could not be measured, and why. */
  readonly missing: readonly string[];
}

const ROW_MS = 3000;
const QUICK_FACTOR = 0.2;

type MeasuredRow = Required<Omit<BenchKernelsRow, 'met'>>;

/** What dist/bench/kernels/main.js writes. */
interface MeasuredTable {
  readonly flavour: string;
  readonly calibrationMs: number;
  readonly rows: readonly MeasuredRow[];
  readonly choices: readonly MeasuredRow[];
  readonly missing: readonly string[];
}

/** Rivals and contests are no part of the engine: they stand in bench/, as a program of their own. */
async function measure(rowMs: number, quiet: boolean): Promise<MeasuredTable> {
  const program = resolve(dirname(fileURLToPath(import.meta.url)), '../../bench/kernels/main.js');
  if (!existsSync(program)) {
    throw new AlliumError('NOT_FOUND', 'the benchmarks are not installed', {
      advice: 'They are part of the source: clone the project and run it there.',
    });
  }
  const child = spawn(process.execPath, [...process.execArgv, program, String(rowMs)], {
    stdio: ['ignore', 'pipe', quiet ? 'ignore' : 'inherit'],
  });
  const parts: Buffer[] = [];
  child.stdout!.on('data', (part: Buffer) => parts.push(part));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  if (exitCode !== 0) {
    throw new AlliumError('IO_FAILED', 'the benchmark ended early', {
      details: { exitCode: exitCode ?? -1 },
    });
  }
  return JSON.parse(Buffer.concat(parts).toString()) as MeasuredTable;
}

/**
 * Measures the kernels against their rivals, in pairs that share a process.
 *
 * @throws AlliumError NOT_FOUND when the benchmarks are not there, as in an installed package
 */
export async function benchKernels(options: BenchKernelsOptions): Promise<BenchKernelsReport> {
  const loadBefore = loadavg()[0] ?? 0;
  const table = await measure(ROW_MS * (options.quick === true ? QUICK_FACTOR : 1), options.json);
  const row = (result: MeasuredRow): BenchKernelsRow => {
    const { raw, ...rest } = result;
    const met = rest.ratio >= rest.target;
    return options.json ? { ...rest, met, raw } : { ...rest, met };
  };
  const cores = cpus();
  return {
    machine: {
      cpu: cores[0]?.model.trim() ?? 'unknown processor',
      coreCount: cores.length,
      node: process.versions.node,
      v8: process.versions.v8,
      openssl: process.versions.openssl,
      flags: [...process.execArgv],
      loadBefore,
    },
    flavour: table.flavour,
    calibrationMs: table.calibrationMs,
    rows: table.rows.map(row),
    choices: table.choices.map(row),
    missing: table.missing,
  };
}

/** The report as text, for people. */
export function formatBenchKernels(report: BenchKernelsReport): string {
  const { machine } = report;
  const cells = (row: BenchKernelsRow): string[] => [
    row.what,
    row.choice,
    row.ratio.toFixed(2),
    `≥ ${row.target}`,
    row.met ? 'yes' : 'no',
    row.ratioMad.toFixed(2),
    row.ratioOfAll.toFixed(2),
    row.oursUs.toFixed(0),
    row.rivalUs.toFixed(0),
    `${row.quietCount}/${row.pairCount}`,
  ];
  const columns = (first: string) => [
    { title: first },
    { title: 'ours' },
    { title: 'ratio', align: 'right' as const },
    { title: 'target', align: 'right' as const },
    { title: 'met' },
    { title: 'MAD', align: 'right' as const },
    { title: 'all pairs', align: 'right' as const },
    { title: 'ours µs', align: 'right' as const },
    { title: 'rival µs', align: 'right' as const },
    { title: 'quiet pairs', align: 'right' as const },
  ];
  return [
    `${machine.cpu}, ${machine.coreCount} cores, load ${machine.loadBefore.toFixed(1)}; Node ${machine.node}, `,
    `V8 ${machine.v8}, OpenSSL ${machine.openssl}; kernels: ${report.flavour}; flags: ${machine.flags.join(' ') || 'none'}\n\n`,
    formatTable(columns('kernel against its rival'), report.rows.map(cells)),
    '\n',
    formatTable(columns('calibrated choice against the other twin'), report.choices.map(cells)),
    `\nThe calibration took ${report.calibrationMs.toFixed(0)} ms. Ratios are rival time / our time, medians of `,
    'interleaved pairs;\nquiet pairs are those in which a probe ran at full speed, so that no other guest shared the core.\n',
    ...report.missing.map((line) => `Not measured: ${line}.\n`),
  ].join('');
}
