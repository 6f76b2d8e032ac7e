import { rsaVerify } from '../crypto/rsa-signature.ts';
import { timeText } from '../time.ts';
import type { AuthorityCertificate, DirectoryAuthority } from './authority-types.ts';
import type { Consensus, ConsensusSignature } from './consensus-types.ts';
import type { CertificateName } from './paths.ts';

/** A clock may be this much behind the one of the authorities. */
export const CLOCK_BEHIND_MS = 3_600_000;
/** A consensus may be used for this long after valid-until. tor: “reasonably live”. */
export const STALE_USE_MS = 24 * 3_600_000;

/** `fresh`: the newest there is. `valid`: until valid-until. `stale`: usable when there is no better one. */
export type ConsensusAge = 'not-yet-valid' | 'fresh' | 'valid' | 'stale' | 'expired';

/** Where a moment (Unix milliseconds) lies in the life of a consensus. */
export function consensusAge(
  consensus: Pick<Consensus, 'validAfterMs' | 'freshUntilMs' | 'validUntilMs'>,
  nowMs: number,
): ConsensusAge {
  if (nowMs < consensus.validAfterMs - CLOCK_BEHIND_MS) return 'not-yet-valid';
  if (nowMs < consensus.freshUntilMs) return 'fresh';
  if (nowMs <= consensus.validUntilMs) return 'valid';
  return nowMs <= consensus.validUntilMs + STALE_USE_MS ? 'stale' : 'expired';
}

/** Whom and what to believe. */
export interface TrustOptions {
  /** All authorities that the operator trusts; those without v3ident do not vote. */
  readonly authorities: readonly DirectoryAuthority[];
  /** Those that we have, in any order, several for one authority too. */
  readonly certificates: readonly AuthorityCertificate[];
  /** Unix milliseconds. */
  readonly nowMs: number;
}

/** Why a consensus is refused. `missing-certificates`: with them it may be enough. */
export type ConsensusFault =
  | 'not-yet-valid'
  | 'expired'
  | 'no-authorities'
  | 'unknown-authorities'
  | 'missing-certificates'
  | 'too-few-signatures';

/** What {@link verifyConsensus} found. */
export type ConsensusVerdict =
  | { readonly ok: true; readonly age: 'fresh' | 'valid' | 'stale'; readonly signers: readonly string[] }
  | {
      readonly ok: false;
      readonly fault: ConsensusFault;
      /** One sentence for the operator. */
      readonly reason: string;
      /** Certificates to fetch before the next try; empty when that would not help. */
      readonly missing: readonly CertificateName[];
    };

/** The signatures of one consensus, sorted by what they are worth. */
interface Tally {
  /** v3idents of known authorities with a good signature, each once. */
  readonly good: Set<string>;
  /** v3idents of known authorities whose signature is wrong. */
  readonly wrong: Set<string>;
  readonly unknown: Set<string>;
  readonly missing: CertificateName[];
}

/**
 * Whether to believe a consensus: now within its time, and signed by more than half of all known authorities, with keys
 * that their certificates vouch for. dir-spec, “Accepting consensus documents”.
 */
export function verifyConsensus(consensus: Consensus, trust: TrustOptions): ConsensusVerdict {
  const known = new Set(trust.authorities.map((one) => one.v3ident).filter((one) => one !== undefined));
  const refuse = (fault: ConsensusFault, reason: string, missing: readonly CertificateName[] = []) =>
    ({ ok: false, fault, reason, missing }) as const;
  if (known.size === 0) {
    return refuse(
      'no-authorities',
      'no authority with a v3ident is configured: nobody could sign a consensus',
    );
  }
  const tally = countSignatures(consensus, known, trust);
  const needed = Math.floor(known.size / 2) + 1;
  if (tally.good.size < needed) {
    const fault = faultOf(tally, needed);
    return refuse(fault, shortage(tally, known.size, needed, trust.authorities), tally.missing);
  }
  const age = consensusAge(consensus, trust.nowMs);
  if (age === 'not-yet-valid') {
    const text = `the consensus is valid only from ${timeText(consensus.validAfterMs)} UTC on; is the clock right?`;
    return refuse('not-yet-valid', text);
  }
  if (age === 'expired') {
    const text = `the consensus has expired: it was valid until ${timeText(consensus.validUntilMs)} UTC`;
    return refuse('expired', text);
  }
  return { ok: true, age, signers: [...tally.good] };
}

function countSignatures(consensus: Consensus, known: ReadonlySet<string>, trust: TrustOptions): Tally {
  const tally: Tally = { good: new Set(), wrong: new Set(), unknown: new Set(), missing: [] };
  for (const signature of consensus.signatures) {
    const { v3ident, signingKeyDigest, algorithm } = signature;
    // SHA-1 is what the older flavour has; for the other it would be a step back.
    if (algorithm === 'sha1' && consensus.flavour !== 'ns') continue;
    if (!known.has(v3ident)) {
      tally.unknown.add(v3ident);
      continue;
    }
    if (tally.good.has(v3ident)) continue;
    const certificate = trust.certificates.find(
      (one) =>
        one.v3ident === v3ident && one.signingKeyDigest === signingKeyDigest && one.expiresMs > trust.nowMs,
    );
    if (certificate === undefined) tally.missing.push({ v3ident, signingKeyDigest });
    else if (isSignedBy(consensus, signature, certificate)) tally.good.add(v3ident);
    else tally.wrong.add(v3ident);
  }
  return tally;
}

function isSignedBy(consensus: Consensus, signature: ConsensusSignature, by: AuthorityCertificate): boolean {
  const digest = signature.algorithm === 'sha1' ? consensus.digestSha1 : consensus.digestSha256;
  return rsaVerify(by.signingKey, signature.signature, digest);
}

function faultOf(tally: Tally, needed: number): ConsensusFault {
  const reachable = tally.good.size + new Set(tally.missing.map((one) => one.v3ident)).size;
  if (tally.missing.length > 0 && reachable >= needed) return 'missing-certificates';
  const isKnown = tally.good.size + tally.wrong.size + tally.missing.length > 0;
  return !isKnown && tally.unknown.size > 0 ? 'unknown-authorities' : 'too-few-signatures';
}

function shortage(
  tally: Tally,
  knownCount: number,
  needed: number,
  authorities: readonly DirectoryAuthority[],
): string {
  const nameOf = (v3ident: string): string => {
    const nickname = authorities.find((one) => one.v3ident === v3ident)?.nickname ?? '';
    return nickname === '' ? v3ident : `${nickname} (${v3ident})`;
  };
  const list = (idents: Iterable<string>): string => [...new Set(idents)].slice(0, 16).map(nameOf).join(', ');
  const parts = [
    `the consensus has ${tally.good.size} good signatures of ${knownCount} known authorities; ${needed} are needed`,
  ];
  if (tally.missing.length > 0) {
    parts.push(`no valid certificate is at hand for ${list(tally.missing.map((one) => one.v3ident))}`);
  }
  if (tally.wrong.size > 0) parts.push(`the signature is wrong of ${list(tally.wrong)}`);
  if (tally.unknown.size > 0) parts.push(`unknown authorities: ${list(tally.unknown)}`);
  return parts.join('; ');
}
