import type { BlockOffset, PieceIndex } from '../units.ts';

/** One block of a piece, as REQUEST, CANCEL and REJECT name it. */
export interface BlockRef {
  readonly piece: PieceIndex;
  readonly begin: BlockOffset;
  readonly byteLength: number;
}

/** BEP 52: which hashes of which file's merkle tree. */
export interface HashRequest {
  /** 32 bytes; says which file. */
  readonly piecesRoot: Uint8Array;
  /** Layer the hashes are of; 0: the leaves of 16 KiB blocks. */
  readonly baseLayer: number;
  /** Number of the first hash in its layer. */
  readonly index: number;
  readonly hashCount: number;
  /** How many layers of uncle hashes above the base layer. */
  readonly proofLayers: number;
}

/** A message of the peer wire protocol. Byte arrays are views into what was decoded. */
export type Message =
  | { readonly kind: 'keep-alive' }
  | { readonly kind: 'choke' }
  | { readonly kind: 'unchoke' }
  | { readonly kind: 'interested' }
  | { readonly kind: 'not-interested' }
  | { readonly kind: 'have'; readonly piece: PieceIndex }
  | { readonly kind: 'bitfield'; readonly bits: Uint8Array }
  | ({ readonly kind: 'request' } & BlockRef)
  | {
      readonly kind: 'piece';
      readonly piece: PieceIndex;
      readonly begin: BlockOffset;
      readonly block: Uint8Array;
    }
  | ({ readonly kind: 'cancel' } & BlockRef)
  | { readonly kind: 'port'; readonly port: number }
  | { readonly kind: 'suggest-piece'; readonly piece: PieceIndex }
  | { readonly kind: 'have-all' }
  | { readonly kind: 'have-none' }
  | ({ readonly kind: 'reject-request' } & BlockRef)
  | { readonly kind: 'allowed-fast'; readonly piece: PieceIndex }
  | { readonly kind: 'extended'; readonly extension: number; readonly payload: Uint8Array }
  | ({ readonly kind: 'hash-request' } & HashRequest)
  | ({ readonly kind: 'hashes'; readonly hashes: Uint8Array } & HashRequest)
  | ({ readonly kind: 'hash-reject' } & HashRequest)
  | { readonly kind: 'unknown'; readonly id: number };
