/**
 * What the Runtime port costs: one event loop sends to itself over loopback, once with bare `net` sockets that read
 * into a buffer (`onread`), once through the port, once through the port where reads are copied; and the same
 * bytes between two hosts of the simulated world. The cases take turns, so compare within one run.
 *
 *   npm run build && node dist/bench/runtime.bench.js [ROUNDS]
 */
import net from 'node:net';
import { pathToFileURL } from 'node:url';
import type { Runtime, StreamHandler } from '../engine/runtime/port.ts';
import { createRealRuntime } from '../engine/runtime/real/runtime.ts';
import { SimWorld } from '../engine/runtime/sim/world.ts';

const TOTAL_BYTES = 1 << 29;
const WRITE_BYTES = 16 * 16397;
/** Writes under way at a time, as the engine does it. */
const WRITES_AHEAD = 2;

/** One transfer of {@link TOTAL_BYTES}. */
export interface PumpSample {
  readonly megabytesPerSec: number;
  readonly cpuSecPerGigabyte: number;
}

interface Memory {
  readonly source: Uint8Array;
  readonly target: Uint8Array;
}

function makeMemory(): Memory {
  const slab = new Uint8Array(new SharedArrayBuffer(WRITE_BYTES + 65536));
  return { source: slab.subarray(0, WRITE_BYTES), target: slab.subarray(WRITE_BYTES) };
}

async function measure(transfer: (memory: Memory) => Promise<number>): Promise<PumpSample> {
  const memory = makeMemory();
  const startedMs = performance.now();
  const startedCpu = process.cpuUsage();
  const byteLength = await transfer(memory);
  const { user, system } = process.cpuUsage(startedCpu);
  return {
    megabytesPerSec: byteLength / 1e3 / (performance.now() - startedMs),
    cpuSecPerGigabyte: ((user + system) / byteLength) * 1e3,
  };
}

/** Calls `send` until everything is sent, then `end`. */
function pump(send: (written: () => void) => void, end: () => void): void {
  let sentBytes = 0;
  const next = (): void => {
    if (sentBytes < TOTAL_BYTES) {
      sentBytes += WRITE_BYTES;
      send(next);
    } else if (sentBytes !== Infinity) {
      sentBytes = Infinity;
      end();
    }
  };
  for (let i = 0; i < WRITES_AHEAD; i++) next();
}

function bareTransfer({ source, target }: Memory): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer({ noDelay: true }, (socket) => {
      pump(
        (written) => socket.write(source, written),
        () => socket.end(),
      );
    });
    server.listen(0, '127.0.0.1', () => {
      let byteLength = 0;
      const onread = {
        buffer: target,
        callback: (length: number) => {
          byteLength += length;
          return true;
        },
      };
      const { port } = server.address() as net.AddressInfo;
      const socket = net.connect({ port, host: '127.0.0.1', onread });
      socket.on('close', () => server.close(() => resolve(byteLength)));
    });
  });
}

/** Listens on `to` and connects from `from`; resolves when the receiver has seen the end. */
async function portTransfer(from: Runtime, to: Runtime, host: string, memory: Memory): Promise<number> {
  const { source, target } = memory;
  const idle = { onOpen: () => {}, readTarget: () => target, onRead: () => {}, onDrain: () => {} };
  const listener = await to.network.listen({ host, port: 0 }, (stream): StreamHandler => {
    return {
      ...idle,
      onOpen: () =>
        pump(
          (written) => stream.write(source, written),
          () => stream.end(),
        ),
      onClose: () => {},
    };
  });
  return new Promise((resolve) => {
    let byteLength = 0;
    const receiver: StreamHandler = {
      ...idle,
      onRead(length) {
        byteLength += length;
      },
      onClose: () => void listener.close().then(() => resolve(byteLength)),
    };
    from.network.connect({ host, port: listener.local.port }, receiver, { timeoutMs: 1000 });
  });
}

function realTransfer(directReads: boolean): (memory: Memory) => Promise<number> {
  const runtime = createRealRuntime({ directReads });
  return (memory) => portTransfer(runtime, runtime, '127.0.0.1', memory);
}

async function simTransfer(memory: Memory): Promise<number> {
  const world = new SimWorld({ seed: 1 });
  const [from, to] = ['10.0.0.1', '10.0.0.2'].map((address) => world.host({ address }));
  const transfer = portTransfer(from!.runtime, to!.runtime, '10.0.0.2', memory);
  await world.run();
  return transfer;
}

/** The cases by name; the first is what the others are compared with. */
export const PUMP_CASES: Readonly<Record<string, () => Promise<PumpSample>>> = {
  'bare sockets': () => measure(bareTransfer),
  port: () => measure(realTransfer(true)),
  'port, copying': () => measure(realTransfer(false)),
  simulated: () => measure(simTransfer),
};

/** All cases in turn, `rounds` times, after one round to warm up. */
export async function runPumps(rounds: number): Promise<Readonly<Record<string, readonly PumpSample[]>>> {
  const samples: Record<string, PumpSample[]> = {};
  for (let round = 0; round <= rounds; round++) {
    for (const [name, run] of Object.entries(PUMP_CASES)) {
      const sample = await run();
      if (round > 0) samples[name] = [...(samples[name] ?? []), sample];
    }
  }
  return samples;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const samples = await runPumps(Number(process.argv[2] ?? 7));
  const bare = Object.values(samples)[0]!;
  const table = Object.entries(samples).map(([name, runs]) => ({
    case: name,
    'MB/s': Math.round(median(runs.map((one) => one.megabytesPerSec))),
    'CPU s/GB': median(runs.map((one) => one.cpuSecPerGigabyte)).toFixed(2),
    'rate / bare': median(runs.map((one, i) => one.megabytesPerSec / bare[i]!.megabytesPerSec)).toFixed(2),
    'CPU / bare': median(runs.map((one, i) => one.cpuSecPerGigabyte / bare[i]!.cpuSecPerGigabyte)).toFixed(2),
  }));
  console.table(table);
}
