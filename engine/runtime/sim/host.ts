import type { Runtime } from '../port.ts';
import { SimRandom } from './chance.ts';
import { SimDisk, type SimDiskOptions } from './disk.ts';
import { Machine } from './machine.ts';
import { Pacer } from './pacer.ts';
import type { LinkOptions, Path } from './path.ts';
import type { SimWorld } from './world.ts';

export interface HostOptions {
  /** A literal address, unique in the world. */
  readonly address: string;
  /** Names it can be dialled by. */
  readonly names?: readonly string[];
  /** Capacity of its line. Default unlimited. */
  readonly upBytesPerSec?: number;
  readonly downBytesPerSec?: number;
  /**
   * How long packets may wait for its line; those that find the queue full are dropped: datagrams, and what streams
   * send where the world's `tcp` is `reno`. Default unlimited, but for datagrams 1 s upwards.
   */
  readonly upQueueMs?: number;
  readonly downQueueMs?: number;
  /** Its access to the network; a path adds up both ends. Default 10 ms, no jitter, no loss. */
  readonly access?: Omit<LinkOptions, 'rateBytesPerSec'>;
  /** How wrong its wall clock is. */
  readonly clockSkewMs?: number;
  readonly disk?: SimDiskOptions;
}

/** A computer in a {@link SimWorld}. */
export class SimHost {
  readonly address: string;
  /** In the order of creation, from 0; the trace names hosts by it. */
  readonly index: number;
  readonly names: readonly string[];
  readonly clockSkewMs: number;
  readonly access: Required<Omit<LinkOptions, 'rateBytesPerSec'>>;
  readonly up: Pacer;
  readonly down: Pacer;
  readonly disk: SimDisk;
  /** The network's luck with what this host sends. */
  readonly chance: SimRandom;
  /** Paths from here; {@link SimWorld.path} fills it. */
  readonly paths = new Map<SimHost, Path>();
  readonly #world: SimWorld;
  #machine: Machine;
  #lives = 1;

  constructor(options: HostOptions & { readonly index: number }, modules: { readonly world: SimWorld }) {
    const { seed } = modules.world;
    this.#world = modules.world;
    this.address = options.address;
    this.index = options.index;
    this.names = options.names ?? [];
    this.clockSkewMs = options.clockSkewMs ?? 0;
    this.access = { latencyMs: 10, jitterMs: 0, lossRate: 0, ...options.access };
    this.up = new Pacer(options.upBytesPerSec ?? Infinity, options.upQueueMs);
    this.down = new Pacer(options.downBytesPerSec ?? Infinity, options.downQueueMs);
    this.chance = new SimRandom(seed, `network ${options.address}`);
    this.disk = new SimDisk(options.disk ?? {}, { chance: new SimRandom(seed, `disk ${options.address}`) });
    this.#machine = this.#boot();
  }

  /** What programs on it get. After a crash the old one is dead for ever; {@link restart} gives another. */
  get runtime(): Runtime {
    return this.#machine.runtime;
  }

  get machine(): Machine {
    return this.#machine;
  }

  get isUp(): boolean {
    return this.#machine.alive;
  }

  /**
   * Power cut: programs, connections and timers vanish without a word to anyone, and of what was not synced the
   * disk keeps what chance decides.
   */
  crash(): void {
    if (!this.isUp) return;
    this.#machine.trace('crash', 0, 0);
    this.#machine.stop();
    this.disk.crash();
  }

  /** Power is back; the disk is as the crash left it, nothing runs. */
  restart(): Runtime {
    this.crash();
    this.#lives++;
    this.#machine = this.#boot();
    this.#machine.trace('boot', this.#lives, 0);
    return this.runtime;
  }

  #boot(): Machine {
    return new Machine({ life: this.#lives }, { host: this, world: this.#world });
  }
}
