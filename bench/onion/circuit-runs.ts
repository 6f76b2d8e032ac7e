import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Daemon } from '../support/daemon.ts';
import { quantile } from '../support/statistics.ts';
import type { Path } from './carriers.ts';
import { RoleMeter } from './meter.ts';
import { type BenchNetwork, controlFolder } from './network.ts';
import { type BuiltCircuit, TorBuilder } from './tor-control.ts';
import type { FigureColumn, Run } from './types.ts';

const AGENT = fileURLToPath(new URL('./circuit-agent.js', import.meta.url));
const ORDER_MS = 60_000;
/** A CREATE behind a DESTROY would wait for a delayed acknowledgement. */
const SETTLE_MS = 500;

/** The figures of circuits. */
export const CIRCUIT_COLUMNS: readonly FigureColumn[] = [
  { key: 'p50Ms', title: 'p50 ms', digits: 1, unit: 1 },
  { key: 'p95Ms', title: 'p95 ms', digits: 1, unit: 1 },
  { key: 'perSec', title: 'per s', digits: 0, unit: 1 },
  { key: 'failed', title: 'failed', digits: 0, unit: 1 },
  { key: 'cpuMsPerCircuit', title: 'CPU ms', digits: 2, unit: 1 },
  { key: 'cpuMs.client', title: 'client', digits: 2, unit: 1 },
  { key: 'cpuMs.guard', title: 'guard', digits: 2, unit: 1 },
  { key: 'cpuMs.middle', title: 'middle', digits: 2, unit: 1 },
  { key: 'cpuMs.exit', title: 'exit', digits: 2, unit: 1 },
  { key: 'otherCores', title: 'others', digits: 2, unit: 1 },
];

/** How many circuits to build, and how many of them at once. */
export interface CircuitOrder {
  readonly count: number;
  readonly inFlight: number;
}

/** What came of it. */
export interface CircuitTimes {
  readonly milliseconds: readonly number[];
  readonly failed: number;
  readonly seconds: number;
}

/** Somebody who builds circuits. */
export interface CircuitBuilder {
  readonly pid: number;
  build(path: Path, order: CircuitOrder): Promise<CircuitTimes>;
  end(): void;
}

/** One run: the links are there before the clock runs. */
export async function circuitRun(
  builder: CircuitBuilder,
  path: Path,
  order: CircuitOrder,
  network: BenchNetwork,
): Promise<Run> {
  await builder.build(path, { count: 2, inFlight: 1 });
  await sleep(SETTLE_MS);
  const [guard, middle, exit] = path.map((name) => network.pid(name));
  const roles = { client: builder.pid, guard: guard!, middle: middle!, exit: exit! };
  const meter = new RoleMeter(roles, network.helpers);
  const times = await builder.build(path, order);
  const run = circuitFigures(times, meter.end());
  await sleep(SETTLE_MS);
  return run;
}

/** Quantiles and CPU time by circuits from what was measured. */
export function circuitFigures(times: CircuitTimes, measured: Run & { cpu: number }): Run {
  const { milliseconds, failed, seconds } = times;
  const count = milliseconds.length;
  if (count === 0) throw new Error('no circuit was built');
  const perRole = Object.entries(measured)
    .filter(([key]) => key.startsWith('cpu.'))
    .map(([key, cpu]) => [key.replace('cpu.', 'cpuMs.'), (cpu * 1000) / count] as const);
  return {
    ...measured,
    ...Object.fromEntries(perRole),
    ...{ count, failed, perSec: count / seconds },
    ...{ p50Ms: quantile(milliseconds, 0.5), p95Ms: quantile(milliseconds, 0.95) },
    cpuMsPerCircuit: (measured.cpu * 1000) / count,
  };
}

/** C tor's client by its control socket. */
export async function torBuilder(network: BenchNetwork): Promise<CircuitBuilder> {
  const client = network.tor.node('client1');
  const cookie = readFileSync(join(client.dataDir, 'control_auth_cookie'));
  const tor = await TorBuilder.open(join(controlFolder(network.root), 'client1'), cookie);
  return {
    pid: client.pid,
    async build(path, order) {
      const fingerprints = path.map((name) => network.fingerprint(name));
      const built: BuiltCircuit[] = [];
      let begun = 0;
      const one = async (): Promise<void> => {
        while (begun < order.count) {
          begun += 1;
          await tor.build(fingerprints).then(
            (circuit) => built.push(circuit),
            () => {},
          );
        }
      };
      const beganMs = performance.now();
      await Promise.all(Array.from({ length: order.inFlight }, one));
      const seconds = (performance.now() - beganMs) / 1000;
      for (const circuit of built) await tor.close(circuit);
      const milliseconds = built.map((circuit) => circuit.builtMs - circuit.beganMs);
      return { milliseconds, failed: order.count - built.length, seconds };
    },
    end: () => tor.end(),
  };
}

/** Allium's client, which is told the relays of these paths. */
export async function alliumBuilder(network: BenchNetwork, paths: readonly Path[]): Promise<CircuitBuilder> {
  const described = await Promise.all(
    paths.map(async (path) => [
      path.join(),
      await Promise.all(
        path.map((name) => network.tor.directory(`/tor/server/fp/${network.fingerprint(name)}`)),
      ),
    ]),
  );
  const file = join(network.folder('agent'), 'paths.json');
  writeFileSync(file, JSON.stringify(Object.fromEntries(described)));
  const daemon = new Daemon(process.execPath, [AGENT, file]);
  await daemon.line((line) => line === 'ready', ORDER_MS);
  return {
    pid: daemon.pid,
    async build(path, order) {
      const answer = daemon.line((line) => line.startsWith('{'), ORDER_MS);
      daemon.send(JSON.stringify({ path: path.join(), ...order }));
      return JSON.parse((await answer).text) as CircuitTimes;
    },
    end: () => daemon.kill(),
  };
}
