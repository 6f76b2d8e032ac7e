import type { DirectoryAuthority } from '../../../../engine/onion/directory/authority-types.ts';
import { buildExitPolicy, REJECT_EVERYTHING } from '../../../../engine/onion/directory/exit-policy.ts';
import type { ExitPolicy } from '../../../../engine/onion/directory/policy-types.ts';
import { encodeHex } from '../../../../engine/onion/directory/text.ts';
import type { Resolver } from '../../../../engine/onion/relay/services.ts';
import { SimRandom } from '../../../../engine/runtime/sim/chance.ts';
import type { SimHost } from '../../../../engine/runtime/sim/host.ts';
import { SimWorld } from '../../../../engine/runtime/sim/world.ts';
import type { ClientRoom } from '../../client/support/client-kit.ts';
import { makeRsaKeys } from '../../support/rsa-keys.ts';
import {
  type AuthorityKeys,
  directoryAuthorities,
  type ListedRelay,
  type Published,
  publish,
} from './authorities.ts';
import { startServers } from './content.ts';
import { makeRelayKeys } from './relay-keys.ts';
import { planRelays, type RelayPlan } from './relay-plan.ts';
import { SimClient } from './sim-client.ts';
import { simClientRoom } from './sim-clients.ts';
import { SimRelay } from './sim-relay.ts';

const OR_PORT = 9001;
const AUTHORITIES = 3;
/** Congestion control on; everything else as where the consensus is silent. */
const PARAMS = 'cc_alg=2';

export interface OnionNetOptions {
  readonly seed: number;
  readonly relayCount: number;
  readonly clientCount: number;
  readonly serverCount: number;
  /** Circuits of all clients together. */
  readonly clientCircuitsMax: number;
  readonly recordTrace?: boolean;
}

/** An onion network in one process: authorities, relays, clients and the servers that these visit. */
export class OnionNet {
  readonly world: SimWorld;
  /** For what the tests decide, apart from the luck of hosts. */
  readonly random: SimRandom;
  readonly relays: readonly SimRelay[];
  readonly authorities: readonly SimRelay[];
  readonly servers: readonly SimHost[];
  readonly clients: readonly SimClient[];
  readonly room: ClientRoom;
  readonly directoryAuthorities: readonly DirectoryAuthority[];
  #published: Published | undefined;
  readonly #plans: readonly RelayPlan[];
  readonly #authorityKeys: readonly AuthorityKeys[];

  constructor(options: OnionNetOptions) {
    const { seed, relayCount, clientCount, serverCount, recordTrace = false } = options;
    this.world = new SimWorld({ seed, recordTrace });
    this.random = new SimRandom(seed, 'what the test does');
    const rsaKeys = makeRsaKeys(relayCount + 3 * AUTHORITIES);
    const nowMs = Date.UTC(2026, 0, 1);
    const keysOf = (nickname: string, index: number) =>
      makeRelayKeys({ nickname, rsa: rsaKeys[index]!, nowMs }, { random: this.random });
    this.#authorityKeys = Array.from({ length: AUTHORITIES }, (_, index) => ({
      nickname: `auth${index}`,
      host: `11.${index}.0.1`,
      orPort: OR_PORT,
      relay: keysOf(`auth${index}`, 3 * index),
      identity: rsaKeys[3 * index + 1]!,
      signing: rsaKeys[3 * index + 2]!,
    }));
    this.directoryAuthorities = directoryAuthorities(this.#authorityKeys);
    this.#plans = planRelays(relayCount, this.random);
    this.authorities = this.#authorityKeys.map(({ host, relay }) =>
      this.#relay(this.#host(host), relay, REJECT_EVERYTHING),
    );
    this.relays = this.#plans.map((plan, index) => {
      const keys = keysOf(plan.nickname, 3 * AUTHORITIES + index);
      return this.#relay(this.#host(plan.host), keys, plan.isExit ? EXIT_POLICY : REJECT_EVERYTHING);
    });
    this.servers = Array.from({ length: serverCount }, (_, index) => this.#host(`12.${index}.0.1`));
    this.room = simClientRoom({ circuits: options.clientCircuitsMax, cellSlots: 4000 });
    this.clients = Array.from({ length: clientCount }, (_, index) => {
      const host = this.#host(`13.${index >> 8}.${index & 255}.1`);
      // Most have been here before and know the network; a quarter builds circuits ahead.
      const known = () => (index % 4 === 0 ? undefined : this.#published?.texts);
      const preBuild = index % 8 < 2;
      const { directoryAuthorities: authorities, room } = this;
      return new SimClient({ authorities, preBuild }, { host, room, known });
    });
  }

  /** Publishes and starts all that is not a client. */
  async start(): Promise<void> {
    const nowMs = this.servers[0]!.runtime.clock.wallClock();
    this.#published = publish(this.#authorityKeys, this.#listed(), { nowMs, params: PARAMS });
    for (const server of this.servers) await startServers(server);
    for (const relay of [...this.authorities, ...this.relays]) await relay.start();
  }

  /** The name of a server as clients say it. */
  serverName(index: number): string {
    return `web${index % this.servers.length}.test`;
  }

  /** Stops everything and sees that all memory is back. */
  async close(): Promise<void> {
    for (const client of this.clients) await client.stop();
    const relays = [...this.authorities, ...this.relays].filter(({ relay }) => relay !== undefined);
    await this.world.run({ forMs: 20_000 });
    for (const relay of relays) await relay.stop();
    await this.world.run({ forMs: 20_000 });
    for (const { slab } of relays) slab!.assertAllReturned();
    this.room.close();
  }

  #host(address: string): SimHost {
    const { random } = this;
    return this.world.host({
      address,
      access: { latencyMs: 3 + random.below(30), jitterMs: random.below(5), lossRate: 0.0005 },
    });
  }

  #relay(host: SimHost, keys: ReturnType<typeof makeRelayKeys>, exitPolicy: ExitPolicy): SimRelay {
    return new SimRelay(
      { keys, port: OR_PORT, exitPolicy },
      { host, resolver: this.#resolver, network: () => this.#published! },
    );
  }

  #listed(): readonly ListedRelay[] {
    return this.#plans.map((plan, index) => {
      const isMember = (other: RelayPlan): boolean => other.family === plan.family && other !== plan;
      return {
        ...plan,
        keys: this.relays[index]!.keys,
        orPort: OR_PORT,
        family:
          plan.family === undefined
            ? []
            : this.#plans.flatMap((other, at) =>
                isMember(other) ? encodeHex(this.relays[at]!.keys.fingerprint) : [],
              ),
      };
    });
  }

  readonly #resolver: Resolver = {
    addresses: async (name) => {
      const number = /^web(\d+)\.test$/.exec(name)?.[1];
      const server = number === undefined ? undefined : this.servers[Number(number)];
      return server === undefined ? [] : [{ kind: 'ipv4', value: server.address, ttlSec: 60 }];
    },
    names: async () => [],
  };
}

const EXIT_POLICY = exitPolicy();

function exitPolicy(): ExitPolicy {
  const built = buildExitPolicy({
    isExit: true,
    rules: ['accept *:7', 'accept *:80', 'accept *:443'],
    isReduced: false,
    allowPrivate: true,
    allowIpv6: false,
    ownAddresses: [],
  });
  if (!built.ok) throw new Error(built.reason);
  return built.value;
}
