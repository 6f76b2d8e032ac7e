/**
 * The picker at the size it is built for, 50,000 pieces and 200 peers: what a run of 16 blocks costs with all that
 * happens to them, and the events that touch many pieces. The worst case is a peer that has only what is common.
 *
 *   npm run build && node dist/bench/picker.bench.js
 */
import { pathToFileURL } from 'node:url';
import { Bench } from 'tinybench';
import { Bitfield } from '../engine/bittorrent/bitfield.ts';
import { Picker } from '../engine/bittorrent/picker/picker.ts';
import type { PickerPeer } from '../engine/bittorrent/picker/picker-peer.ts';
import { type PieceIndex, pieceIndex } from '../engine/bittorrent/units.ts';
import type { Random } from '../engine/runtime/port.ts';

const PIECES = 50_000;
const PEERS = 200;
const BLOCKS = 16;

/** The same chance in every run. */
function plainRandom(): Random {
  let state = 1;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
  return { below: (bound) => next() % bound, bytes: (length) => new Uint8Array(length) };
}

function makePicker(random: Random): Picker {
  return new Picker({ pieceCount: PIECES, blocksIn: () => BLOCKS, randomFirstPieces: 0 }, { random });
}

/** A peer with `share` hundredths of the pieces. */
function bitsOf(share: number, random: Random): Bitfield {
  const bits = new Bitfield(PIECES);
  for (let piece = 0; piece < PIECES; piece++) if (random.below(100) < share) bits.set(piece);
  return bits;
}

function addPeer(picker: Picker, bits: Bitfield): PickerPeer {
  const peer = picker.addPeer();
  picker.peerBitfield(peer, bits.bytes);
  return peer;
}

/** A whole piece: one run is picked, its blocks arrive, it is verified, and then lost, so that there is always work. */
function fetchPiece(picker: Picker, peer: PickerPeer): void {
  const run = picker.pickRun(peer, BLOCKS);
  if (run === undefined) throw new Error('nothing to pick');
  for (let block = 0; block < run.blockCount; block++) {
    const verdict = picker.blockReceived(peer, run.piece, run.firstBlock + block, () => {});
    if (verdict === 'complete') picker.pieceVerified(run.piece);
  }
  picker.pieceLost(run.piece);
}

function addSwarmCases(bench: Bench): void {
  const random = plainRandom();
  const picker = makePicker(random);
  const peers = Array.from({ length: PEERS }, () => addPeer(picker, bitsOf(5 + random.below(95), random)));
  let turn = 0;
  bench.add('a piece of 16 blocks: pick, receive, verify, lose', () => {
    fetchPiece(picker, peers[turn++ % PEERS]!);
  });
  bench.add('pick a run of 16 blocks and release it', () => {
    const peer = peers[turn++ % PEERS]!;
    const { piece } = picker.pickRun(peer, BLOCKS)!;
    for (let block = 0; block < BLOCKS; block++) picker.releaseBlock(peer, piece, block);
  });
  const learner = picker.addPeer();
  let piece = 0;
  bench.add('HAVE, and LT_DONTHAVE again', () => {
    const next: PieceIndex = pieceIndex(piece++ % PIECES);
    picker.peerHas(learner, next);
    picker.peerLost(learner, next);
  });
  const half = bitsOf(50, random);
  bench.add('a peer with half of 50,000 pieces comes and goes', () => {
    picker.peerGone(addPeer(picker, half));
  });
  bench.add('a seeder comes and goes', () => {
    const seeder = picker.addPeer();
    picker.peerHasAll(seeder);
    picker.peerGone(seeder);
  });
}

/** One peer holds a rare half that nobody else has: the others have to look past 25,000 rarer pieces. */
function addWorstCase(bench: Bench): void {
  const random = plainRandom();
  const picker = makePicker(random);
  const half = (from: number, to: number): Bitfield => {
    const bits = new Bitfield(PIECES);
    for (let piece = from; piece < to; piece++) bits.set(piece);
    return bits;
  };
  addPeer(picker, half(0, PIECES / 2));
  const peers = Array.from({ length: 50 }, () => addPeer(picker, half(PIECES / 2, PIECES)));
  let turn = 0;
  bench.add('the same where the peer lacks all of 25,000 rarer pieces', () => {
    fetchPiece(picker, peers[turn++ % peers.length]!);
  });
}

/** Adds the cases to `bench`. */
export function addPickerCases(bench: Bench): void {
  addSwarmCases(bench);
  addWorstCase(bench);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const bench = new Bench({ name: 'picker', time: 500 });
  addPickerCases(bench);
  await bench.run();
  console.table(bench.table());
}
