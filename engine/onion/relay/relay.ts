import type { KernelChoice } from '../../kernels/choice.ts';
import type { Kernels } from '../../kernels/module.ts';
import type { Slab } from '../../kernels/slab.ts';
import type { Endpoint, Runtime, Timer } from '../../runtime/port.ts';
import type { LinkOutfit } from '../crypto/link-credentials.ts';
import { REJECT_EVERYTHING } from '../directory/exit-policy.ts';
import type { ExitPolicy } from '../directory/policy-types.ts';
import type { ConsensusParams } from '../flow/consensus-param.ts';
import { isVegasWanted, sendmeIncrement } from '../flow/vegas-params.ts';
import { CellMemory } from '../link/cell-memory.ts';
import { createLinkStats } from '../link/stats.ts';
import { DataPlane } from './data-plane.ts';
import { InlineOnionskins } from './onionskins.ts';
import { type OnionRelayOptions, RELAY_LIMITS } from './options.ts';
import type {
  DirectoryHandler,
  ExitSource,
  LinkListener,
  Links,
  OnionskinService,
  Resolver,
} from './services.ts';
import { type RelayStats, relayStats } from './stats.ts';
import { TlsLinks } from './tls-links.ts';

/** How often links that nobody uses are looked for. */
const SWEEP_MS = 60_000;

export interface OnionRelayModules {
  readonly runtime: Runtime;
  /** Shared with nobody whose memory could run out through this relay. */
  readonly slab: Slab;
  readonly kernels: Kernels;
  readonly choice: KernelChoice;
  /** Default: handshakes are answered in the event loop. */
  readonly onionskins?: OnionskinService;
  /** Default: BEGIN_DIR is refused. */
  readonly directory?: DirectoryHandler;
  /** Default: names are not found. */
  readonly resolver?: Resolver;
  /** Default: every relay that has proved who it is. */
  readonly exitSource?: ExitSource;
  /** Default: over the TLS of the runtime. */
  readonly links?: Links;
}

/**
 * The data plane of a relay: takes links, makes circuits, passes cells on and lets streams out. What it is told about
 * the network (consensus parameters, keys, policy) others find out.
 */
export class OnionRelay {
  readonly #options: OnionRelayOptions;
  readonly #runtime: Runtime;
  readonly #memory: CellMemory;
  readonly #linkStats = createLinkStats();
  readonly #onionskins: OnionskinService;
  readonly #links: Links;
  readonly #plane: DataPlane;
  #outfit: LinkOutfit;
  #onionKeys: readonly Uint8Array[];
  #listener: LinkListener | undefined;
  #sweep: Timer | undefined;

  /**
   * Throws AlliumError SLAB_FULL when the slab is too small for the limits, RangeError for keys that are none.
   */
  constructor(options: OnionRelayOptions, modules: OnionRelayModules) {
    const { runtime, slab } = modules;
    const params: ConsensusParams = options.params ?? new Map();
    this.#options = options;
    this.#runtime = runtime;
    this.#outfit = options.link;
    this.#onionKeys = options.onionKeys;
    this.#memory = new CellMemory({}, { slab });
    this.#onionskins = modules.onionskins ?? this.#inlineOnionskins(params);
    const linkModules = { runtime, memory: this.#memory, stats: this.#linkStats, outfit: () => this.#outfit };
    this.#links = modules.links ?? new TlsLinks(options, linkModules);
    this.#plane = new DataPlane(
      {
        fingerprint: options.fingerprint,
        ed25519Id: options.ed25519Id,
        exitPolicy: options.exitPolicy ?? REJECT_EVERYTHING,
        allowPrivateAddresses: options.allowPrivateAddresses ?? false,
        params,
        dos: options.dos ?? {},
        limits: { ...RELAY_LIMITS, ...options.limits },
      },
      {
        ...modules,
        links: this.#links,
        onionskins: this.#onionskins,
        directory: modules.directory,
        resolver: modules.resolver,
        exitSource: modules.exitSource ?? ((peer) => peer?.rsaFingerprint !== undefined),
      },
    );
  }

  /** Where links come in; undefined before {@link start}. */
  get local(): Endpoint | undefined {
    return this.#listener?.local;
  }

  /** Rejects with AlliumError ADDRESS_IN_USE or NO_PERMISSION. */
  async start(): Promise<void> {
    this.#listener = await this.#links.listen((channel) => this.#plane.accept(channel));
    this.#sweepLater();
  }

  /** Closes all links and circuits. The slab has everything back when the last link is closed. */
  async stop(): Promise<void> {
    this.#sweep?.cancel();
    await this.#listener?.close();
    this.#listener = undefined;
    this.#plane.dispose();
    this.#memory.close();
  }

  stats(): RelayStats {
    return relayStats(this.#plane, this.#linkStats);
  }

  /**
   * A new onion key, 32 bytes; the one before goes on being answered to. Undefined: the time of grace of the previous
   * key is over.
   */
  rotateOnionKey(privateKey: Uint8Array | undefined): void {
    const current = this.#onionKeys[0]!;
    this.#onionKeys = privateKey === undefined ? [current] : [privateKey, current];
    this.#onionskins.setOnionKeys(this.#onionKeys);
  }

  /** Link keys and certificates for links from now on. */
  setLinkOutfit(outfit: LinkOutfit): void {
    this.#outfit = outfit;
    this.#listener?.renew();
  }

  setExitPolicy(policy: ExitPolicy): void {
    this.#plane.edge.policy = policy;
  }

  /** A new consensus. */
  setConsensusParams(params: ConsensusParams): void {
    this.#plane.setParams(params);
    this.#onionskins.setPolicy(this.#handshakePolicy(params));
  }

  /** Whether new circuits are refused because the relay is about to rest. */
  setHibernating(isHibernating: boolean): void {
    this.#plane.control.isHibernating = isHibernating;
  }

  #inlineOnionskins(params: ConsensusParams): OnionskinService {
    const { fingerprint, ed25519Id: identity, onionKeys } = this.#options;
    return new InlineOnionskins({ fingerprint, identity, onionKeys, ...this.#handshakePolicy(params) });
  }

  #handshakePolicy(params: ConsensusParams) {
    const increment = isVegasWanted(params) ? sendmeIncrement(params) : undefined;
    return { sendmeIncrement: increment, cgo: this.#options.cgo ?? true };
  }

  #sweepLater(): void {
    this.#sweep = this.#runtime.clock.setTimer(SWEEP_MS, () => {
      this.#plane.channels.closeIdle();
      this.#sweepLater();
    });
  }
}
