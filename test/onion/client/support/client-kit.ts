import { choiceOfOne } from '../../../../engine/kernels/choice.ts';
import type { Lease } from '../../../../engine/kernels/lease.ts';
import { scratchOffset } from '../../../../engine/kernels/memory-map.ts';
import { loadKernels } from '../../../../engine/kernels/module.ts';
import type { ClientCiphers } from '../../../../engine/kernels/relay-cells.ts';
import { Slab } from '../../../../engine/kernels/slab.ts';
import { linkConnector } from '../../../../engine/onion/client/connector.ts';
import { leaseCiphers } from '../../../../engine/onion/client/leased-ciphers.ts';
import { OnionClient } from '../../../../engine/onion/client/onion-client.ts';
import type { OnionProgress } from '../../../../engine/onion/client/progress.ts';
import type { KeyValueStore, OnionClientOptions } from '../../../../engine/onion/client/types.ts';
import { CellMemory } from '../../../../engine/onion/link/cell-memory.ts';
import { createLinkStats, type LinkStats } from '../../../../engine/onion/link/stats.ts';
import type { Runtime } from '../../../../engine/runtime/port.ts';

/** A store in memory. */
export class MemoryStore implements KeyValueStore {
  readonly values = new Map<string, Uint8Array>();

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.values.get(key);
  }

  async set(key: string, value: Uint8Array): Promise<void> {
    this.values.set(key, value.slice());
  }
}

/** What clients of one thread share. */
export interface ClientRoom {
  readonly slab: Slab;
  readonly ciphers: ClientCiphers;
  readonly memory: CellMemory;
  readonly stats: LinkStats;
  /** Gives back what it holds; throws when anybody else still holds a part of the slab. */
  close(): void;
}

/** Slab, kernels and ciphers for `circuits` circuits. */
export function clientRoom(options: {
  readonly slotCount: number;
  readonly circuits: number;
  readonly aheadCells?: number;
}): ClientRoom {
  const slab = new Slab({ slotCount: options.slotCount, threadCountMax: 1 });
  const kernels = loadKernels({ memory: slab.memory, scratchOffset: scratchOffset(slab.takeThread()) });
  const made = leaseCiphers(options, { slab, kernels, choice: choiceOfOne('native') });
  const lease: Lease = made.lease;
  const memory = new CellMemory({}, { slab });
  return {
    slab,
    ciphers: made.ciphers,
    memory,
    stats: createLinkStats(),
    close() {
      memory.close();
      lease.release();
      slab.assertAllReturned();
    },
  };
}

/** A client over TLS streams of `runtime`, and what it has told. */
export interface ClientKit {
  readonly client: OnionClient;
  readonly store: MemoryStore;
  readonly progress: OnionProgress[];
}

export function clientKit(
  options: OnionClientOptions,
  modules: { readonly runtime: Runtime; readonly room: ClientRoom; readonly store?: MemoryStore },
  onProgress: (progress: OnionProgress) => void = () => {},
): ClientKit {
  const { runtime, room, store = new MemoryStore() } = modules;
  const progress: OnionProgress[] = [];
  const client = new OnionClient(options, {
    runtime,
    slab: room.slab,
    ciphers: room.ciphers,
    connect: linkConnector({ runtime, memory: room.memory, stats: room.stats }),
    store,
    onProgress: (one) => {
      progress.push(one);
      onProgress(one);
    },
  });
  return { client, store, progress };
}
