import type { Random } from '../../runtime/port.ts';
import type { Bitfield } from '../bitfield.ts';
import type { PieceIndex } from '../units.ts';
import type { PickerPeer } from './picker-peer.ts';

/** 0: not wanted; then low, normal, high. Pieces of a higher priority are all taken before those of a lower one. */
export type PiecePriority = 0 | 1 | 2 | 3;
export const PRIORITY_SKIP: PiecePriority = 0;
export const PRIORITY_NORMAL: PiecePriority = 2;
export const PRIORITY_HIGH: PiecePriority = 3;

export interface PickerOptions {
  readonly pieceCount: number;
  /** 16 KiB blocks of one piece, at least 1. */
  blocksIn(piece: PieceIndex): number;
  /** What is on the disk already; copied. */
  readonly have?: Bitfield;
  /** New pieces are chosen at random until this many are complete. */
  readonly randomFirstPieces?: number;
  /** Pieces that may be under way at once, those being hashed included. */
  readonly partialsMax?: number;
  /** Peers that one block may be asked of at once in the endgame. */
  readonly duplicatesMax?: number;
  /** A peer with this many requests under way is not asked for duplicates. */
  readonly duplicateQueueMax?: number;
}

export const PICKER_DEFAULTS = {
  randomFirstPieces: 4,
  partialsMax: 2048,
  duplicatesMax: 4,
  duplicateQueueMax: 16,
} as const;

export interface PickerModules {
  readonly random: Random;
}

/** Consecutive blocks of one piece, reserved for the peer that asked. */
export interface BlockRun {
  readonly piece: PieceIndex;
  readonly firstBlock: number;
  readonly blockCount: number;
}

/**
 * What became of a block that came in. `taken`: wanted; `complete`: the last one of its piece, which can be hashed;
 * `duplicate`: it is here already; `unasked`: this peer was not asked for it, nothing changes.
 */
export type BlockVerdict = 'taken' | 'complete' | 'duplicate' | 'unasked';

/** Told of every other peer that was asked for a block that has come: send it a CANCEL. */
export type OnCancel = (peer: PickerPeer, piece: PieceIndex, block: number) => void;
