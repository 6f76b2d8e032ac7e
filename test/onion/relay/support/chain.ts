import type { HopWishes } from '../../../../engine/onion/crypto/circuit-extensions.ts';
import type { OnionRelayOptions } from '../../../../engine/onion/relay/options.ts';
import type { OnionRelayModules } from '../../../../engine/onion/relay/relay.ts';
import type { DirectoryHandler, Resolver } from '../../../../engine/onion/relay/services.ts';
import type { ByteStream, Endpoint, Runtime, StreamHandler } from '../../../../engine/runtime/port.ts';
import { SimWorld, type WorldOptions } from '../../../../engine/runtime/sim/world.ts';
import type { TestCircuit } from './test-circuit.ts';
import { TestClient, type Until } from './test-client.ts';
import { makeMemory, type RunningRelay, startRelay } from './test-network.ts';

/** Three relays and a client in a simulated network. */
export interface Chain {
  readonly world: SimWorld;
  readonly relays: readonly [RunningRelay, RunningRelay, RunningRelay];
  readonly client: TestClient;
  readonly outside: Runtime;
  readonly until: Until;
  /** One through all three. */
  circuit(wishes?: HopWishes): Promise<TestCircuit>;
  /** Stops everything and sees that all memory is back. */
  close(): Promise<void>;
}

const RESOLVER: Resolver = {
  async addresses(name) {
    if (name === 'nobody.test') return [];
    return [{ kind: 'ipv4', value: '10.0.0.9', ttlSec: 7 }];
  },
  async names() {
    return [{ kind: 'name', value: 'echo.test', ttlSec: 7 }];
  },
};

const DIRECTORY: DirectoryHandler = (request) => {
  const text = Buffer.from(request).toString('latin1');
  return text.endsWith('\r\n\r\n') ? new Uint8Array(300_000).fill(7) : undefined;
};

export interface ChainOptions {
  readonly seed?: number;
  readonly relay?: Partial<OnionRelayOptions> & { readonly slotCount?: number };
  readonly modules?: Partial<OnionRelayModules>;
  readonly world?: Partial<WorldOptions>;
}

export async function openChain(options: ChainOptions = {}): Promise<Chain> {
  const world = new SimWorld({ seed: options.seed ?? 1, ...options.world });
  const until: Until = async (what, condition) => {
    await world.run({ until: condition, forMs: 60_000 });
    if (!condition()) throw new Error(`in vain: ${what}`);
  };
  const relays: RunningRelay[] = [];
  for (const number of [1, 2, 3]) {
    const host = `10.0.0.${number}`;
    const { runtime } = world.host({ address: host });
    const modules = { resolver: RESOLVER, directory: DIRECTORY, ...options.modules };
    relays.push(await startRelay(runtime, host, options.relay, modules));
  }
  const memory = makeMemory(600);
  const { runtime } = world.host({ address: '10.0.0.8' });
  const client = new TestClient(relays[0]!.place, { runtime, ...memory, until });
  await client.open();
  const outside = world.host({ address: '10.0.0.9' }).runtime;
  return {
    world,
    relays: relays as unknown as Chain['relays'],
    client,
    outside,
    until,
    async circuit(wishes) {
      const circuit = client.circuit();
      await circuit.create(relays[0]!.place, wishes);
      await circuit.extend(relays[1]!.place, wishes);
      await circuit.extend(relays[2]!.place, wishes);
      return circuit;
    },
    async close() {
      client.channel.destroy('done');
      for (const { relay } of relays) await relay.stop();
      await world.run({ forMs: 20_000 });
      for (const { slab } of relays) slab.assertAllReturned();
      memory.slab.assertAllReturned();
    },
  };
}

/** Sends back what it gets. */
export async function echoServer(chain: Chain): Promise<Endpoint> {
  return serve(chain, (stream) => {
    const buffer = new Uint8Array(4096);
    return { read: (length) => stream.write(buffer.slice(0, length)), buffer };
  });
}

/** Sends so many bytes and closes. */
export async function sourceServer(chain: Chain, byteLength: number): Promise<Endpoint> {
  return serve(chain, (stream) => {
    stream.write(new Uint8Array(byteLength).fill(5));
    stream.end();
    return { read: () => {}, buffer: new Uint8Array(64) };
  });
}

/** Takes connections and reads nothing. */
export async function silentServer(chain: Chain): Promise<Endpoint> {
  return serve(chain, (stream) => {
    stream.pause();
    return { read: () => {}, buffer: new Uint8Array(64) };
  });
}

/** Sends so many bytes to whoever connects. */
export async function talkingServer(chain: Chain, byteLength: number): Promise<Endpoint> {
  return serve(chain, (stream) => {
    stream.write(new Uint8Array(byteLength));
    return { read: () => {}, buffer: new Uint8Array(64) };
  });
}

async function serve(
  chain: Chain,
  open: (stream: ByteStream) => { read: (length: number) => void; buffer: Uint8Array },
): Promise<Endpoint> {
  const host = '10.0.0.9';
  const listener = await chain.outside.network.listen({ host, port: 0 }, (stream): StreamHandler => {
    let state: ReturnType<typeof open> | undefined;
    return {
      onOpen: () => {
        state = open(stream);
      },
      readTarget: () => state?.buffer ?? new Uint8Array(64),
      onRead: (length) => state!.read(length),
      onDrain: () => {},
      onClose: () => {},
    };
  });
  return { host, port: listener.local.port };
}
