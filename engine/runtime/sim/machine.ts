import type { Clock, Milliseconds, Random, Runtime, Timer } from '../port.ts';
import type { Entry } from './agenda.ts';
import { SimRandom } from './chance.ts';
import type { SimDatagramSocket } from './datagram.ts';
import { createSimFiles } from './files.ts';
import type { SimHost } from './host.ts';
import type { SimListener } from './listener.ts';
import { createSimNetwork } from './network.ts';
import type { Segment } from './segment.ts';
import type { SimStream } from './stream.ts';
import type { SimWorld } from './world.ts';

/** Where wall clocks start: 2026-01-01, 00:00 UTC, as good as any. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

/**
 * One life of a host, from start to crash. Everything its programs hold belongs to it; when it is over, their
 * timers, streams and file operations are too, and nothing of theirs runs again.
 */
export class Machine {
  readonly host: SimHost;
  readonly world: SimWorld;
  readonly streams = new Set<SimStream>();
  readonly listeners = new Map<number, SimListener>();
  readonly datagramSockets = new Map<number, SimDatagramSocket>();
  readonly runtime: Runtime;
  alive = true;

  constructor(
    options: { readonly life: number },
    modules: { readonly host: SimHost; readonly world: SimWorld },
  ) {
    this.host = modules.host;
    this.world = modules.world;
    const random: Random = new SimRandom(this.world.seed, `programs ${this.host.address} ${options.life}`);
    this.runtime = {
      clock: this.#clock(),
      random,
      network: createSimNetwork(this),
      files: createSimFiles(this),
    };
  }

  get nowMs(): number {
    return this.world.timeline.nowMs;
  }

  /** After what runs now. */
  soon(run: () => void): void {
    this.after(0, run);
  }

  after(delayMs: number, run: () => void): Entry {
    return this.world.timeline.at(this.nowMs + delayMs, () => {
      if (this.alive) run();
    });
  }

  cancel(entry: Entry): void {
    this.world.timeline.cancel(entry);
  }

  release(segment: Segment): void {
    this.world.pool.release(segment);
  }

  trace(what: string, x: number, y: number): void {
    this.world.trace.event(this.nowMs, this.host.index, what, x, y);
  }

  /** The plug is pulled. */
  stop(): void {
    this.alive = false;
    for (const stream of this.streams) stream.vanish();
    this.streams.clear();
    this.listeners.clear();
    this.datagramSockets.clear();
  }

  #clock(): Clock {
    return {
      now: () => this.nowMs as Milliseconds,
      wallClock: () => EPOCH_MS + this.host.clockSkewMs + this.nowMs,
      setTimer: (delayMs, callback): Timer => {
        const entry = this.after(Math.max(0, delayMs), () => {
          this.trace('timer', 0, 0);
          callback();
        });
        return { cancel: () => this.cancel(entry) };
      },
    };
  }
}
