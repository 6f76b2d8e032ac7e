import { choiceOfOne } from '../../../../engine/kernels/choice.ts';
import { scratchOffset } from '../../../../engine/kernels/memory-map.ts';
import { loadKernels } from '../../../../engine/kernels/module.ts';
import { Slab } from '../../../../engine/kernels/slab.ts';
import { directoryHandler } from '../../../../engine/node/relay/directory-handler.ts';
import type { ExitPolicy } from '../../../../engine/onion/directory/policy-types.ts';
import type { RelayLimits } from '../../../../engine/onion/relay/options.ts';
import { OnionRelay } from '../../../../engine/onion/relay/relay.ts';
import type { Resolver } from '../../../../engine/onion/relay/services.ts';
import type { Runtime } from '../../../../engine/runtime/port.ts';
import type { SimHost } from '../../../../engine/runtime/sim/host.ts';
import type { Published } from './authorities.ts';
import type { RelayKeys } from './relay-keys.ts';

/** Bounds of a relay in a large simulation; the smaller the memory, the sooner the bounds are met. */
export const SIM_RELAY_LIMITS: Partial<RelayLimits> = {
  circuitsMax: 512,
  keyStreamCells: 4,
  queueBytesMax: 4 * 1024 * 1024,
};
export const SIM_RELAY_SLOTS = 900;

/** What one life of a relay holds; a crash takes it all. */
interface Life {
  readonly relay: OnionRelay;
  readonly slab: Slab;
}

/** A relay on a host of a simulated network, which may crash and come back with the same keys. */
export class SimRelay {
  readonly host: SimHost;
  readonly keys: RelayKeys;
  readonly port: number;
  readonly #exitPolicy: ExitPolicy;
  readonly #resolver: Resolver;
  readonly #network: () => Published;
  #life: Life | undefined;
  #listed = new Set<string>();

  constructor(
    options: { readonly keys: RelayKeys; readonly port: number; readonly exitPolicy: ExitPolicy },
    modules: {
      readonly host: SimHost;
      readonly resolver: Resolver;
      /** What authorities have published by the time that it starts. */
      readonly network: () => Published;
    },
  ) {
    this.host = modules.host;
    this.keys = options.keys;
    this.port = options.port;
    this.#exitPolicy = options.exitPolicy;
    this.#resolver = modules.resolver;
    this.#network = modules.network;
  }

  /** Undefined while it is down. */
  get relay(): OnionRelay | undefined {
    return this.#life?.relay;
  }

  get slab(): Slab | undefined {
    return this.#life?.slab;
  }

  /** On the life that its host has now. */
  async start(): Promise<void> {
    const { runtime } = this.host;
    const slab = new Slab({ slotCount: SIM_RELAY_SLOTS, threadCountMax: 1 });
    const relay = this.#make(runtime, slab);
    this.#life = { relay, slab };
    await relay.start();
  }

  /** The host dies, and the relay with it; who was connected hears of it only if `isNoticed`. */
  crash(isNoticed: boolean, reset: (host: SimHost) => void): void {
    if (isNoticed) reset(this.host);
    this.host.crash();
    this.#life = undefined;
  }

  /** Its host is back, and the relay starts with empty memory. */
  async restart(): Promise<void> {
    this.host.restart();
    await this.start();
  }

  async stop(): Promise<void> {
    await this.#life?.relay.stop();
  }

  #make(runtime: Runtime, slab: Slab): OnionRelay {
    const kernels = loadKernels({ memory: slab.memory, scratchOffset: scratchOffset(slab.takeThread()) });
    const { store, consensus } = this.#network();
    const { keys, port, host } = this;
    this.#listed = new Set(consensus.routers.map(({ fingerprint }) => fingerprint));
    const counts = { 200: 0, 304: 0, 400: 0, 404: 0, 503: 0 };
    return new OnionRelay(
      {
        fingerprint: keys.fingerprint,
        ed25519Id: keys.identity.publicKey,
        onionKeys: [keys.onionPrivateKey],
        link: keys.link,
        listen: { host: host.address, port },
        hosts: [host.address],
        allowPrivateAddresses: true,
        exitPolicy: this.#exitPolicy,
        params: consensus.params,
        limits: SIM_RELAY_LIMITS,
      },
      {
        runtime,
        slab,
        kernels,
        choice: choiceOfOne('wasm'),
        directory: directoryHandler({ store, clock: runtime.clock, counts }),
        resolver: this.#resolver,
        exitSource: (peer) =>
          peer?.rsaFingerprint !== undefined &&
          this.#listed.has(Buffer.from(peer.rsaFingerprint).toString('hex').toUpperCase()),
      },
    );
  }
}
