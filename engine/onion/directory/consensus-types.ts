import type { PortSummary } from './policy-types.ts';
import type { Protocols } from './protocols.ts';

/** Which of the two forms of the consensus: `ns` names server descriptors, `microdesc` microdescriptors. */
export type ConsensusFlavour = 'ns' | 'microdesc';

/** The flags that this program acts on, as bits of {@link RouterStatus.flags}. dir-spec, `s` line. */
export const RELAY_FLAGS = {
  Authority: 1 << 0,
  BadExit: 1 << 1,
  Exit: 1 << 2,
  Fast: 1 << 3,
  Guard: 1 << 4,
  HSDir: 1 << 5,
  MiddleOnly: 1 << 6,
  NoEdConsensus: 1 << 7,
  Running: 1 << 8,
  Stable: 1 << 9,
  StaleDesc: 1 << 10,
  Sybil: 1 << 11,
  V2Dir: 1 << 12,
  Valid: 1 << 13,
} as const;

export type RelayFlag = keyof typeof RELAY_FLAGS;

/** Whether the authorities gave this flag to the relay. */
export function hasFlag(status: { readonly flags: number }, flag: RelayFlag): boolean {
  return (status.flags & RELAY_FLAGS[flag]) !== 0;
}

/** What the consensus says about one relay. dir-spec, router status entries. */
export interface RouterStatus {
  readonly nickname: string;
  /** SHA-1 of the RSA identity key: 40 upper-case hex digits. */
  readonly fingerprint: string;
  /** `ns` flavour: SHA-1 of the server descriptor, 40 upper-case hex digits; `microdesc`: undefined. */
  readonly descriptorDigest: string | undefined;
  /** `microdesc` flavour: SHA-256 of the microdescriptor in base64, 43 characters, no `=`; `ns`: undefined. */
  readonly microdescDigest: string | undefined;
  /** Unix milliseconds. Since method 33 of the microdesc flavour a date of no meaning. */
  readonly publishedMs: number;
  /** A literal IPv4 address. */
  readonly host: string;
  /** 0 … 65535. */
  readonly orPort: number;
  /** 0: none. */
  readonly dirPort: number;
  /** The first IPv6 address of an `a` line. */
  readonly ipv6: { readonly host: string; readonly port: number } | undefined;
  /** Bits of {@link RELAY_FLAGS}; ask {@link hasFlag}. */
  readonly flags: number;
  /** As in the `v` line, as `Tor 0.4.9.11`; empty when there is none. */
  readonly version: string;
  /** Shared by all relays with the same `pr` line. */
  readonly protocols: Protocols;
  /** The weight for path selection, kilobytes per second. 0 where the `w` line is missing. */
  readonly bandwidthKb: number;
  /** The bandwidth is the relay's own word: too few authorities have measured it. */
  readonly isUnmeasured: boolean;
  /** `ns` flavour: the ports that it lets out. In the microdesc flavour the microdescriptor has it. */
  readonly policy: PortSummary | undefined;
}

/** An authority whose vote went into the consensus. dir-spec, `dir-source`. */
export interface ConsensusSource {
  readonly nickname: string;
  /** SHA-1 of the authority identity key: 40 upper-case hex digits. */
  readonly v3ident: string;
  readonly host: string;
  readonly dirPort: number;
  readonly orPort: number;
  readonly contact: string;
  /** 40 upper-case hex digits. */
  readonly voteDigest: string;
}

/** dir-spec, `directory-signature`. */
export interface ConsensusSignature {
  readonly algorithm: 'sha1' | 'sha256';
  /** SHA-1 of the authority identity key: 40 upper-case hex digits. */
  readonly v3ident: string;
  /** SHA-1 of the authority signing key: 40 upper-case hex digits. */
  readonly signingKeyDigest: string;
  readonly signature: Uint8Array;
}

/** dir-spec, `shared-rand-current-value`. */
export interface SharedRandomValue {
  readonly revealCount: number;
  /** 32 bytes. */
  readonly value: Uint8Array;
}

/** A consensus as parsed; only `verifyConsensus` says whether to believe it. dir-spec, consensus format. */
export interface Consensus {
  readonly flavour: ConsensusFlavour;
  readonly method: number;
  /** Unix milliseconds. */
  readonly validAfterMs: number;
  /** Unix milliseconds. */
  readonly freshUntilMs: number;
  /** Unix milliseconds. */
  readonly validUntilMs: number;
  readonly voteDelayMs: number;
  readonly distDelayMs: number;
  readonly clientVersions: readonly string[];
  readonly serverVersions: readonly string[];
  readonly knownFlags: readonly string[];
  readonly recommendedClientProtocols: Protocols;
  readonly recommendedRelayProtocols: Protocols;
  readonly requiredClientProtocols: Protocols;
  readonly requiredRelayProtocols: Protocols;
  /** 32 bit signed integers; ask `readParam` of flow/consensus-param.ts, which knows bounds. */
  readonly params: ReadonlyMap<string, number>;
  readonly sharedRandomPrevious: SharedRandomValue | undefined;
  readonly sharedRandomCurrent: SharedRandomValue | undefined;
  readonly sources: readonly ConsensusSource[];
  /** Ascending by fingerprint. */
  readonly routers: readonly RouterStatus[];
  /** Entries that made no sense and are not among {@link routers}. */
  readonly routersLeftOut: number;
  /** `Wgg`, `Wee` …, of `bwweightscale` (10000); empty where the line is missing. */
  readonly bandwidthWeights: ReadonlyMap<string, number>;
  readonly signatures: readonly ConsensusSignature[];
  /** SHA-1 of the signed part: 20 bytes. */
  readonly digestSha1: Uint8Array;
  /** SHA-256 of the signed part: 32 bytes. */
  readonly digestSha256: Uint8Array;
  /** SHA3-256 of the signed part: 32 bytes; what a request for a difference names. */
  readonly digestSha3: Uint8Array;
}
