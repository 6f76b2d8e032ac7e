import type { AuthorityCertificate } from './authority-types.ts';
import { ByteLru } from './byte-lru.ts';
import { type ContentEncoding, packBody } from './compression.ts';
import type { Consensus, ConsensusFlavour } from './consensus-types.ts';
import type { Microdescriptor, ServerDescriptor } from './descriptor-types.ts';
import { parseMicrodescriptors } from './microdescriptor.ts';

/** Bounds of a {@link DirectoryStore}. */
export interface StoreOptions {
  /** Texts of microdescriptors together; the public network has 6 MB of them. */
  readonly microdescBytesMax?: number;
  /** Texts of server descriptors together; the public network has 25 MB of them. */
  readonly descriptorBytesMax?: number;
  /** Certificates, the newest of each authority first. */
  readonly certificatesMax?: number;
}

/** A microdescriptor with its text. */
export interface StoredMicrodescriptor {
  readonly microdescriptor: Microdescriptor;
  readonly bytes: Uint8Array;
}

/** What a relay says of itself, ready to be sent. */
export interface OwnDescriptor {
  readonly fingerprint: string;
  readonly descriptor: Uint8Array;
  readonly extraInfo: Uint8Array | undefined;
}

/** A consensus with its text, packed once for each encoding. */
export class StoredConsensus {
  readonly consensus: Consensus;
  readonly bytes: Uint8Array;
  readonly #packed = new Map<ContentEncoding, Uint8Array>();

  constructor(consensus: Consensus, bytes: Uint8Array) {
    this.consensus = consensus;
    this.bytes = bytes;
  }

  packed(encoding: ContentEncoding): Uint8Array {
    const known = this.#packed.get(encoding);
    if (known !== undefined) return known;
    const bytes = packBody(this.bytes, encoding);
    this.#packed.set(encoding, bytes);
    return bytes;
  }
}

/**
 * The directory documents of a client or a cache, in memory and bounded. It believes what it is given: verify a consensus
 * before {@link setConsensus}. Whoever wants to keep it on disk reads the texts back out of it.
 */
export class DirectoryStore {
  readonly #certificatesMax: number;
  readonly #microdescs: ByteLru<StoredMicrodescriptor>;
  readonly #descriptors: ByteLru<ServerDescriptor>;
  /** Digest of the newest descriptor of a relay. */
  readonly #newest = new Map<string, string>();
  readonly #consensuses = new Map<ConsensusFlavour, StoredConsensus>();
  #certificates: readonly AuthorityCertificate[] = [];
  #own: OwnDescriptor | undefined;

  constructor(options: StoreOptions = {}) {
    this.#microdescs = new ByteLru({ bytesMax: options.microdescBytesMax ?? 64 * 1024 * 1024 });
    this.#descriptors = new ByteLru({ bytesMax: options.descriptorBytesMax ?? 64 * 1024 * 1024 });
    this.#certificatesMax = options.certificatesMax ?? 256;
  }

  get certificates(): readonly AuthorityCertificate[] {
    return this.#certificates;
  }

  get own(): OwnDescriptor | undefined {
    return this.#own;
  }

  get microdescBytes(): number {
    return this.#microdescs.byteLength;
  }

  consensus(flavour: ConsensusFlavour): StoredConsensus | undefined {
    return this.#consensuses.get(flavour);
  }

  /**
   * Puts a verified consensus in place of the older one of its flavour; false when the one at hand is as new. The
   * microdescriptors that it names now count as asked for.
   */
  setConsensus(consensus: Consensus, bytes: Uint8Array): boolean {
    const old = this.#consensuses.get(consensus.flavour);
    if (old !== undefined && old.consensus.validAfterMs >= consensus.validAfterMs) return false;
    this.#consensuses.set(consensus.flavour, new StoredConsensus(consensus, bytes.slice()));
    for (const { microdescDigest } of consensus.routers) {
      if (microdescDigest !== undefined) this.#microdescs.get(microdescDigest);
    }
    return true;
  }

  /** Adds a certificate; false when it is there already. Beyond the bound those go that expire first. */
  addCertificate(certificate: AuthorityCertificate): boolean {
    const isSame = (one: AuthorityCertificate): boolean =>
      one.v3ident === certificate.v3ident && one.signingKeyDigest === certificate.signingKeyDigest;
    const old = this.#certificates.find(isSame);
    if (old !== undefined && old.publishedMs >= certificate.publishedMs) return false;
    const others = this.#certificates.filter((one) => one !== old);
    const sorted = [...others, certificate].sort((a, b) => b.expiresMs - a.expiresMs);
    this.#certificates = sorted.slice(0, this.#certificatesMax);
    return true;
  }

  /**
   * Takes the microdescriptors of an answer that are named in `wanted`; a directory cannot push others in. Gives the
   * digests that came.
   */
  addMicrodescriptors(answer: Uint8Array, wanted: ReadonlySet<string>): readonly string[] {
    const added: string[] = [];
    for (const { bytes, result } of parseMicrodescriptors(answer)) {
      if (!result.ok || !wanted.has(result.value.digest)) continue;
      const { digest } = result.value;
      const stored = { microdescriptor: result.value, bytes: bytes.slice() };
      if (this.#microdescs.set(digest, stored, bytes.length)) added.push(digest);
    }
    return added;
  }

  /** By the digest in the consensus. */
  microdescriptor(digest: string): StoredMicrodescriptor | undefined {
    return this.#microdescs.get(digest);
  }

  /** Digests that the microdesc consensus names and that are not here, in its order. */
  missingMicrodescriptors(): readonly string[] {
    const routers = this.#consensuses.get('microdesc')?.consensus.routers ?? [];
    return routers.flatMap(({ microdescDigest: digest }) =>
      digest === undefined || this.#microdescs.has(digest) ? [] : [digest],
    );
  }

  /** The texts of all microdescriptors, the one asked for the longest ago first. */
  *microdescriptors(): IterableIterator<StoredMicrodescriptor> {
    yield* this.#microdescs.values();
  }

  /** Adds a verified descriptor of any relay; false when one as new of it is there. */
  addDescriptor(descriptor: ServerDescriptor): boolean {
    const { fingerprint, digest, publishedMs, text } = descriptor;
    const old = this.descriptorOf(fingerprint);
    if (old !== undefined && old.publishedMs >= publishedMs) return false;
    if (!this.#descriptors.set(digest, descriptor, text.length)) return false;
    this.#newest.set(fingerprint, digest);
    if (this.#newest.size > 2 * this.#descriptors.size + 16) this.#forgetGone();
    return true;
  }

  /** By the digest in the ns consensus. */
  descriptor(digest: string): ServerDescriptor | undefined {
    return this.#descriptors.get(digest);
  }

  /** The newest of this relay. */
  descriptorOf(fingerprint: string): ServerDescriptor | undefined {
    return this.#descriptors.get(this.#newest.get(fingerprint) ?? '');
  }

  /** All server descriptors, the one asked for the longest ago first. */
  *descriptors(): IterableIterator<ServerDescriptor> {
    yield* this.#descriptors.values();
  }

  /** Digests that the ns consensus names and that are not here, nor a newer one of that relay. */
  missingDescriptors(): readonly string[] {
    const routers = this.#consensuses.get('ns')?.consensus.routers ?? [];
    return routers.flatMap(({ descriptorDigest: digest, fingerprint, publishedMs }) => {
      if (digest === undefined || this.descriptor(digest) !== undefined) return [];
      // A newer one is as good, and no older one is taken.
      const held = this.descriptorOf(fingerprint);
      return held !== undefined && held.publishedMs >= publishedMs ? [] : [digest];
    });
  }

  setOwn(own: OwnDescriptor): void {
    this.#own = own;
  }

  #forgetGone(): void {
    for (const [fingerprint, digest] of this.#newest) {
      if (!this.#descriptors.has(digest)) this.#newest.delete(fingerprint);
    }
  }
}
