import type { DhtPort, DhtRuntime } from '../../../engine/discovery/dht/types.ts';
import type { Endpoint, Milliseconds } from '../../../engine/runtime/port.ts';
import { SimRandom } from '../../../engine/runtime/sim/chance.ts';
import { type RunOptions, Timeline } from '../../../engine/runtime/sim/timeline.ts';
import { drawPlace, oneWayMs, type Place } from './latency.ts';

type OnDatagram = (bytes: Uint8Array, from: Endpoint) => void;

/** A place where datagrams come in. */
export interface LightHost {
  readonly endpoint: Endpoint;
  readonly place: Place;
  /** Nothing comes in or goes out. */
  silent: boolean;
  onDatagram: OnDatagram;
}

/**
 * A world of datagrams and nothing else, on the virtual clock of the simulated runtime: a host costs a few hundred
 * bytes and a path nothing, so that a hundred thousand nodes fit.
 */
export class LightWorld {
  readonly timeline = new Timeline();
  readonly runtime: DhtRuntime;
  readonly chance: SimRandom;
  readonly lossRate: number;
  readonly #hosts = new Map<string, LightHost>();
  datagrams = 0;

  constructor(options: { readonly seed: number; readonly lossRate?: number }) {
    const { timeline } = this;
    this.chance = new SimRandom(options.seed, 'light world');
    this.lossRate = options.lossRate ?? 0;
    this.runtime = {
      random: new SimRandom(options.seed, 'programs'),
      clock: {
        now: () => timeline.nowMs as Milliseconds,
        wallClock: () => timeline.nowMs,
        setTimer: (delayMs, callback) => {
          const entry = timeline.at(timeline.nowMs + Math.max(0, delayMs), callback);
          return { cancel: () => timeline.cancel(entry) };
        },
      },
    };
  }

  /** One host at this address; it has one port. */
  host(endpoint: Endpoint, place: Place = drawPlace(this.chance)): LightHost {
    const host: LightHost = { endpoint, place, silent: false, onDatagram: () => {} };
    this.#hosts.set(endpoint.host, host);
    return host;
  }

  /** What a program on this host sends through. */
  port(host: LightHost): DhtPort {
    return { local: host.endpoint, send: (bytes, to) => this.#send(host, bytes, to) };
  }

  async run(options: RunOptions): Promise<void> {
    await this.timeline.run({ eventsMax: Number.MAX_SAFE_INTEGER, ...options });
  }

  #send(from: LightHost, bytes: Uint8Array, to: Endpoint): void {
    this.datagrams++;
    const target = this.#hosts.get(to.host);
    if (target === undefined || target.endpoint.port !== to.port || from.silent) return;
    if (this.lossRate > 0 && this.chance.fraction() < this.lossRate) return;
    const delayMs = oneWayMs(from.place, target.place, this.chance);
    this.timeline.at(this.timeline.nowMs + delayMs, () => {
      if (!target.silent) target.onDatagram(bytes, from.endpoint);
    });
  }
}
