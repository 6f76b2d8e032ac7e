import type { Runtime } from '../../runtime/port.ts';
import { joinBytes } from '../crypto/bytes.ts';
import { parseAuthorityCertificates } from '../directory/authority-cert.ts';
import type { AuthorityCertificate, DirectoryAuthority } from '../directory/authority-types.ts';
import { parseConsensus } from '../directory/consensus.ts';
import { verifyConsensus } from '../directory/consensus-verify.ts';
import { parseMicrodescriptor } from '../directory/microdescriptor.ts';
import { splitDocuments } from '../directory/split.ts';
import type { KeptMicrodescriptor, NetworkDocuments } from './documents.ts';
import type { KeyValueStore } from './types.ts';

/** Names in the store. */
export const STORE_KEYS = {
  consensus: 'consensus-microdesc',
  certificates: 'certificates',
  microdescriptors: 'microdescriptors',
  guards: 'guards',
  guardsRestricted: 'guards-restricted',
  buildTimes: 'build-times',
} as const;

/** Microdescriptors taken from the store at most. */
const STORED_MICRODESCS_MAX = 50_000;

export function saveConsensus(store: KeyValueStore, text: Uint8Array): Promise<void> {
  return store.set(STORE_KEYS.consensus, text);
}

export function saveCertificates(
  store: KeyValueStore,
  certificates: readonly AuthorityCertificate[],
): Promise<void> {
  return store.set(STORE_KEYS.certificates, joinBytes(...certificates.map(({ text }) => text)));
}

export function saveMicrodescriptors(store: KeyValueStore, documents: NetworkDocuments): Promise<void> {
  const texts = [...documents.microdescriptors].map(({ text }) => text);
  return store.set(STORE_KEYS.microdescriptors, joinBytes(...texts));
}

/**
 * Takes over what the store has and what is still good; all of it is checked as if it came from a stranger. Gives back
 * why a consensus that was there is not used.
 */
export async function restoreDocuments(
  options: { readonly authorities: readonly DirectoryAuthority[] },
  modules: {
    readonly runtime: Runtime;
    readonly store: KeyValueStore;
    readonly documents: NetworkDocuments;
  },
): Promise<string | undefined> {
  const { store, documents, runtime } = modules;
  const known = new Set(options.authorities.map(({ v3ident }) => v3ident));
  const certificates = await store.get(STORE_KEYS.certificates);
  if (certificates !== undefined) {
    documents.certificates = parseAuthorityCertificates(certificates).flatMap((result) =>
      result.ok && known.has(result.value.v3ident) ? [result.value] : [],
    );
  }
  const text = await store.get(STORE_KEYS.consensus);
  if (text === undefined) return undefined;
  const consensus = parseConsensus(text);
  if (!consensus.ok) return consensus.reason;
  const verdict = verifyConsensus(consensus.value, {
    authorities: options.authorities,
    certificates: documents.certificates,
    nowMs: runtime.clock.wallClock(),
  });
  if (!verdict.ok) return verdict.reason;
  documents.setConsensus(consensus.value, text);
  const stored = await store.get(STORE_KEYS.microdescriptors);
  if (stored === undefined) return undefined;
  const kept: KeptMicrodescriptor[] = [];
  for (const part of splitDocuments(stored, 'onion-key', STORED_MICRODESCS_MAX)) {
    const result = parseMicrodescriptor(part);
    if (result.ok) kept.push({ descriptor: result.value, text: part.slice() });
  }
  documents.addMicrodescriptors(kept);
  return undefined;
}
