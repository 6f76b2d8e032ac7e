/**
 * Many circuits through one relay in the middle, with one shard and with two, by turns: megabytes a second, and what
 * the relay's process uses. `node dist/bench/onion/shards.js [rounds] [seconds] [clients]`. The clients and the exit run
 * on the same cores, so on a machine of two what the relay gains they lose: see the CPU seconds for each gigabyte.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { RELAY } from '../../engine/onion/cell/relay-command.ts';
import { encodeBegin } from '../../engine/onion/cell/stream-messages.ts';
import type { ByteStream, StreamHandler } from '../../engine/runtime/port.ts';
import { createRealRuntime } from '../../engine/runtime/real/runtime.ts';
import { TestClient, type Until } from '../../test/onion/relay/support/test-client.ts';
import { makeMemory, type RelayPlace } from '../../test/onion/relay/support/test-network.ts';

const HOST = '127.0.0.1';
const CIRCUITS_EACH = 4;
const CHUNK = new Uint8Array(256 * 1024);
const WISHES = { congestionControl: true, cgo: false };
const [rounds = 3, seconds = 3, clientCount = 4] = process.argv.slice(2).map(Number);
const runtime = createRealRuntime();
const alive = setInterval(() => {}, 1000);
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const until: Until = async (what, condition) => {
  const endMs = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`in vain: ${what}`);
    await sleep(2);
  }
};

interface Usage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly links: readonly number[];
}

async function start(program: string, words: string[]): Promise<{ child: ChildProcess; place: RelayPlace }> {
  const child = fork(new URL(program, import.meta.url), words);
  const [said] = (await once(child, 'message')) as [Record<string, string> & Pick<RelayPlace, 'endpoint'>];
  const bytes = (name: string): Uint8Array => new Uint8Array(Buffer.from(said[name]!, 'hex'));
  const keys = { ed25519Id: bytes('ed25519Id'), onionKey: bytes('onionKey') };
  return { child, place: { endpoint: said.endpoint, fingerprint: bytes('fingerprint'), ...keys } };
}

async function usage(child: ChildProcess): Promise<Usage> {
  child.send('usage');
  const [said] = (await once(child, 'message')) as [Usage];
  return said;
}

/** Sends zeros for as long as anybody takes them. */
function source(stream: ByteStream): StreamHandler {
  const bin = new Uint8Array(64);
  const send = (): void => stream.write(CHUNK);
  return { onOpen: send, readTarget: () => bin, onRead: () => {}, onDrain: send, onClose: () => {} };
}

async function run(shards: number, sourcePort: number) {
  const middle = await start('./shard-process.js', [String(shards)]);
  const exits = [await start('./relay-process.js', []), await start('./relay-process.js', [])];
  let got = 0;
  const clients: TestClient[] = [];
  const flags = { ipv6Ok: false, ipv4NotOk: false, ipv6Preferred: false };
  const begin = encodeBegin({ host: HOST, port: sourcePort, ...flags });
  for (let i = 0; i < clientCount; i += 1) {
    const client = new TestClient(middle.place, { runtime, ...makeMemory(1000), until });
    clients.push(client);
    await client.open();
    for (let k = 0; k < CIRCUITS_EACH; k += 1) {
      const circuit = client.circuit();
      await circuit.create(middle.place, WISHES);
      await circuit.extend(exits[k % exits.length]!.place, WISHES);
      circuit.onData = (_stream, length) => {
        got += length;
      };
      circuit.send(RELAY.begin, 1, begin);
    }
  }
  await sleep(1000);
  const [before, startMs, startGot] = [await usage(middle.child), performance.now(), got];
  await sleep(seconds * 1000);
  const [after, elapsedSec, moved] = [
    await usage(middle.child),
    (performance.now() - startMs) / 1000,
    got - startGot,
  ];
  for (const client of clients) client.channel.destroy('done');
  for (const { child } of [middle, ...exits]) child.disconnect();
  const cpu = after.cpuSeconds - before.cpuSeconds;
  return {
    shards,
    links: after.links,
    megabytesPerSec: round(moved / 1e6 / elapsedSec),
    relayCores: round(cpu / elapsedSec),
    relayCpuSecondsPerGb: round(cpu / (moved / 1e9)),
    relayResidentMiB: Math.round(after.residentBytes / 2 ** 20),
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

const listener = await runtime.network.listen({ host: HOST, port: 0 }, source);
for (let turn = 0; turn < rounds; turn += 1) {
  for (const shards of [1, 2]) console.log(JSON.stringify(await run(shards, listener.local.port)));
}
clearInterval(alive);
process.exit(0);
