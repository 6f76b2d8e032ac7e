import { isIP } from 'node:net';
import type { AddressBytes } from '../../codec/compact-endpoint.ts';
import { AlliumError } from '../../codec/error.ts';
import { familyOf } from '../../discovery/dht/compact.ts';
import { DhtGroup } from '../../discovery/dht/dht-group.ts';
import { DhtNode } from '../../discovery/dht/dht-node.ts';
import type { DhtOptions } from '../../discovery/dht/options.ts';
import type { DhtPort } from '../../discovery/dht/types.ts';
import type { DatagramSocket, Endpoint, Runtime, Timer } from '../../runtime/port.ts';
import { createKnownIndex } from './known-index.ts';
import { loadTables, type SavedTable, saveTables } from './saved-table.ts';

export interface OpenDhtOptions {
  /** Addresses to listen on, one node for each (BEP 45). */
  readonly hosts: readonly string[];
  /** 0: chosen by the system. */
  readonly port: number;
  /** Nodes to begin with; names are looked up. There are no built-in ones. */
  readonly bootstrap: readonly Endpoint[];
  /** File for ids and tables. */
  readonly statePath?: string | undefined;
  readonly settings?: DhtOptions;
}

/** A running DHT with its sockets. */
export interface OpenDht {
  readonly group: DhtGroup;
  readonly locals: readonly Endpoint[];
  /** Bootstrap nodes whose names are not known. */
  readonly unresolved: readonly Endpoint[];
  /** Resolves when the neighbours are found or nobody answers. */
  readonly joined: Promise<void>;
  /** Saves, and lets go of the sockets. Idempotent. Rejects when the file cannot be written, with the sockets closed. */
  close(): Promise<void>;
}

const SAVE_MS = 5 * 60_000;

/** Binds sockets and starts a node on each. Throws BAD_STATE, ADDRESS_IN_USE, NETWORK_FAILED. */
export async function openDht(
  options: OpenDhtOptions,
  modules: { readonly runtime: Runtime },
): Promise<OpenDht> {
  const { runtime } = modules;
  const saved =
    options.statePath === undefined ? new Map() : await loadTables(options.statePath, runtime.files);
  const { known, unresolved } = await resolveAll(options.bootstrap, runtime);
  const sockets: DatagramSocket[] = [];
  const nodes: DhtNode[] = [];
  try {
    for (const host of options.hosts) {
      const { socket, node } = await openNode(host, known, saved, options, runtime, nodes);
      sockets.push(socket);
      nodes.push(node);
    }
  } catch (error) {
    for (const socket of sockets) socket.close();
    throw error;
  }
  const group = new DhtGroup({ nodes });
  const save = async (): Promise<void> => {
    if (options.statePath === undefined) return;
    const tables = new Map<AddressBytes, SavedTable>();
    for (const node of nodes) {
      // The first of a family is the one that gets it back.
      if (!tables.has(node.family)) tables.set(node.family, { id: node.id, nodes: node.export() });
    }
    await saveTables(options.statePath, tables, runtime.files);
  };
  const timer = repeat(runtime, save);
  let closing: Promise<void> | undefined;
  return {
    group,
    locals: sockets.map((socket) => socket.local),
    unresolved,
    joined: group.start(),
    close: () => {
      closing ??= (async () => {
        timer.cancel();
        try {
          // Before the nodes stop: they know who is good.
          await save();
        } finally {
          await group.stop();
          for (const socket of sockets) socket.close();
        }
      })();
      return closing;
    },
  };
}

/** The node at one address. It can see the others, so that it can tell of nodes of the other family (BEP 32). */
async function openNode(
  host: string,
  bootstrap: readonly Endpoint[],
  saved: ReadonlyMap<AddressBytes, SavedTable>,
  options: OpenDhtOptions,
  runtime: Runtime,
  all: readonly DhtNode[],
): Promise<{ readonly socket: DatagramSocket; readonly node: DhtNode }> {
  if (isIP(host) === 0) {
    throw new AlliumError('BAD_USAGE', `“${host}” is no address`, {
      advice: 'Give a literal IPv4 or IPv6 address.',
    });
  }
  let node: DhtNode | undefined;
  const socket = await runtime.network.bindDatagram({ host, port: options.port }, (bytes, from) =>
    node?.onDatagram(bytes, from),
  );
  const family = familyOf(host);
  const table = saved.get(family);
  // BEP 45: a second address of the family needs an id of its own.
  const isFirst = all.every((other) => other.family !== family);
  const index = createKnownIndex();
  const port: DhtPort = { local: socket.local, send: (bytes, to) => socket.send(bytes, to) };
  node = new DhtNode(
    {
      ...(table === undefined || !isFirst ? {} : { nodeId: table.id }),
      savedNodes: table?.nodes ?? [],
      bootstrap,
      ...options.settings,
    },
    {
      runtime,
      socket: port,
      sibling: () => all.find((other) => other.family !== family),
      ...(index === undefined ? {} : { index }),
    },
  );
  return { socket, node };
}

async function resolveAll(
  endpoints: readonly Endpoint[],
  runtime: Runtime,
): Promise<{ readonly known: readonly Endpoint[]; readonly unresolved: readonly Endpoint[] }> {
  const known: Endpoint[] = [];
  const unresolved: Endpoint[] = [];
  for (const endpoint of endpoints) {
    try {
      const addresses = await runtime.network.lookup(endpoint.host);
      for (const host of addresses) known.push({ host, port: endpoint.port });
    } catch {
      unresolved.push(endpoint);
    }
  }
  return { known, unresolved };
}

/** Saves every five minutes; what fails is tried again the next time and, aloud, at the end. */
function repeat(runtime: Runtime, save: () => Promise<void>): Timer {
  let stopped = false;
  let timer: Timer;
  const next = (): void => {
    timer = runtime.clock.setTimer(SAVE_MS, () => {
      void save()
        .catch(() => {})
        .then(() => {
          if (!stopped) next();
        });
    });
  };
  next();
  return {
    cancel: () => {
      stopped = true;
      timer.cancel();
    },
  };
}
