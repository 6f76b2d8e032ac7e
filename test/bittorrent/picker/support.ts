import { Picker } from '../../../engine/bittorrent/picker/picker.ts';
import type { PickerPeer } from '../../../engine/bittorrent/picker/picker-peer.ts';
import type { BlockRun, OnCancel, PickerOptions } from '../../../engine/bittorrent/picker/types.ts';
import { type PieceIndex, pieceIndex } from '../../../engine/bittorrent/units.ts';
import { seededRandom } from '../support/seeded-random.ts';

export function makePicker(
  options: Partial<PickerOptions> & { readonly pieceCount: number },
  seed = 1,
): Picker {
  return new Picker({ blocksIn: () => 4, ...options }, { random: seededRandom(seed) });
}

/** A peer that has these pieces. */
export function addPeer(picker: Picker, pieces: 'all' | readonly number[]): PickerPeer {
  const peer = picker.addPeer();
  if (pieces === 'all') picker.peerHasAll(peer);
  else for (const piece of pieces) picker.peerHas(peer, pieceIndex(piece));
  return peer;
}

const noCancel: OnCancel = () => {
  throw new Error('nobody else was asked');
};

/** The whole run arrives from the peer; the piece is verified when it is whole. */
export function receive(picker: Picker, peer: PickerPeer, run: BlockRun, onCancel = noCancel): void {
  for (let block = run.firstBlock; block < run.firstBlock + run.blockCount; block++) {
    const verdict = picker.blockReceived(peer, run.piece, block, onCancel);
    if (verdict === 'complete') picker.pieceVerified(run.piece);
  }
}

/** The pieces in the order the peer is asked for them, each received whole before the next. */
export function order(picker: Picker, peer: PickerPeer, countMax = 1000): PieceIndex[] {
  const pieces: PieceIndex[] = [];
  while (pieces.length < countMax) {
    const run = picker.pickRun(peer, 1000);
    if (run === undefined) break;
    pieces.push(run.piece);
    receive(picker, peer, run);
  }
  return pieces;
}
