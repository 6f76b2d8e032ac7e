import type { ExitPolicy, PortSummary } from './policy-types.ts';
import type { Protocols } from './protocols.ts';

/** What a client needs to know of a relay beyond the consensus. dir-spec, microdescriptors. */
export interface Microdescriptor {
  /** SHA-256 of the text in base64, 43 characters, no `=`: its name in the consensus. */
  readonly digest: string;
  /** Curve25519 public key, 32 bytes. */
  readonly ntorOnionKey: Uint8Array;
  /** Ed25519 identity, 32 bytes. */
  readonly ed25519Id: Uint8Array | undefined;
  /** Members as listed: `$` and 40 upper-case hex digits, or a nickname in lower case. Sorted, each once. */
  readonly family: readonly string[];
  /** Families proven with a key (`family-ids`). Sorted, each once. */
  readonly familyIds: readonly string[];
  /** IPv4 ports that it lets out; reject 1-65535 where the line is missing. */
  readonly policy: PortSummary;
  /** IPv6 ports that it lets out; reject 1-65535 where the line is missing. */
  readonly policy6: PortSummary;
  /** Of an `a` line, which old methods had. */
  readonly ipv6: { readonly host: string; readonly port: number } | undefined;
  /** Length of the text, bytes. */
  readonly byteLength: number;
}

/** dir-spec, `overload-general`: the relay was overloaded at this moment. */
export interface OverloadGeneral {
  readonly version: number;
  /** Unix milliseconds, a full hour. */
  readonly sinceMs: number;
}

/** Bytes per second, as in the `bandwidth` line. */
export interface DescribedBandwidth {
  readonly rateBytesPerSec: number;
  readonly burstBytesPerSec: number;
  readonly observedBytesPerSec: number;
}

/** The names of an extra-info document in a server descriptor. */
export interface ExtraInfoDigest {
  /** 40 upper-case hex digits. */
  readonly sha1: string;
  /** base64, 43 characters, no `=`. */
  readonly sha256: string | undefined;
}

/** What a relay says of itself, parsed, all signatures checked. dir-spec, server descriptors. */
export interface ServerDescriptor {
  readonly nickname: string;
  /** A literal IPv4 address. */
  readonly host: string;
  readonly orPort: number;
  /** 0: none. */
  readonly dirPort: number;
  readonly ipv6: { readonly host: string; readonly port: number } | undefined;
  /** SHA-1 of the RSA identity key: 40 upper-case hex digits. */
  readonly fingerprint: string;
  /** RSA identity, PKCS#1 DER. */
  readonly identityKey: Uint8Array;
  /** Ed25519 identity, 32 bytes. */
  readonly ed25519Id: Uint8Array;
  /** Ed25519 signing key, 32 bytes. */
  readonly ed25519SigningKey: Uint8Array;
  /** Until when the certificates in it last, Unix milliseconds: the earliest of them. */
  readonly certsExpireMs: number;
  readonly platform: string;
  readonly protocols: Protocols;
  /** Unix milliseconds. */
  readonly publishedMs: number;
  readonly uptimeSeconds: number;
  readonly bandwidth: DescribedBandwidth;
  /** RSA key of the handshake that is gone, PKCS#1 DER; authorities still ask for it. */
  readonly tapOnionKey: Uint8Array | undefined;
  /** Curve25519 public key, 32 bytes. */
  readonly ntorOnionKey: Uint8Array;
  /** For IPv4; {@link policy6} is for IPv6. */
  readonly policy: ExitPolicy;
  readonly policy6: PortSummary;
  /** As in {@link Microdescriptor}. */
  readonly family: readonly string[];
  /** Families that certify it (`family-cert`), as microdescriptors name them: `ed25519:` and base64. */
  readonly familyIds: readonly string[];
  readonly contact: string;
  readonly isHiddenServiceDir: boolean;
  readonly cachesExtraInfo: boolean;
  /** It answers BEGIN_DIR. */
  readonly isTunnelledDirServer: boolean;
  readonly extraInfoDigest: ExtraInfoDigest | undefined;
  readonly overloadGeneral: OverloadGeneral | undefined;
  /** SHA-1 of the text up to the RSA signature, 40 upper-case hex digits: its name in the ns consensus. */
  readonly digest: string;
  /** The exact text, to be handed on. */
  readonly text: Uint8Array;
}

/** The longer statistics of a relay, parsed, all signatures checked. dir-spec, extra-info documents. */
export interface ExtraInfo {
  readonly nickname: string;
  /** 40 upper-case hex digits. */
  readonly fingerprint: string;
  /** Ed25519 identity, 32 bytes. */
  readonly ed25519Id: Uint8Array;
  /** Unix milliseconds. */
  readonly publishedMs: number;
  /** How {@link ServerDescriptor.extraInfoDigest} must name it. */
  readonly digest: ExtraInfoDigest;
  /** The exact text, to be handed on. */
  readonly text: Uint8Array;
}
