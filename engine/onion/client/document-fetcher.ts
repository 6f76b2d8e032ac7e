import { AlliumError } from '../../codec/error.ts';
import type { Runtime } from '../../runtime/port.ts';
import { parseAuthorityCertificates } from '../directory/authority-cert.ts';
import type { AuthorityCertificate, DirectoryAuthority } from '../directory/authority-types.ts';
import { CONSENSUS_LIMITS, parseConsensus } from '../directory/consensus.ts';
import type { Consensus } from '../directory/consensus-types.ts';
import { verifyConsensus } from '../directory/consensus-verify.ts';
import { parseMicrodescriptors } from '../directory/microdescriptor.ts';
import {
  type CertificateName,
  certificatesPath,
  consensusPath,
  DIGESTS_PER_REQUEST,
  microdescriptorsPath,
} from '../directory/paths.ts';
import { type DirectoryClient, type DirectorySource, sourceName } from './directory-client.ts';
import type { KeptMicrodescriptor, NetworkDocuments } from './documents.ts';
import { saveCertificates, saveConsensus, saveMicrodescriptors } from './stored-documents.ts';
import type { KeyValueStore } from './types.ts';

/** Requests for microdescriptors under way at once. */
const REQUESTS_MAX = 4;
const MICRODESC_ANSWER_BYTES_MAX = 8 * 2 ** 20;
const CERTIFICATES_BYTES_MAX = 2 ** 20;
const IDLE_TIMEOUT_MS = 30_000;
/** Certificates kept; an authority has a new one every few months. */
export const CERTIFICATES_MAX = 128;

/** How a fetch went. */
export type Fetched =
  | { readonly ok: true; readonly count: number }
  | { readonly ok: false; readonly error: AlliumError };

/** What stands in the way of a consensus: what to do about it, by what is wrong. */
const ADVICE: Readonly<Record<string, string>> = {
  'not-yet-valid': 'Set the clock of this machine.',
  expired: 'Check the clock of this machine; else the directories have no newer consensus.',
  'no-authorities': 'Configure the authorities of the network with their v3ident.',
  'unknown-authorities': 'The configured authorities are those of another network: check them.',
  'missing-certificates': 'The directories do not have the certificates; it is tried again elsewhere.',
  'too-few-signatures': 'The consensus may be forged, or authorities are missing in the configuration.',
};

/** Fetches documents from a source, checks them and puts them where they belong. */
export class DocumentFetcher {
  readonly #authorities: readonly DirectoryAuthority[];
  readonly #runtime: Runtime;
  readonly #documents: NetworkDocuments;
  readonly #directory: DirectoryClient;
  readonly #store: KeyValueStore;

  constructor(
    options: { readonly authorities: readonly DirectoryAuthority[] },
    modules: {
      readonly runtime: Runtime;
      readonly documents: NetworkDocuments;
      readonly directory: DirectoryClient;
      readonly store: KeyValueStore;
    },
  ) {
    this.#authorities = options.authorities;
    this.#runtime = modules.runtime;
    this.#documents = modules.documents;
    this.#directory = modules.directory;
    this.#store = modules.store;
  }

  /** Fetches the consensus, and certificates where they are missing. `count` 0: there is no newer one. */
  async fetchConsensus(
    source: DirectorySource,
    steps: { readonly onAnswer: () => void; readonly onCertificates: () => void },
  ): Promise<Fetched> {
    const own = this.#documents.consensus;
    const signers = this.#authorities.flatMap(({ v3ident }) => v3ident ?? []);
    const how = { bytesMax: CONSENSUS_LIMITS.bytesMax, ifModifiedSinceMs: own?.validAfterMs };
    let answer = await this.#get(source, consensusPath('microdesc', signers), how);
    // It has none that our authorities have signed. Whatever it has will be refused, but for a reason that is of use.
    if (answer instanceof AlliumError && answer.details['status'] === 404) {
      answer = await this.#get(source, consensusPath('microdesc'), how);
    }
    if (answer === 'not-modified') return { ok: true, count: 0 };
    if (answer instanceof AlliumError) return { ok: false, error: answer };
    steps.onAnswer();
    const parsed = parseConsensus(answer);
    if (!parsed.ok) return refused(source, parsed.reason, 'The directory is broken; another one is asked.');
    const consensus = parsed.value;
    if (consensus.flavour !== 'microdesc') return refused(source, 'it is of another flavour', '');
    if (own !== undefined && consensus.validAfterMs <= own.validAfterMs) return { ok: true, count: 0 };
    let verdict = this.#verify(consensus);
    if (!verdict.ok && verdict.missing.length > 0) {
      steps.onCertificates();
      await this.#fetchCertificates(source, verdict.missing);
      verdict = this.#verify(consensus);
    }
    if (!verdict.ok) return refused(source, verdict.reason, ADVICE[verdict.fault] ?? '', verdict.fault);
    this.#documents.setConsensus(consensus, answer);
    await saveConsensus(this.#store, answer);
    return { ok: true, count: 1 };
  }

  /** Fetches microdescriptors that are missing, several requests at a time; how many came. */
  async fetchMicrodescriptors(source: DirectorySource, onSome: () => void): Promise<Fetched> {
    const missing = this.#documents.missing();
    const batches: (readonly string[])[] = [];
    for (let at = 0; at < missing.length; at += DIGESTS_PER_REQUEST) {
      batches.push(missing.slice(at, at + DIGESTS_PER_REQUEST));
    }
    let count = 0;
    let problem: AlliumError | undefined;
    const work = async (): Promise<void> => {
      for (let batch = batches.pop(); batch !== undefined && problem === undefined; batch = batches.pop()) {
        const answer = await this.#get(source, microdescriptorsPath(batch), {
          bytesMax: MICRODESC_ANSWER_BYTES_MAX,
          ifModifiedSinceMs: undefined,
        });
        if (answer instanceof AlliumError) problem = answer;
        else if (answer !== 'not-modified') {
          count += this.#addMicrodescriptors(answer, new Set(batch));
          onSome();
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(REQUESTS_MAX, batches.length) }, work));
    if (count > 0) await saveMicrodescriptors(this.#store, this.#documents);
    return problem === undefined || count > 0 ? { ok: true, count } : { ok: false, error: problem };
  }

  #addMicrodescriptors(answer: Uint8Array, asked: ReadonlySet<string>): number {
    const kept: KeptMicrodescriptor[] = [];
    for (const { bytes, result } of parseMicrodescriptors(answer)) {
      // The name of a microdescriptor is its hash: what was not asked for has no place here.
      if (result.ok && asked.has(result.value.digest)) {
        kept.push({ descriptor: result.value, text: bytes.slice() });
      }
    }
    return this.#documents.addMicrodescriptors(kept);
  }

  async #fetchCertificates(source: DirectorySource, names: readonly CertificateName[]): Promise<void> {
    const answer = await this.#get(source, certificatesPath(names.slice(0, DIGESTS_PER_REQUEST)), {
      bytesMax: CERTIFICATES_BYTES_MAX,
      ifModifiedSinceMs: undefined,
    });
    if (answer instanceof AlliumError || answer === 'not-modified') return;
    const known = new Set(this.#authorities.map(({ v3ident }) => v3ident));
    const fresh = parseAuthorityCertificates(answer).flatMap((result) =>
      result.ok && known.has(result.value.v3ident) ? [result.value] : [],
    );
    this.#documents.certificates = mergeCertificates(fresh, this.#documents.certificates);
    await saveCertificates(this.#store, this.#documents.certificates);
  }

  #verify(consensus: Consensus): ReturnType<typeof verifyConsensus> {
    return verifyConsensus(consensus, {
      authorities: this.#authorities,
      certificates: this.#documents.certificates,
      nowMs: this.#runtime.clock.wallClock(),
    });
  }

  async #get(
    source: DirectorySource,
    path: string,
    how: { readonly bytesMax: number; readonly ifModifiedSinceMs: number | undefined },
  ): Promise<Uint8Array | 'not-modified' | AlliumError> {
    const { ifModifiedSinceMs } = how;
    const answer = await this.#directory.ask(
      source,
      { method: 'GET', path, ifModifiedSinceMs },
      { bodyBytesMax: how.bytesMax, idleTimeoutMs: IDLE_TIMEOUT_MS },
    );
    if (!answer.ok) {
      return new AlliumError('NETWORK_FAILED', `directory ${sourceName(source)}: ${answer.reason}`, {
        advice: 'Check that the network is up and that nothing blocks this address; others are tried.',
      });
    }
    const { status, body, reason } = answer.value;
    if (status === 304) return 'not-modified';
    if (status === 200) return body;
    // 404: of what was asked for it has nothing, which is an answer to a question about microdescriptors.
    if (status === 404 && path.startsWith('/tor/micro/')) return new Uint8Array(0);
    return new AlliumError(
      'NETWORK_FAILED',
      `directory ${sourceName(source)} answers ${status} ${reason}`.trim(),
      {
        advice: 'It does not have the document, or is busy; others are tried.',
        details: { status },
      },
    );
  }
}

function refused(source: DirectorySource, reason: string, advice: string, fault = 'unreadable'): Fetched {
  const message = `the consensus of directory ${sourceName(source)} is refused: ${reason}`;
  return {
    ok: false,
    error: new AlliumError('CONSENSUS_REFUSED', message, { advice, details: { fault } }),
  };
}

/** New ones first; one for each pair of authority and signing key. */
export function mergeCertificates(
  fresh: readonly AuthorityCertificate[],
  old: readonly AuthorityCertificate[],
): readonly AuthorityCertificate[] {
  const merged = new Map<string, AuthorityCertificate>();
  for (const one of [...fresh, ...old]) {
    const name = `${one.v3ident} ${one.signingKeyDigest}`;
    if (!merged.has(name) && merged.size < CERTIFICATES_MAX) merged.set(name, one);
  }
  return [...merged.values()];
}
