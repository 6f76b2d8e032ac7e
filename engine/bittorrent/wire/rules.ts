import type { PieceIndex } from '../units.ts';

/** Everything that can be wrong with bytes from a peer. A closed list, so that each can be counted. */
export const WIRE_FAULTS = [
  'bad-handshake', // not the BitTorrent protocol
  'message-too-long', // more bytes than a message of this id may have
  'bad-length', // a message of this id has another length
  'bad-piece-index', // no such piece
  'bad-block', // a block of no bytes, too many bytes, or outside of its piece
  'bad-bitfield', // spare bits are set, or not as many bits as pieces
  'bad-port', // port 0
  'bad-hash-request', // numbers that no merkle tree can satisfy
  'bad-extension', // the extension handshake is no dictionary, or an extension message has the wrong shape
  'not-negotiated', // a message of an extension that was not agreed on
] as const;

export type WireFault = (typeof WIRE_FAULTS)[number];

/** Bounds on what a stranger can make this side hold or do; see LIMITS.md. */
export interface WireLimits {
  /** Longest block asked for or sent, in bytes. */
  readonly requestBytesMax: number;
  /** Longest extension message, its two id bytes included. */
  readonly extendedBytesMax: number;
  /** Longest message with an id nobody knows; it is skipped. */
  readonly unknownBytesMax: number;
  /** Pieces a torrent may have while its metadata is not known. */
  readonly piecesMax: number;
  /** Hashes in one BEP 52 message: those asked for, without the proof. */
  readonly hashesMax: number;
}

export const WIRE_LIMITS_DEFAULT: WireLimits = {
  requestBytesMax: 128 * 1024,
  extendedBytesMax: 1024 * 1024,
  unknownBytesMax: 64 * 1024,
  piecesMax: 1 << 22,
  hashesMax: 8192,
};

/** What one connection may receive. The owner replaces it, or changes its fields, as handshakes arrive. */
export interface WireRules {
  readonly limits: WireLimits;
  /** undefined while the metadata is not known (magnet links). */
  readonly pieceCount: number | undefined;
  /** Bytes of one piece on the wire; called with valid indexes only. */
  pieceByteLength(piece: PieceIndex): number;
  /** Both sides have set the bit of BEP 6. */
  readonly fast: boolean;
  /** Both sides have set the bit of BEP 10. */
  readonly extended: boolean;
  /** The torrent has a BEP 52 merkle tree, so hash requests make sense. */
  readonly hashes: boolean;
}
