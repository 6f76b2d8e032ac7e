import type { Socket } from 'node:net';
import { socksConnect } from '../../test/interop/support/tor/socks.ts';
import type { AlliumClient } from './allium.ts';
import type { Roles } from './meter.ts';
import type { BenchNetwork, Scheduler } from './network.ts';
import type { Side } from './types.ts';

const HOST = '127.0.0.1';
const CONNECT_MS = 30_000;

/** One way through the network that bytes can be carried on. */
export interface Carrier {
  readonly program: string;
  readonly side: Side;
  readonly setting: string;
  readonly roles: Roles;
  /** Of a transfer beside the others: below 1 where it is known to be slow. */
  readonly share: number;
  /** Streams to the source, as many as circuits, each on a circuit of its own and connected. */
  open(count: number): Promise<Lines>;
}

/** Streams of one run. */
export interface Lines {
  readonly sockets: readonly Socket[];
  /** Closes them and their circuits. */
  close(): Promise<void>;
}

/** A path of three relays by name. */
export type Path = readonly [guard: string, middle: string, exit: string];

/** C tor's client on circuits along this path, whoever its relays are. */
export function torCarrier(
  network: BenchNetwork,
  path: Path,
  scheduler: Scheduler,
  facts: Pick<Carrier, 'program' | 'side'>,
): Carrier {
  const client = network.tor.node('client1');
  const fingerprints = path.map((name) => network.fingerprint(name));
  return {
    ...facts,
    setting: scheduler === 'Vanilla' ? 'Schedulers Vanilla' : '',
    roles: rolesOf(network, client.pid, path),
    share: scheduler === 'Vanilla' ? 1 : 0.3,
    async open(count) {
      await network.schedule(scheduler);
      const circuits = await network.tor.circuits(client);
      const opened = await Promise.all(Array.from({ length: count }, () => circuits.open(fingerprints)));
      const sockets = await Promise.all(
        opened.map((circuit) =>
          socksConnect(client.socksPort ?? 0, HOST, network.sourcePort, {
            timeoutMs: CONNECT_MS,
            onLocalPort: (port) => circuits.direct(port, circuit),
          }),
        ),
      );
      return {
        sockets,
        async close() {
          for (const socket of sockets) socket.destroy();
          // Tor may have closed one itself.
          await Promise.all(opened.map((circuit) => circuits.close(circuit).catch(() => {})));
        },
      };
    },
  };
}

/** C tor's client on circuits of its own choice: where it can, it joins two of them (conflux). */
export function confluxCarrier(network: BenchNetwork): Carrier {
  const { freeClient, tor } = network;
  const relays = tor.nodes.filter(({ role }) => role !== 'client');
  return {
    ...{ program: 'C tor, conflux', side: 'rival', setting: 'its own choice of circuits', share: 0.3 },
    roles: { client: freeClient.pid, ...Object.fromEntries(relays.map(({ name, pid }) => [name, pid])) },
    async open(count) {
      await network.schedule('as it comes');
      return socksLines(freeClient.socksPort ?? 0, network.sourcePort, count);
    },
  };
}

/** Allium's client, which knows this path only. */
export function alliumCarrier(network: BenchNetwork, client: AlliumClient, path: Path): Carrier {
  return {
    ...{ program: 'Allium', side: 'allium', setting: '', share: 1 },
    roles: rolesOf(network, client.daemon.pid, path),
    open: (count) => socksLines(client.socksPort, network.sourcePort, count),
  };
}

function rolesOf(network: BenchNetwork, client: number, [guard, middle, exit]: Path): Roles {
  return { client, guard: network.pid(guard), middle: network.pid(middle), exit: network.pid(exit) };
}

let users = 0;

/** Names that were never used before make a client build circuits that were never used before. */
async function socksLines(socksPort: number, port: number, count: number): Promise<Lines> {
  const sockets = await Promise.all(
    Array.from({ length: count }, () => {
      users += 1;
      return socksConnect(socksPort, HOST, port, { timeoutMs: CONNECT_MS, user: `user${users}` });
    }),
  );
  return {
    sockets,
    async close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}
