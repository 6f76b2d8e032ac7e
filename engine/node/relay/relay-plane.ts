import { chooseKernels } from '../../kernels/calibrate.ts';
import { type KernelChoice, kernelPolicy } from '../../kernels/choice.ts';
import { scratchOffset } from '../../kernels/memory-map.ts';
import { type CompiledKernels, compileKernels, type Kernels, loadKernels } from '../../kernels/module.ts';
import { relayCiphersBytes } from '../../kernels/relay-choice.ts';
import { Slab } from '../../kernels/slab.ts';
import { SLOT_BYTES } from '../../kernels/types.ts';
import type { LinkOutfit } from '../../onion/crypto/link-credentials.ts';
import type { ConsensusParams } from '../../onion/flow/consensus-param.ts';
import type { LinkPeer } from '../../onion/link/types.ts';
import { RELAY_LIMITS } from '../../onion/relay/options.ts';
import { OnionRelay } from '../../onion/relay/relay.ts';
import type { DirectoryHandler, Resolver } from '../../onion/relay/services.ts';
import type { Runtime } from '../../runtime/port.ts';
import type { RelayConfig } from './config.ts';
import type { KeyKeeper } from './key-keeper.ts';

/** What of its keys the data plane of a relay needs; plain data. */
export interface PlaneKeys {
  /** RSA fingerprint, 20 bytes. */
  readonly fingerprint: Uint8Array;
  readonly ed25519Id: Uint8Array;
  /** Private, 32 bytes each, the current one first. */
  readonly onionKeys: readonly Uint8Array[];
  readonly outfit: LinkOutfit;
}

/** The present ones. */
export function planeKeys(keys: Pick<KeyKeeper, 'identity' | 'onion' | 'outfit'>): PlaneKeys {
  const { fingerprint, ed25519Id } = keys.identity;
  const { current, previous } = keys.onion;
  const onionKeys = [current, ...(previous === undefined ? [] : [previous])];
  return {
    fingerprint,
    ed25519Id,
    onionKeys: onionKeys.map((one) => one.ntorPrivateKey),
    outfit: keys.outfit,
  };
}

/** The kernels of a process, to be loaded in each of its threads. Plain data. */
export interface KernelSet {
  readonly compiled: CompiledKernels;
  readonly choice: KernelChoice;
}

/** Compiles and calibrates: some tens of milliseconds. */
export function prepareKernels(): KernelSet {
  const compiled = compileKernels();
  return { compiled, choice: chooseKernels(kernelPolicy(process.env), compiled) };
}

export interface RelayPlaneModules {
  readonly runtime: Runtime;
  readonly keys: () => PlaneKeys;
  readonly kernels: KernelSet;
  readonly directory: DirectoryHandler;
  readonly resolver: Resolver;
  readonly params: () => ConsensusParams;
  /** Whether a circuit that opens a stream may come from this peer. */
  readonly exitSource: (peer: LinkPeer | undefined) => boolean;
}

/** The memory and kernels of a relay, and the data plane in them, which goes away when accounting says so. */
export class RelayPlane {
  readonly slab: Slab;
  #config: RelayConfig;
  readonly #modules: RelayPlaneModules;
  readonly #thread: number;
  #relay: OnionRelay | undefined;

  constructor(config: RelayConfig, modules: RelayPlaneModules) {
    this.#config = config;
    this.#modules = modules;
    const slotCount = Math.floor(config.words.memory / SLOT_BYTES);
    this.slab = new Slab({ slotCount, threadCountMax: 1 });
    this.#thread = this.slab.takeThread();
  }

  /** Undefined while it is asleep. */
  get relay(): OnionRelay | undefined {
    return this.#relay;
  }

  /** Rejects with ADDRESS_IN_USE, NO_PERMISSION, or SLAB_FULL when the memory is too small for the limits. */
  async open(): Promise<void> {
    const relay = this.#make();
    await relay.start();
    this.#relay = relay;
  }

  /** Takes another exit policy, for streams from now on. */
  reconfigure(config: RelayConfig): void {
    this.#config = config;
    this.#relay?.setExitPolicy(config.exitPolicy);
  }

  async close(): Promise<void> {
    const relay = this.#relay;
    this.#relay = undefined;
    await relay?.stop();
  }

  #make(): OnionRelay {
    const { words, exitPolicy, dos, ipv6 } = this.#config;
    const { keys, params, kernels: set, ...modules } = this.#modules;
    const { fingerprint, ed25519Id, onionKeys, outfit } = keys();
    // The same scratch area each time: the kernels before are gone.
    const scratch = scratchOffset(this.#thread);
    const kernels = loadKernels({
      memory: this.slab.memory,
      scratchOffset: scratch,
      compiled: set.compiled,
    });
    const circuitsMax = words.maxCircuits === 0 ? circuitsFitting(words.memory, kernels) : words.maxCircuits;
    return new OnionRelay(
      {
        fingerprint,
        ed25519Id,
        onionKeys,
        link: outfit,
        listen: { host: words.listenAddress, port: words.orPort },
        listenAlso: ipv6 === undefined ? [] : [ipv6.listen],
        hosts: ipv6 === undefined ? [words.address] : [words.address, ipv6.reached.host],
        exitPolicy,
        allowPrivateAddresses: words.allowPrivateAddresses,
        params: params(),
        dos,
        limits: {
          channelsMax: words.maxConnections,
          circuitsMax,
          circuitsPerChannelMax: circuitsMax,
          queueBytesMax: words.maxMemInQueues,
        },
      },
      { ...modules, slab: this.slab, kernels, choice: set.choice },
    );
  }
}

/** How many circuits may have their ciphers, of both kinds, in half of the memory. */
function circuitsFitting(memoryBytes: number, kernels: Kernels): number {
  const bytesFor = (capacity: number): number => {
    const shape = { capacity, cellCountMax: 1, aheadCellsMax: RELAY_LIMITS.keyStreamCells };
    return relayCiphersBytes('tor1', shape, kernels) + relayCiphersBytes('cgo', shape, kernels);
  };
  const some = 1024;
  const bytesEach = (bytesFor(2 * some) - bytesFor(some)) / some;
  return Math.max(1, Math.floor(memoryBytes / 2 / bytesEach));
}
