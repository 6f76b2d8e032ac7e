import { checkRelayConfig } from '../../../../../engine/node/relay/config.ts';
import { KeyFolder } from '../../../../../engine/node/relay/key-folder.ts';
import { KeyKeeper, LINK_RENEW_MS } from '../../../../../engine/node/relay/key-keeper.ts';
import { type PlaneKeys, planeKeys } from '../../../../../engine/node/relay/relay-plane.ts';
import {
  ShardedPlane,
  type ShardedPlaneModules,
} from '../../../../../engine/node/relay/shards/sharded-plane.ts';
import { TrafficGate } from '../../../../../engine/node/relay/traffic-gate.ts';
import { X25519Key } from '../../../../../engine/onion/crypto/x25519.ts';
import { createRealRuntime } from '../../../../../engine/runtime/real/runtime.ts';
import { TestClient, type Until } from '../../../../onion/relay/support/test-client.ts';
import { makeMemory, type RelayPlace } from '../../../../onion/relay/support/test-network.ts';
import { type KeptLog, keptLog } from '../../support/log.ts';
import { relayFolder } from '../../support/relay-folder.ts';

const HOST = '127.0.0.1';
const PATIENCE_MS = 8_000;
const MIB = 2 ** 20;

export const runtime = createRealRuntime();

/** Looks every few milliseconds. */
export const until: Until = async (what, condition) => {
  const endMs = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

/** A relay with shards, without a daemon around it. */
export interface ShardKit {
  readonly plane: ShardedPlane;
  readonly log: KeptLog;
  /** Whatever is put here is told at the next change. */
  keys: PlaneKeys;
  params: ReadonlyMap<string, number>;
  place(onionKey?: Uint8Array): RelayPlace;
  /** A client with its link. */
  client(): Promise<TestClient>;
  /** Waits until all shards have told what is now. */
  settled(): Promise<void>;
}

export interface ShardKitOptions {
  readonly count?: number;
  readonly words?: Readonly<Record<string, unknown>>;
  readonly modules?: Partial<ShardedPlaneModules>;
  readonly port?: number;
  /** Link keys and certificates of its own. */
  readonly freshKeys?: boolean;
}

/** Keys are made once: RSA takes its time. */
let keeper: KeyKeeper | undefined;
let firstKeys: PlaneKeys | undefined;

/** Makes one; it is not open yet. */
export function makeShardKit(options: ShardKitOptions = {}): ShardKit {
  const { clock, random } = runtime;
  const log = keptLog();
  const nowMs = clock.wallClock();
  if (keeper === undefined) {
    const how = { offlineMaster: false, signingLifetimeMs: 30 * 86_400_000 };
    const folder = KeyFolder.open(`${relayFolder()}/keys`);
    keeper = new KeyKeeper(how, { folder, random, log, nowMs });
    firstKeys = planeKeys(keeper);
  }
  if (options.freshKeys === true) keeper.tick(new Map(), nowMs + LINK_RENEW_MS);
  const config = checkRelayConfig(
    {
      ...{ nickname: 'Shards', address: HOST, listenAddress: HOST, orPort: 1, dataDir: 'data' },
      authorities: [`dir1 orport=9001 v3ident=${'A'.repeat(40)} 127.0.0.1:9030 ${'B'.repeat(40)}`],
      ...{ exitPolicy: ['accept *:*'], allowPrivateAddresses: true },
      ...{ memory: 64 * MIB, maxCircuits: 64, ...options.words },
    },
    '/etc/relay.json',
  );
  const words = { ...config.words, orPort: options.port ?? 0 };
  const plane = new ShardedPlane({ ...config, words }, options.count ?? 2, {
    log,
    keys: () => kit.keys,
    directory: () => undefined,
    params: () => kit.params,
    listed: () => undefined,
    gate: new TrafficGate({ rate: config.rate }, { clock }),
    ...options.modules,
  });
  const kit: ShardKit = {
    plane,
    log,
    keys: options.freshKeys === true ? planeKeys(keeper) : firstKeys!,
    params: new Map(),
    place(onionKey) {
      const { fingerprint, ed25519Id, onionKeys } = kit.keys;
      const { publicKey } = new X25519Key(onionKey ?? onionKeys[0]!);
      return { endpoint: { host: HOST, port: plane.port! }, fingerprint, ed25519Id, onionKey: publicKey };
    },
    async client() {
      const client = new TestClient(kit.place(), { runtime, ...makeMemory(260), until });
      await client.open();
      return client;
    },
    async settled() {
      for (let round = 0; round < 2; round += 1) {
        const seen = plane.threads.map(({ report }) => report);
        await until('reports', () => plane.threads.every(({ report }, i) => report !== seen[i]));
      }
    },
  };
  return kit;
}
