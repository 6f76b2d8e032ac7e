import type { AuthorityCertificate } from '../directory/authority-types.ts';
import type { Consensus, RouterStatus } from '../directory/consensus-types.ts';
import { hasFlag } from '../directory/consensus-types.ts';
import type { Microdescriptor } from '../directory/descriptor-types.ts';
import { PathNetwork, type PathOptions } from '../path/network.ts';
import { type UsableFraction, usableFraction } from '../path/usable-fraction.ts';

/** A microdescriptor with its text, for the store. */
export interface KeptMicrodescriptor {
  readonly descriptor: Microdescriptor;
  readonly text: Uint8Array;
}

/** Microdescriptors kept in memory: those of the consensus, which itself is bounded. */
export class NetworkDocuments {
  consensus: Consensus | undefined;
  consensusText: Uint8Array | undefined;
  certificates: readonly AuthorityCertificate[] = [];
  readonly #paths: PathOptions;
  readonly #byDigest = new Map<string, KeptMicrodescriptor>();
  #network: PathNetwork | undefined;

  constructor(options: { readonly paths: PathOptions }) {
    this.#paths = options.paths;
  }

  /** The relays as paths see them; made anew when something has changed. Undefined: no consensus. */
  get network(): PathNetwork | undefined {
    const { consensus } = this;
    if (consensus === undefined) return undefined;
    this.#network ??= new PathNetwork(this.#paths, {
      routers: consensus.routers,
      bandwidthWeights: consensus.bandwidthWeights,
      params: consensus.params,
      details: (status) => this.descriptorOf(status),
    });
    return this.#network;
  }

  get microdescriptors(): Iterable<KeptMicrodescriptor> {
    return this.#byDigest.values();
  }

  descriptorOf(status: RouterStatus): Microdescriptor | undefined {
    const digest = status.microdescDigest;
    return digest === undefined ? undefined : this.#byDigest.get(digest)?.descriptor;
  }

  /** A consensus that was verified. Microdescriptors that it does not name are forgotten. */
  setConsensus(consensus: Consensus, text: Uint8Array): void {
    this.consensus = consensus;
    this.consensusText = text;
    const named = new Set(consensus.routers.map((status) => status.microdescDigest));
    for (const digest of [...this.#byDigest.keys()]) if (!named.has(digest)) this.#byDigest.delete(digest);
    this.#network = undefined;
  }

  /** Those that the consensus names; how many were new. */
  addMicrodescriptors(kept: readonly KeptMicrodescriptor[]): number {
    const named = new Set(this.consensus?.routers.map((status) => status.microdescDigest));
    let count = 0;
    for (const one of kept) {
      const { digest } = one.descriptor;
      if (!named.has(digest) || this.#byDigest.has(digest)) continue;
      this.#byDigest.set(digest, one);
      count += 1;
    }
    if (count > 0) this.#network = undefined;
    return count;
  }

  /** Digests that the consensus names and that are not here; of usable relays only. */
  missing(): readonly string[] {
    const digests: string[] = [];
    for (const status of this.consensus?.routers ?? []) {
      const digest = status.microdescDigest;
      if (digest === undefined || this.#byDigest.has(digest) || !hasFlag(status, 'Running')) continue;
      digests.push(digest);
    }
    return digests;
  }

  fraction(): UsableFraction | undefined {
    return this.network === undefined ? undefined : usableFraction(this.network);
  }
}
