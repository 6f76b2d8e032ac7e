import type { SimHost } from '../../../../engine/runtime/sim/host.ts';
import type { OnionNet } from './onion-net.ts';
import type { SimRelay } from './sim-relay.ts';

/** What befalls a network. */
export type Trouble = 'killed' | 'power-cut' | 'cut-off' | 'reset';

const TROUBLES: readonly Trouble[] = ['killed', 'power-cut', 'cut-off', 'cut-off', 'reset'];

export interface StormOptions {
  /** Virtual time from now. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly troubles: number;
  /** Relays that may be down at once. */
  readonly downMax: number;
}

/**
 * Relays are killed (their connections are reset) or lose power (nobody is told), most come back; some are cut off from
 * a part of the network for a while, or lose their connections alone. What happens when is drawn from the seed.
 */
export class Storm {
  readonly counts: Record<Trouble, number> = { killed: 0, 'power-cut': 0, 'cut-off': 0, reset: 0 };
  /** Of what threw while a relay came back. */
  readonly problems: unknown[] = [];
  readonly #net: OnionNet;
  readonly #downMax: number;

  constructor(options: StormOptions, modules: { readonly net: OnionNet }) {
    this.#net = modules.net;
    this.#downMax = options.downMax;
    const { random, world } = modules.net;
    for (let i = 0; i < options.troubles; i++) {
      const atMs = options.fromMs + random.below(options.toMs - options.fromMs);
      const trouble = TROUBLES[random.below(TROUBLES.length)]!;
      world.timeline.at(world.nowMs + atMs, () => this.#strike(trouble));
    }
  }

  #strike(trouble: Trouble): void {
    const { relays, random, world } = this.#net;
    const relay = relays[random.below(relays.length)]!;
    if (relay.relay === undefined) return;
    if (trouble === 'reset') world.reset(relay.host);
    else if (trouble === 'cut-off') this.#cutOff(relay);
    else {
      const down = relays.filter((one) => one.relay === undefined).length;
      if (down >= this.#downMax) return;
      this.#crash(relay, trouble);
    }
    this.counts[trouble] += 1;
  }

  #crash(relay: SimRelay, trouble: 'killed' | 'power-cut'): void {
    const { random, world } = this.#net;
    relay.crash(trouble === 'killed', (host) => world.reset(host));
    if (random.below(4) === 0) return;
    world.timeline.at(world.nowMs + 2000 + random.below(20_000), () => {
      relay.restart().catch((problem: unknown) => this.problems.push(problem));
    });
  }

  /** From every third host. */
  #cutOff(relay: SimRelay): void {
    const { random, world, relays, clients } = this.#net;
    const hosts = [...relays, ...clients].map((one) => one.host);
    const others: SimHost[] = hosts.filter((host) => host !== relay.host && random.below(3) === 0);
    world.partition([relay.host], others);
    world.timeline.at(world.nowMs + 1000 + random.below(15_000), () => world.heal([relay.host], others));
  }
}
