import type { Lease } from '../../kernels/lease.ts';
import type { Bitfield } from '../bitfield.ts';
import type { BorrowedExtent } from '../storage/torrent-storage.ts';
import type { BlockOffset, PieceIndex } from '../units.ts';
import type { Handshake, HandshakeFeatures } from '../wire/handshake.ts';
import type { Message } from '../wire/message.ts';
import type { WireFault, WireRules } from '../wire/rules.ts';
import type { PeerConnection } from './connection.ts';
import type { InboundRun } from './inbound-run.ts';

/** Why a connection ended; a closed list, so that each can be counted. */
export type CloseReason =
  | WireFault
  | 'peer-left' // it closed, or its connection broke
  | 'connect-failed'
  | 'handshake-timeout'
  | 'encryption-failed' // no encrypted stream came about where one has to
  | 'encryption-required' // it came without encryption
  | 'unknown-torrent'
  | 'own-connection' // we had dialled ourselves
  | 'duplicate' // already connected to this peer
  | 'too-many-peers'
  | 'banned'
  | 'silent' // nothing heard for two minutes
  | 'unwanted-blocks' // it sends what nobody asked for
  | 'request-flood'
  | 'not-reading' // it asks and does not take the answers
  | 'no-use' // both sides have everything
  | 'local'; // the torrent or the program stops

/** What a torrent is to its connections. */
export interface PeerHost {
  /** What names the torrent in handshakes, 20 bytes each: v1, or the first 20 of v2 (BEP 52). We dial with the first. */
  readonly infoHashes: readonly Uint8Array[];
  /** The 20 bytes that name this node. */
  readonly localPeerId: Uint8Array;
  readonly features: HandshakeFeatures;
  readonly rules: Omit<WireRules, 'fast' | 'extended'>;
  /** Verified pieces. */
  readonly have: Bitfield;
  /** The handshakes are exchanged. A reason refuses the peer. */
  onHandshake(peer: PeerConnection, handshake: Handshake): CloseReason | undefined;
  onMessage(peer: PeerConnection, message: Message): void;
  /** Block `index` of `run` lies in `slot`, behind the place of its header; who keeps it retains the slot. */
  onBlock(peer: PeerConnection, run: InboundRun, index: number, slot: Lease): void;
  /** A valid request has been queued, or cancelled ones rejected: the moment to count or refuse. */
  mayServe(peer: PeerConnection, piece: PieceIndex): boolean;
  /** Fills the targets with the bytes of a verified piece. Undefined: it is done already. */
  read(piece: PieceIndex, begin: BlockOffset, targets: readonly Uint8Array[]): Promise<void> | undefined;
  /** Where the bytes of a verified piece lie, where another thread could read them. */
  borrow?(piece: PieceIndex, begin: BlockOffset, byteLength: number): BorrowedExtent | undefined;
  onSent(peer: PeerConnection, byteLength: number): void;
  onReadError(peer: PeerConnection, piece: PieceIndex, error: unknown): void;
  /** After reading a batch: the moment to ask for more. */
  onBatch(peer: PeerConnection): void;
  onClosed(peer: PeerConnection, reason: CloseReason): void;
}

/** Whether these 20 bytes of a handshake name the torrent. */
export function isAbout({ infoHashes }: Pick<PeerHost, 'infoHashes'>, infoHash: Uint8Array): boolean {
  return infoHashes.some((known) => known.every((byte, index) => byte === infoHash[index]));
}
