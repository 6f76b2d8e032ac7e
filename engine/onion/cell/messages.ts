import type { Endpoint } from '../../runtime/port.ts';
import type { DestroyReason, EndReason } from './reason.ts';

/** A certificate in a CERTS cell. */
export interface CertEntry {
  /** 2 RSA identity, 4 Ed25519 signing key, 5 TLS link, 6 link authentication, 7 RSA cross-certificate. */
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** tor-spec, "AUTH_CHALLENGE cells". */
export interface AuthChallenge {
  /** 32 bytes of chance. */
  readonly challenge: Uint8Array;
  readonly methods: readonly number[];
}

/** tor-spec, "AUTHENTICATE cells". */
export interface Authenticate {
  readonly type: number;
  readonly authentication: Uint8Array;
}

/** tor-spec, "NETINFO cells". Addresses as literals; entries of unknown types are left out. */
export interface Netinfo {
  /** Unix seconds of the sender's clock; 0: it does not say. */
  readonly timeSec: number;
  /** The receiver's address as the sender sees it. */
  readonly otherHost: string | undefined;
  readonly ownHosts: readonly string[];
}

/** The link's PADDING_NEGOTIATE. padding-spec, "channel padding". */
export interface LinkPadding {
  readonly command: 'stop' | 'start';
  /** Shortest and longest idle time before padding; 0: the network's default. */
  readonly lowMs: number;
  readonly highMs: number;
}

/** CREATE2, and the part of EXTEND2 that becomes one. Types: 2 ntor, 3 ntor-v3. */
export interface Create2 {
  readonly type: number;
  readonly data: Uint8Array;
}

/** How to find the relay to extend to. tor-spec, "EXTEND and EXTENDED". */
export interface LinkSpecifier {
  /** {@link LINK_SPECIFIER}, or one that nobody knows. */
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** Types of {@link LinkSpecifier}. */
export const LINK_SPECIFIER = { ipv4: 0, ipv6: 1, rsaId: 2, ed25519Id: 3 } as const;

/** RELAY_EXTEND2. */
export interface Extend2 {
  /** In the order in which they came; a relay passes on what it was given. */
  readonly specifiers: readonly LinkSpecifier[];
  readonly create: Create2;
}

/** What the {@link LinkSpecifier}s of an EXTEND2 say; the first of each type counts. */
export interface ExtendTarget {
  readonly ipv4: Endpoint | undefined;
  readonly ipv6: Endpoint | undefined;
  /** 20 bytes. */
  readonly rsaId: Uint8Array | undefined;
  /** 32 bytes. */
  readonly ed25519Id: Uint8Array | undefined;
}

/** RELAY_BEGIN. */
export interface Begin {
  /** A name, or a literal IPv4 or IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
  readonly ipv6Ok: boolean;
  readonly ipv4NotOk: boolean;
  readonly ipv6Preferred: boolean;
}

/** RELAY_CONNECTED. Without an address for BEGIN_DIR and onion services. */
export interface Connected {
  readonly host: string | undefined;
  readonly ttlSec: number;
}

/** RELAY_END. */
export interface End {
  readonly reason: EndReason;
  /** With `exitPolicy` only, and not always. */
  readonly host: string | undefined;
  readonly ttlSec: number;
}

/** RELAY_SENDME. */
export interface Sendme {
  readonly version: 0 | 1;
  /** Version 1: 20 bytes (tor1) or 16 (CGO); else empty. */
  readonly digest: Uint8Array;
}

/** An answer of RELAY_RESOLVED. */
export interface ResolvedAnswer {
  readonly kind: 'name' | 'ipv4' | 'ipv6' | 'error-transient' | 'error';
  /** A name or a literal address; `''` for errors. */
  readonly value: string;
  readonly ttlSec: number;
}

/** RELAY_TRUNCATED. */
export interface Truncated {
  readonly reason: DestroyReason;
}

/** RELAY_XON. prop 324. */
export interface Xon {
  /** Kilobytes per second that the sender can drain; 0: no limit. */
  readonly rateKbPerSec: number;
}

/** Circuit padding: RELAY_PADDING_NEGOTIATE. padding-spec, "circuit padding". */
export interface CircuitPadding {
  readonly command: 'stop' | 'start';
  readonly machine: number;
  readonly counter: number;
}

/** RELAY_PADDING_NEGOTIATED. */
export interface CircuitPaddingAnswer extends CircuitPadding {
  readonly response: 'ok' | 'error';
}
