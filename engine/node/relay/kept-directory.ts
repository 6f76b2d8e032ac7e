import { setImmediate as turn } from 'node:timers/promises';
import { joinBytes } from '../../onion/crypto/bytes.ts';
import { parseAuthorityCertificates } from '../../onion/directory/authority-cert.ts';
import type { DirectoryAuthority } from '../../onion/directory/authority-types.ts';
import { parseConsensus } from '../../onion/directory/consensus.ts';
import type { ConsensusFlavour } from '../../onion/directory/consensus-types.ts';
import { verifyConsensus } from '../../onion/directory/consensus-verify.ts';
import { parseServerDescriptors } from '../../onion/directory/server-descriptor.ts';
import { splitDocuments } from '../../onion/directory/split.ts';
import type { DirectoryStore } from '../../onion/directory/store.ts';
import type { Clock } from '../../runtime/port.ts';
import type { Log } from '../log.ts';
import type { StateFolder } from '../state-folder.ts';
import type { DocumentKind } from './directory-mirror.ts';

/** Names of files. */
export const KEPT_FILES: Readonly<Record<DocumentKind, string>> = {
  microdesc: 'consensus-microdesc',
  ns: 'consensus-ns',
  certificates: 'certificates',
  microdescriptors: 'microdescriptors',
  descriptors: 'descriptors',
};

/** Of documents of one kind on disk; the public network has 25 MB of descriptors. */
export const KEPT_BYTES_MAX = 48 * 1024 * 1024;
/** Documents of one kind looked at when they are read again. */
const KEPT_COUNT_MAX = 50_000;
/** Between two of these chunks the loop gets its turn: the signatures of a descriptor take half a millisecond. */
const CHUNK = 32;

/**
 * What a relay keeps of the directory over a restart, in a folder of its own. All of it is checked when it is read as
 * if a stranger had sent it, so that the folder is a store and not a witness.
 */
export class KeptDirectory {
  readonly #options: { readonly authorities: readonly DirectoryAuthority[]; readonly bytesMax?: number };
  readonly #folder: Pick<StateFolder, 'get' | 'set'>;
  readonly #store: DirectoryStore;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(
    options: { readonly authorities: readonly DirectoryAuthority[]; readonly bytesMax?: number },
    modules: {
      readonly folder: Pick<StateFolder, 'get' | 'set'>;
      readonly store: DirectoryStore;
      readonly clock: Clock;
      readonly log: Log;
    },
  ) {
    this.#options = options;
    this.#folder = modules.folder;
    this.#store = modules.store;
    this.#clock = modules.clock;
    this.#log = modules.log;
  }

  /** Puts what is there and still good into the store. Never rejects. */
  async restore(): Promise<void> {
    await this.#restoreCertificates();
    for (const flavour of ['microdesc', 'ns'] as const) await this.#restoreConsensus(flavour);
    await this.#restoreDocuments('microdescriptors', 'onion-key', (chunk) => {
      this.#store.addMicrodescriptors(chunk, new Set(this.#store.missingMicrodescriptors()));
    });
    await this.#restoreDocuments('descriptors', 'router', (chunk) => {
      const wanted = new Set(this.#store.missingDescriptors());
      for (const one of parseServerDescriptors(chunk, this.#clock.wallClock(), wanted)) {
        if (one.ok) this.#store.addDescriptor(one.value);
      }
    });
  }

  /** Writes down what has changed; resolves when it is on disk. Never rejects. */
  async save(kinds: ReadonlySet<DocumentKind>): Promise<void> {
    for (const kind of kinds) {
      const bytes = this.#textOf(kind);
      if (bytes !== undefined) await this.#folder.set(KEPT_FILES[kind], bytes);
    }
  }

  async #restoreCertificates(): Promise<void> {
    const bytes = await this.#folder.get(KEPT_FILES.certificates);
    const known = new Set(this.#options.authorities.map(({ v3ident }) => v3ident));
    for (const one of bytes === undefined ? [] : parseAuthorityCertificates(bytes)) {
      if (one.ok && known.has(one.value.v3ident)) this.#store.addCertificate(one.value);
    }
  }

  async #restoreConsensus(flavour: ConsensusFlavour): Promise<void> {
    const bytes = await this.#folder.get(KEPT_FILES[flavour]);
    if (bytes === undefined) return;
    const consensus = parseConsensus(bytes);
    if (!consensus.ok || consensus.value.flavour !== flavour) {
      this.#refuse(flavour, consensus.ok ? 'it is of the other flavour' : consensus.reason);
      return;
    }
    const verdict = verifyConsensus(consensus.value, {
      authorities: this.#options.authorities,
      certificates: this.#store.certificates,
      nowMs: this.#clock.wallClock(),
    });
    // A copy that is no Buffer, whose slices would share memory.
    if (verdict.ok) this.#store.setConsensus(consensus.value, new Uint8Array(bytes));
    else this.#refuse(flavour, verdict.reason);
  }

  #refuse(flavour: ConsensusFlavour, reason: string): void {
    this.#log.info(`the ${flavour} consensus that was kept is not used: ${reason}`);
  }

  async #restoreDocuments(
    kind: 'microdescriptors' | 'descriptors',
    keyword: string,
    add: (chunk: Uint8Array) => void,
  ): Promise<void> {
    const bytes = await this.#folder.get(KEPT_FILES[kind]);
    if (bytes === undefined) return;
    const parts = splitDocuments(bytes, keyword, KEPT_COUNT_MAX);
    for (let at = 0; at < parts.length; at += CHUNK) {
      add(joinBytes(...parts.slice(at, at + CHUNK)));
      await turn();
    }
  }

  #textOf(kind: DocumentKind): Uint8Array | undefined {
    const store = this.#store;
    if (kind === 'microdesc' || kind === 'ns') return store.consensus(kind)?.bytes;
    if (kind === 'certificates') return Buffer.concat(store.certificates.map(({ text }) => text));
    const texts =
      kind === 'descriptors'
        ? [...store.descriptors()].map(({ text }) => text)
        : [...store.microdescriptors()].map(({ bytes }) => bytes);
    return Buffer.concat(newest(texts, this.#options.bytesMax ?? KEPT_BYTES_MAX));
  }
}

/** The last ones, as many as there is room for: those before were not asked for in longer. */
function newest(texts: readonly Uint8Array[], bytesMax: number): readonly Uint8Array[] {
  let from = texts.length;
  let left = bytesMax;
  while (from > 0) {
    left -= texts[from - 1]?.length ?? 0;
    if (left < 0) break;
    from -= 1;
  }
  return texts.slice(from);
}
