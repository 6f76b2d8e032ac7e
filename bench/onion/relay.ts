/**
 * How much a client gets through three relays over real TLS on the loopback: megabytes a second, and processor time
 * for each gigabyte. `node dist/bench/onion/relay.js [circuits] [megabytes] [cipher] [where]`; cipher: `tor1`, `cgo` or
 * `fixed` (tor1 without congestion control); where: `one` process for all, or `each` relay in its own.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { RELAY } from '../../engine/onion/cell/relay-command.ts';
import { encodeBegin } from '../../engine/onion/cell/stream-messages.ts';
import type { HopWishes } from '../../engine/onion/crypto/circuit-extensions.ts';
import type { ByteStream, StreamHandler } from '../../engine/runtime/port.ts';
import { createRealRuntime } from '../../engine/runtime/real/runtime.ts';
import { TestClient, type Until } from '../../test/onion/relay/support/test-client.ts';
import { makeMemory, type RelayPlace, startRelay } from '../../test/onion/relay/support/test-network.ts';

const HOST = '127.0.0.1';
const CHUNK_BYTES = 256 * 1024;
const WISHES: Readonly<Record<string, HopWishes | undefined>> = {
  tor1: { congestionControl: true, cgo: false },
  cgo: { congestionControl: true, cgo: true },
  fixed: undefined,
};

const [streamText = '1', megabytesText = '200', cipher = 'tor1', where = 'one'] = process.argv.slice(2);
const [circuitCount, megabytes] = [Number(streamText), Number(megabytesText)];
const bytesEach = (megabytes * 1e6) / circuitCount;
const runtime = createRealRuntime();
// Nothing of the runtime keeps a process alive.
const alive = setInterval(() => {}, 1000);

const until: Until = async (what, condition) => {
  const endMs = performance.now() + 120_000;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
};

/** Sends zeros for as long as anybody takes them. */
function source(stream: ByteStream): StreamHandler {
  const chunk = new Uint8Array(CHUNK_BYTES);
  const bin = new Uint8Array(64);
  const send = (): void => stream.write(chunk);
  return {
    onOpen: send,
    readTarget: () => bin,
    onRead: () => {},
    onDrain: send,
    onClose: () => {},
  };
}

interface Usage {
  readonly user: number;
  readonly system: number;
}

/** A relay, here or in a process of its own. */
interface Started {
  readonly place: RelayPlace;
  /** What its process has used; undefined for one that is here. */
  usage(): Promise<Usage | undefined>;
}

async function startHere(): Promise<Started> {
  const { relay, place } = await startRelay(runtime, HOST, {
    slotCount: 2048,
    limits: { keyStreamCells: 32 },
  });
  process.on('exit', () => {
    if (process.env['STATS']) console.log(relay.stats());
  });
  return { place, usage: async () => undefined };
}

async function startThere(): Promise<Started> {
  const child: ChildProcess = fork(new URL('./relay-process.js', import.meta.url));
  const [said] = (await once(child, 'message')) as [
    Record<string, string> & { endpoint: RelayPlace['endpoint'] },
  ];
  const bytes = (name: string): Uint8Array => new Uint8Array(Buffer.from(said[name] as string, 'hex'));
  return {
    place: {
      endpoint: said.endpoint,
      fingerprint: bytes('fingerprint'),
      ed25519Id: bytes('ed25519Id'),
      onionKey: bytes('onionKey'),
    },
    async usage() {
      child.send('usage');
      const [usage] = (await once(child, 'message')) as [Usage];
      return usage;
    },
  };
}

async function main(): Promise<void> {
  const relays: Started[] = [];
  for (let i = 0; i < 3; i += 1) relays.push(await (where === 'each' ? startThere() : startHere()));
  const places = relays.map(({ place }) => place) as [RelayPlace, RelayPlace, RelayPlace];
  const listener = await runtime.network.listen({ host: HOST, port: 0 }, source);
  const client = new TestClient(places[0], { runtime, ...makeMemory(2048), until });
  await client.open();
  const wishes = WISHES[cipher];
  let got = 0;
  const circuits = [];
  const beganMs = performance.now();
  for (let i = 0; i < circuitCount; i += 1) {
    const circuit = client.circuit();
    await circuit.create(places[0], wishes);
    await circuit.extend(places[1], wishes);
    await circuit.extend(places[2], wishes);
    circuit.onData = (_stream, length) => {
      got += length;
    };
    circuits.push(circuit);
  }
  const builtMs = performance.now() - beganMs;
  const flags = { ipv6Ok: false, ipv4NotOk: false, ipv6Preferred: false };
  const begin = encodeBegin({ host: HOST, port: listener.local.port, ...flags });
  for (const circuit of circuits) circuit.send(RELAY.begin, 1, begin);
  const wanted = bytesEach * circuitCount;
  await until('a warm start', () => got > wanted / 3);
  const before = await Promise.all(relays.map((relay) => relay.usage()));
  const [startMs, startGot, cpu] = [performance.now(), got, process.cpuUsage()];
  await until('the bytes', () => got >= wanted);
  const seconds = (performance.now() - startMs) / 1000;
  const used = process.cpuUsage(cpu);
  const moved = got - startGot;
  const after = await Promise.all(relays.map((relay) => relay.usage()));
  const perRelay = after.map((usage, i) =>
    usage === undefined ? undefined : round(sum(usage) - sum(before[i]!)) / (moved / 1e9),
  );
  const cpuSeconds = (used.user + used.system) / 1e6;
  const line = {
    cipher,
    circuits: circuitCount,
    megabytesPerSec: round(moved / 1e6 / seconds),
    cpuSecondsPerGb: round(cpuSeconds / (moved / 1e9)),
    system: round(used.system / 1e6 / (moved / 1e9)),
    relaysCpuSecondsPerGb: where === 'each' ? perRelay.map((value) => round(value!)) : undefined,
    busy: round(cpuSeconds / seconds),
    buildMs: round(builtMs / circuitCount),
    residentMiB: round(process.memoryUsage.rss() / 2 ** 20),
  };
  console.log(JSON.stringify(line));
  clearInterval(alive);
  process.exit(0);
}

function sum({ user, system }: Usage): number {
  return (user + system) / 1e6;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

await main();
