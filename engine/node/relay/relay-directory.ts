import { join } from 'node:path';
import type { Consensus } from '../../onion/directory/consensus-types.ts';
import { OWN_PROTOCOLS } from '../../onion/directory/descriptor-build.ts';
import { missingProtocols, parseProtocols } from '../../onion/directory/protocols.ts';
import { DirectoryStore } from '../../onion/directory/store.ts';
import { encodeHex } from '../../onion/directory/text.ts';
import type { ConsensusParams } from '../../onion/flow/consensus-param.ts';
import type { LinkPeer } from '../../onion/link/types.ts';
import type { DirectoryHandler } from '../../onion/relay/services.ts';
import type { Runtime } from '../../runtime/port.ts';
import type { Log } from '../log.ts';
import { StateFolder } from '../state-folder.ts';
import { AuthorityCircuits } from './authority-circuits.ts';
import type { RelayConfig } from './config.ts';
import { descriptorEssence, makeDocuments, type RelayStatus } from './descriptor-source.ts';
import { askDirectory } from './directory-exchange.ts';
import { type DirectoryCounts, directoryHandler } from './directory-handler.ts';
import {
  type AskAuthority,
  DIRECTORY_ANSWER_BYTES_MAX,
  DirectoryMirror,
  RETRY_DEFAULTS,
} from './directory-mirror.ts';
import { KeptDirectory } from './kept-directory.ts';
import type { MetricsView } from './metrics.ts';
import { Publisher } from './publisher.ts';

const EXCHANGE_TIMEOUT_MS = 60_000;
/** In a network of tests consensuses come every few seconds. */
const TEST_RETRY = { retryMinMs: 500, retryMaxMs: 2_000 };

export interface RelayDirectoryModules {
  readonly runtime: Runtime;
  readonly log: Log;
  /** 40 upper-case hex digits. */
  readonly fingerprint: string;
  readonly status: (nowMs: number) => RelayStatus;
  readonly onParams: (params: ConsensusParams) => void;
}

/** A relay's dealings with the directory: what it keeps for others, what it says of itself, what it is told. */
export class RelayDirectory {
  readonly handler: DirectoryHandler;
  readonly #modules: RelayDirectoryModules;
  readonly #store = new DirectoryStore();
  readonly #counts: DirectoryCounts = { 200: 0, 304: 0, 400: 0, 404: 0, 503: 0 };
  readonly #mirror: DirectoryMirror;
  readonly #circuits: AuthorityCircuits;
  readonly #kept: KeptDirectory;
  #saving: Promise<void> = Promise.resolve();
  readonly #publisher: Publisher;
  #config: RelayConfig;
  #params: ConsensusParams = new Map();
  #listed: ReadonlySet<string> | undefined;

  /** Throws BAD_STATE when others may write what is kept, and the file system's errors. */
  constructor(config: RelayConfig, modules: RelayDirectoryModules) {
    const { authorities, words } = config;
    const { runtime, log, fingerprint, status } = modules;
    const { clock, random, network } = runtime;
    this.#modules = modules;
    this.#config = config;
    const store = this.#store;
    this.handler = directoryHandler({ store, clock, counts: this.#counts });
    const limits = { timeoutMs: EXCHANGE_TIMEOUT_MS, bodyBytesMax: DIRECTORY_ANSWER_BYTES_MAX };
    this.#circuits = new AuthorityCircuits(limits, { runtime });
    const ask: AskAuthority = (authority, request) => {
      const { host, dirPort: port } = authority;
      return port === 0
        ? this.#circuits.ask(authority, request)
        : askDirectory({ host, port }, request, limits, { network, clock });
    };
    const folder = openFolder(words.dataDir, log);
    this.#kept = new KeptDirectory({ authorities }, { folder, store, clock, log });
    this.#mirror = new DirectoryMirror(
      { authorities, ...(words.allowPrivateAddresses ? TEST_RETRY : RETRY_DEFAULTS) },
      {
        ...{ store, ask, clock, random, log },
        onConsensus: (consensus) => this.#onConsensus(consensus),
        onChanged: (kinds) => {
          this.#saving = this.#saving.then(() => this.#kept.save(kinds));
        },
      },
    );
    this.#publisher = new Publisher(
      { authorities },
      {
        ...{ ask, clock, log },
        make: (nowMs) => makeDocuments(this.#config, status(nowMs), nowMs),
        situation: () => {
          const now = status(clock.wallClock());
          const { observedBytesPerSec } = now;
          const essence = descriptorEssence(this.#config, now);
          return { essence, observedBytesPerSec, isListed: this.isListed };
        },
        onPublished: ({ descriptor, extraInfo }) => store.setOwn({ fingerprint, descriptor, extraInfo }),
      },
    );
  }

  /** Of the newest consensus; empty as long as there is none. */
  get params(): ConsensusParams {
    return this.#params;
  }

  /** Fingerprints in the consensus, upper-case hex; undefined: there is none. */
  get listed(): ReadonlySet<string> | undefined {
    return this.#listed;
  }

  /** Whether the consensus names this relay; undefined: there is none. */
  get isListed(): boolean | undefined {
    return this.#listed?.has(this.#modules.fingerprint);
  }

  /** Whether a circuit that opens a stream may come from this peer: it must be a relay of the network. */
  isRelay(peer: LinkPeer | undefined): boolean {
    if (peer?.rsaFingerprint === undefined) return false;
    return this.#listed === undefined || this.#listed.has(encodeHex(peer.rsaFingerprint));
  }

  /** What the relay says of itself from now on; a change is published. */
  reconfigure(config: RelayConfig): void {
    this.#config = config;
  }

  /** Takes up what it kept, and begins to fetch what is missing. */
  async start(): Promise<void> {
    await this.#kept.restore();
    this.#mirror.start();
  }

  /** Resolves when what it has to keep is on disk. */
  async stop(): Promise<void> {
    this.#mirror.stop();
    this.#circuits.close();
    await this.#saving;
  }

  /** To be called every few seconds. */
  publish(): void {
    this.#publisher
      .tick()
      .catch((error: unknown) => this.#modules.log.error(`publishing failed: ${String(error)}`));
  }

  metrics(): Pick<
    MetricsView,
    | 'uploads'
    | 'directoryAnswers'
    | 'consensusValidAfter'
    | 'consensusRelays'
    | 'microdescriptorsMissing'
    | 'isListed'
  > {
    const consensus = this.#store.consensus('microdesc')?.consensus;
    return {
      uploads: this.#publisher.states(),
      directoryAnswers: this.#counts,
      consensusValidAfter: consensus && consensus.validAfterMs / 1000,
      consensusRelays: consensus?.routers.length ?? 0,
      microdescriptorsMissing: this.#store.missingMicrodescriptors().length,
      isListed: this.isListed,
    };
  }

  #onConsensus(consensus: Consensus): void {
    const { log, onParams } = this.#modules;
    const before = this.isListed;
    this.#params = consensus.params;
    this.#listed = new Set(consensus.routers.map(({ fingerprint }) => fingerprint));
    onParams(consensus.params);
    if (before !== this.isListed) {
      log.info(this.isListed ? 'the consensus lists this relay' : 'the consensus does not list this relay');
    }
    log.debug('a new consensus', { relays: consensus.routers.length });
    const own = parseProtocols(OWN_PROTOCOLS);
    const missing = own.ok ? missingProtocols(consensus.requiredRelayProtocols, own.value) : [];
    if (missing.length === 0 || before !== undefined) return;
    log.warn('the network asks for protocols that this version does not have', {
      protocols: missing.join(' '),
    });
  }
}

function openFolder(dataDir: string, log: Log): StateFolder {
  const folder = StateFolder.open(
    join(dataDir, 'directory'),
    (error) => log.warn(error.message, { advice: error.advice }),
    { harm: 'what the relay hands on is kept there', other: 'give the relay another "dataDir"' },
  );
  folder.tidy();
  return folder;
}
