import { setTimeout as sleep } from 'node:timers/promises';
import type { Carrier } from './carriers.ts';
import { RoleMeter } from './meter.ts';
import type { BenchNetwork } from './network.ts';
import { takeBytes } from './sink.ts';
import type { Entry } from './turns.ts';
import type { FigureColumn, Run } from './types.ts';

const TRANSFER_MS = 60_000;
/** For what closing the streams of the run before has set off. */
const SETTLE_MS = 200;
const GB = 1e9;
const MEBIBYTE = 2 ** 20;

const perGb = (key: string, title: string): FigureColumn => ({ key, title, digits: 2, unit: 1 });

/** The figures of transfers. */
export const BULK_COLUMNS: readonly FigureColumn[] = [
  { key: 'rate', title: 'MB/s', digits: 1, unit: 1e6 },
  perGb('cpuPerGb', 'CPU s/GB'),
  perGb('cpuPerGb.client', 'client'),
  perGb('cpuPerGb.guard', 'guard'),
  perGb('cpuPerGb.middle', 'middle'),
  perGb('cpuPerGb.exit', 'exit'),
  { key: 'cores', title: 'cores', digits: 2, unit: 1 },
  { key: 'helperCores', title: 'helpers', digits: 2, unit: 1 },
  { key: 'peakBytes', title: 'peak MiB', digits: 0, unit: MEBIBYTE },
  { key: 'otherCores', title: 'others', digits: 2, unit: 1 },
];

/** Moves `sizeBytes` over `count` streams, each on a circuit of its own. The clock runs from the first request on. */
export function bulkEntry(carrier: Carrier, count: number, sizeBytes: number, network: BenchNetwork): Entry {
  const { program, side, setting, roles, share } = carrier;
  return {
    program,
    side,
    setting,
    async run() {
      const each = Math.ceil((sizeBytes * share) / count);
      const lines = await carrier.open(count);
      try {
        await sleep(SETTLE_MS);
        const meter = new RoleMeter(roles, network.helpers);
        await Promise.all(lines.sockets.map((socket) => takeBytes(socket, each, TRANSFER_MS)));
        return bulkFigures(each * count, meter.end());
      } finally {
        await lines.close();
        await sleep(SETTLE_MS);
      }
    },
  };
}

/** Rates and CPU time by bytes from what a meter saw. */
export function bulkFigures(bytes: number, measured: Run & { seconds: number; cpu: number }): Run {
  const perRole = Object.entries(measured)
    .filter(([key]) => key.startsWith('cpu.'))
    .map(([key, cpu]) => [key.replace('cpu.', 'cpuPerGb.'), cpu / (bytes / GB)] as const);
  return {
    ...measured,
    ...Object.fromEntries(perRole),
    ...{ bytes, rate: bytes / measured.seconds, cpuPerGb: measured.cpu / (bytes / GB) },
  };
}
