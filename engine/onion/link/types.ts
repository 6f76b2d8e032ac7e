import type { Lease } from '../../kernels/lease.ts';
import type { CellCommand } from '../cell/command.ts';
import type { CircuitId } from '../units.ts';

/** What a relay proves itself with. Made by the crypto room; the bytes are those of a CERTS cell. */
export interface LinkCredentials {
  /** PKCS#1 DER of the RSA identity key: its SHA-1 is the fingerprint. */
  readonly rsaIdentityDer: Uint8Array;
  /** 32 bytes. */
  readonly ed25519Id: Uint8Array;
  /** Type 2: self-signed X.509 of the RSA identity key. */
  readonly rsaIdentityCert: Uint8Array;
  /** Type 4: identity → signing key, with the identity as an extension. */
  readonly signingCert: Uint8Array;
  /** Type 5: signing key → SHA-256 of the TLS certificate. Only a responder needs it. */
  readonly tlsLinkCert?: Uint8Array;
  /** Type 6: signing key → link authentication key. Only an authenticating initiator needs it. */
  readonly linkAuthCert?: Uint8Array;
  /** Seed (32 bytes) of the link authentication key. */
  readonly linkAuthSeed?: Uint8Array;
  /** Type 7: RSA identity → Ed25519 identity. */
  readonly crossCert: Uint8Array;
}

/** Who the peer must be. What is undefined may be anybody's. */
export interface ExpectedPeer {
  /** 20 bytes: SHA-1 of its RSA identity key. */
  readonly rsaFingerprint?: Uint8Array;
  /** 32 bytes. */
  readonly ed25519Id?: Uint8Array;
}

/** Who the peer of an open link is. */
export interface LinkPeer {
  readonly linkVersion: 4 | 5;
  /** Proven identity; undefined for a client, which does not prove any. */
  readonly rsaFingerprint: Uint8Array | undefined;
  readonly ed25519Id: Uint8Array | undefined;
  /** Our address as the peer sees it. */
  readonly ownHostSeen: string | undefined;
  /** The peer's addresses by its own account. */
  readonly hosts: readonly string[];
  /** How far its clock is ahead of ours, in seconds; undefined when it did not say. */
  readonly clockSkewSec: number | undefined;
}

/** Why a handshake failed or an open link broke the rules. Counted by name. */
export type LinkFault =
  | 'bad-cell' // a cell or message that does not decode
  | 'too-long' // a variable cell beyond the bound
  | 'no-common-version'
  | 'versions-first' // something came before VERSIONS
  | 'versions-again'
  | 'certs-early' // CERTS before VERSIONS was settled, or from one who may not
  | 'certs-again'
  | 'certs-late'
  | 'challenge-out-of-order'
  | 'authenticate-out-of-order'
  | 'netinfo-out-of-order'
  | 'cell-before-open' // a circuit's cell during the handshake
  | 'bad-certs' // a certificate is missing, expired or not signed by whom it must be
  | 'bad-authenticate'
  | 'wrong-identity' // the peer is not whom we expected
  | 'handshake-cell-when-open'
  | 'bad-padding-negotiate'
  | 'circuit-zero' // a circuit's cell on circuit 0
  | 'unread' // the peer does not read what it is answered
  | 'handshake-timeout';

/** Why a channel is gone. */
export interface ChannelEnd {
  readonly kind: 'closed' | 'ended' | 'reset' | 'refused' | 'timeout' | 'failed' | 'protocol';
  /** The {@link LinkFault} for `protocol`, else the system's code or `''`. */
  readonly reason: string;
  /** What exactly was wrong with a handshake, in words for a log; without keys. */
  readonly detail?: string;
}

/**
 * RELAY and RELAY_EARLY cells that arrived together, in order. They lie in the slab one behind the other or with
 * gaps; each is 514 bytes: circuit number (4), command (1), body (509). The object is used again for the next
 * batch: what the owner keeps are offsets, and a hold on the lease.
 */
export interface CellBatch {
  /** The run they lie in. `retain` it for every range that outlives the call. */
  readonly lease: Lease;
  /** Offsets into the slab; the first {@link count} are valid. */
  readonly offsets: Int32Array;
  readonly count: number;
}

/** A cell of a circuit that is not a relay cell: CREATE2, CREATED2, CREATE_FAST, CREATED_FAST, DESTROY. */
export interface ControlCell {
  readonly circuitId: CircuitId;
  readonly command: CellCommand;
  /** 509 bytes, valid during the call only. */
  readonly body: Uint8Array;
}

/** Who gets what a {@link Channel} receives. Calls come in the order of the wire. */
export interface ChannelHandler {
  /** The handshake is done. */
  onOpen(peer: LinkPeer): void;
  onCells(batch: CellBatch): void;
  onControl(cell: ControlCell): void;
  /** {@link Channel.writable} is true again after it was false. */
  onWritable(): void;
  /** Once, last. */
  onClose(end: ChannelEnd): void;
}

/** An open or opening link to another relay or client, seen by circuits. */
export interface Channel {
  /** Undefined until it is open. */
  readonly peer: LinkPeer | undefined;
  /** Whether we made the connection: our circuit numbers then have their top bit set. */
  readonly initiated: boolean;
  /** The peer's transport address. */
  readonly remoteHost: string;
  readonly remotePort: number;
  /** Bytes given to it that the system has not taken yet. */
  readonly queuedBytes: number;
  /** Whether the scheduler should give it more: {@link queuedBytes} is below the channel's high mark. */
  readonly writable: boolean;
  /**
   * Sends bytes of the slab: one or more whole cells. Takes a hold on `lease` for as long as it needs.
   * Goes out at the end of the turn, joined with its neighbours.
   */
  sendRange(lease: Lease, offset: number, byteLength: number): void;
  /** Sends one control cell; `body` is copied and padded with zeros to 509 bytes. */
  sendControl(circuit: CircuitId, command: CellCommand, body: Uint8Array): void;
  /** Sends now what waits for the end of the turn. */
  flush(): void;
  /** Back-pressure to the peer: rate limits, memory. What was read already may still be handed out. */
  pauseReading(): void;
  resumeReading(): void;
  /** Sends what is queued, then closes. */
  close(reason: string): void;
  /** Closes at once. */
  destroy(reason: string): void;
}
