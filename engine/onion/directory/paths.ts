import type { ConsensusFlavour } from './consensus-types.ts';
import { decodeBase64, decodeHex, encodeHex } from './text.ts';

/** Digests in one request of ours for microdescriptors or descriptors. dir-spec: URLs stay short for proxies. */
export const DIGESTS_PER_REQUEST = 92;
/** Digests that a cache looks at in one request. */
export const DIGESTS_ANSWERED_MAX = 512;

/** Which certificate: of this authority, with this signing key. Both SHA-1, 40 upper-case hex digits. */
export interface CertificateName {
  readonly v3ident: string;
  readonly signingKeyDigest: string;
}

/** What a request to a directory is for. */
export type DirectoryResource =
  | {
      readonly kind: 'consensus';
      readonly flavour: ConsensusFlavour;
      /** Beginnings of v3idents, in hex; more than half of them must have signed. Empty: whatever there is. */
      readonly signers: readonly string[];
    }
  | { readonly kind: 'keys'; readonly by: 'all' | 'authority' }
  | { readonly kind: 'keys'; readonly by: 'fp' | 'sk'; readonly digests: readonly string[] }
  | { readonly kind: 'keys'; readonly by: 'fp-sk'; readonly pairs: readonly CertificateName[] }
  | { readonly kind: 'micro'; readonly digests: readonly string[] }
  | { readonly kind: 'server' | 'extra'; readonly by: 'all' | 'authority' }
  | { readonly kind: 'server' | 'extra'; readonly by: 'fp' | 'd'; readonly digests: readonly string[] }
  | { readonly kind: 'hidden-service'; readonly blindedKey: Uint8Array }
  | { readonly kind: 'publish-hidden-service' }
  | { readonly kind: 'publish' }
  | { readonly kind: 'unknown' };

const UNKNOWN: DirectoryResource = { kind: 'unknown' };

/** `/tor/status-vote/current/consensus…`; `signers`: v3idents of which more than half must have signed it. */
export function consensusPath(flavour: ConsensusFlavour, signers: readonly string[] = []): string {
  const base = `/tor/status-vote/current/consensus${flavour === 'ns' ? '' : '-microdesc'}`;
  // dir-spec: the first six digits are enough, and sorted they let proxies recognise the request.
  return signers.length === 0
    ? base
    : `${base}/${signers
        .map((one) => one.slice(0, 6))
        .sort()
        .join('+')}`;
}

/** The path of these certificates; at most {@link DIGESTS_PER_REQUEST}. */
export function certificatesPath(names: readonly CertificateName[]): string {
  return `/tor/keys/fp-sk/${names.map(({ v3ident, signingKeyDigest }) => `${v3ident}-${signingKeyDigest}`).join('+')}`;
}

/** The path of these microdescriptors (base64 without `=`); at most {@link DIGESTS_PER_REQUEST}. */
export function microdescriptorsPath(digests: readonly string[]): string {
  return `/tor/micro/d/${digests.join('-')}`;
}

/** The path of server descriptors or extra-info, by relay (`fp`) or by digest (`d`), hex. */
export function descriptorsPath(
  kind: 'server' | 'extra',
  by: 'fp' | 'd',
  digests: readonly string[],
): string {
  return `/tor/${kind}/${by}/${digests.join('+')}`;
}

/** What a path asks for. `isPacked`: it ends in `.z`, so that the answer is to be packed. Never throws. */
export function readDirectoryPath(
  path: string,
  method: 'GET' | 'POST',
): { readonly resource: DirectoryResource; readonly isPacked: boolean } {
  const isPacked = path.endsWith('.z');
  const bare = isPacked ? path.slice(0, -2) : path;
  const parts = bare.split('/', 8);
  if (parts[0] !== '' || parts[1] !== 'tor') return { resource: UNKNOWN, isPacked };
  if (method === 'POST') {
    const publishes: Record<string, DirectoryResource> = {
      '/tor/': { kind: 'publish' },
      '/tor/hs/3/publish': { kind: 'publish-hidden-service' },
    };
    return { resource: Object.hasOwn(publishes, bare) ? publishes[bare]! : UNKNOWN, isPacked };
  }
  // A base64 digest may hold “/”: the list is all behind the fourth slash.
  return { resource: readParts(parts, bare.split('/').slice(4).join('/')), isPacked };
}

function readParts(parts: readonly string[], list: string): DirectoryResource {
  const [, , kind, by = ''] = parts;
  if (kind === 'status-vote') return readConsensus(parts);
  if (kind === 'micro') return by === 'd' ? readMicro(list) : UNKNOWN;
  if (kind === 'hs') return readHiddenService(by, list);
  if (kind === 'keys') {
    if (by === 'all' || by === 'authority') return { kind, by };
    if (by === 'fp-sk') return readPairs(list);
    return by === 'fp' || by === 'sk' ? withDigests({ kind, by }, list) : UNKNOWN;
  }
  if (kind === 'server' || kind === 'extra') {
    if (by === 'all' || by === 'authority') return { kind, by };
    return by === 'fp' || by === 'd' ? withDigests({ kind, by }, list) : UNKNOWN;
  }
  return UNKNOWN;
}

function readConsensus(parts: readonly string[]): DirectoryResource {
  const [, , , which, name, signers = ''] = parts;
  const flavour = { consensus: 'ns', 'consensus-ns': 'ns', 'consensus-microdesc': 'microdesc' } as const;
  if (which !== 'current' || name === undefined || !Object.hasOwn(flavour, name)) return UNKNOWN;
  const beginnings = signers.split('+', 64).filter((one) => /^[0-9A-Fa-f]{1,40}$/.test(one));
  return {
    kind: 'consensus',
    flavour: flavour[name as keyof typeof flavour],
    signers: beginnings.map((one) => one.toUpperCase()),
  };
}

function readMicro(list: string): DirectoryResource {
  const digests = list.split('-', DIGESTS_ANSWERED_MAX).filter((one) => decodeBase64(one, 32) !== undefined);
  return digests.length === 0 ? UNKNOWN : { kind: 'micro', digests: digests.map((one) => one.slice(0, 43)) };
}

function readHiddenService(version: string, list: string): DirectoryResource {
  const blindedKey = version === '3' ? decodeBase64(list, 32) : undefined;
  return blindedKey === undefined ? UNKNOWN : { kind: 'hidden-service', blindedKey };
}

function readPairs(list: string): DirectoryResource {
  const pairs: CertificateName[] = [];
  for (const pair of list.split('+', DIGESTS_ANSWERED_MAX)) {
    const parts = /^([0-9A-Fa-f]{40})-([0-9A-Fa-f]{40})$/.exec(pair);
    if (parts !== null)
      pairs.push({ v3ident: parts[1]!.toUpperCase(), signingKeyDigest: parts[2]!.toUpperCase() });
  }
  return pairs.length === 0 ? UNKNOWN : { kind: 'keys', by: 'fp-sk', pairs };
}

function withDigests<
  Name extends { kind: 'keys'; by: 'fp' | 'sk' } | { kind: 'server' | 'extra'; by: 'fp' | 'd' },
>(name: Name, list: string): DirectoryResource {
  const digests: string[] = [];
  for (const text of list.split('+', DIGESTS_ANSWERED_MAX)) {
    const bytes = decodeHex(text, 20);
    if (bytes !== undefined) digests.push(encodeHex(bytes));
  }
  return digests.length === 0 ? UNKNOWN : ({ ...name, digests } as DirectoryResource);
}
