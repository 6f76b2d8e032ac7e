// Aim: the picker keeps its books in order when peers choke, reject, snub, send bad pieces, come on parole or leave, and
// when no further piece may be begun.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Bitfield } from '../../../engine/bittorrent/bitfield.ts';
import type { PickerPeer } from '../../../engine/bittorrent/picker/picker-peer.ts';
import { pieceIndex } from '../../../engine/bittorrent/units.ts';
import { addPeer, makePicker, order, receive } from './support.ts';

const test = suite('picker and peers');
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

test('choke: what a peer was asked for is free again', () => {
  const picker = makePicker({ pieceCount: 2, blocksIn: () => 10 });
  const a = addPeer(picker, 'all');
  const b = addPeer(picker, 'all');
  const run = picker.pickRun(a, 6)!;
  picker.blockReceived(a, run.piece, 1, () => {});
  picker.releasePeer(a);
  assert.is(a.requestCount, 0);
  assert.equal(picker.pickRun(b, 16), { piece: run.piece, firstBlock: 0, blockCount: 1 });
  assert.equal(picker.pickRun(b, 16), { piece: run.piece, firstBlock: 2, blockCount: 8 });
  assert.is(
    picker.blockReceived(a, run.piece, 0, () => {}),
    'unasked',
  );
});

test('reject and disconnect: the blocks are free again; a piece of which nothing is here counts as not begun', () => {
  const picker = makePicker({ pieceCount: 9, blocksIn: () => 2 });
  const a = addPeer(picker, 'all');
  const run = picker.pickRun(a, 2)!;
  assert.is(picker.partialCount, 1);
  picker.releaseBlock(a, run.piece, 0);
  assert.is(picker.partialCount, 1);
  picker.peerGone(a);
  assert.is(picker.partialCount, 0);
  assert.is(order(picker, addPeer(picker, 'all')).length, 9);
});

test('snubbed: others may take the blocks, but what comes late is still welcome', () => {
  const picker = makePicker({ pieceCount: 1, blocksIn: () => 2 });
  const slow = addPeer(picker, 'all');
  const other = addPeer(picker, 'all');
  const run = picker.pickRun(slow, 2)!;
  picker.peerSnubbed(slow);
  assert.is(slow.requestCount, 2, 'still asked');
  assert.is(picker.pickRun(slow, 2), undefined, 'not asked for the same again');
  assert.equal(picker.pickRun(other, 2), run);
  const cancelled: PickerPeer[] = [];
  assert.is(
    picker.blockReceived(slow, run.piece, 0, (peer) => cancelled.push(peer)),
    'taken',
  );
  assert.equal(cancelled, [other]);
  assert.is(
    picker.blockReceived(other, run.piece, 1, (peer) => cancelled.push(peer)),
    'complete',
  );
  assert.equal(cancelled, [other, slow]);
});

test('a piece that fails its hash is fetched again, all of it, before anything new', () => {
  const picker = makePicker({ pieceCount: 5, blocksIn: () => 2 });
  const peer = addPeer(picker, 'all');
  const run = picker.pickRun(peer, 2)!;
  picker.blockReceived(peer, run.piece, 0, () => {});
  assert.is(
    picker.blockReceived(peer, run.piece, 1, () => {}),
    'complete',
  );
  picker.pieceFailed(run.piece);
  assert.equal(picker.pickRun(peer, 2), run);
});

test('a piece that is dropped counts as not begun', () => {
  const picker = makePicker({ pieceCount: 5, blocksIn: () => 2 });
  const peer = addPeer(picker, 'all');
  const run = picker.pickRun(peer, 2)!;
  picker.blockReceived(peer, run.piece, 0, () => {});
  picker.pieceDropped(run.piece);
  assert.is(picker.partialCount, 0);
  assert.is(peer.requestCount, 0);
  assert.is(
    picker.blockReceived(peer, run.piece, 1, () => {}),
    'unasked',
  );
  assert.is(order(picker, peer).length, 5);
});

test('parole: a peer under suspicion gets pieces of its own that nobody else joins', () => {
  const picker = makePicker({ pieceCount: 3, blocksIn: () => 4 });
  const good = addPeer(picker, 'all');
  const suspect = addPeer(picker, 'all');
  const shared = picker.pickRun(good, 2)!;
  picker.setParole(suspect, true);
  const own = picker.pickRun(suspect, 2)!;
  assert.is.not(own.piece, shared.piece);
  assert.is(picker.pickRun(good, 4)?.piece, shared.piece);
  const third = picker.pickRun(good, 4)!;
  assert.ok(third.piece !== own.piece && third.piece !== shared.piece);
  assert.is(picker.pickRun(good, 4), undefined, 'what is left belongs to the suspect');
  assert.is(picker.pickRun(suspect, 4)?.piece, own.piece);
  picker.peerGone(suspect);
  assert.is(picker.pickRun(good, 4)?.piece, own.piece);
});

test('parole: when the suspect leaves, what is left of its piece is for all', () => {
  const picker = makePicker({ pieceCount: 1, blocksIn: () => 4 });
  const suspect = addPeer(picker, 'all');
  const good = addPeer(picker, 'all');
  picker.setParole(suspect, true);
  const run = picker.pickRun(suspect, 1)!;
  receive(picker, suspect, run);
  assert.is(picker.pickRun(good, 4), undefined);
  picker.peerGone(suspect);
  assert.is(picker.pickRun(good, 4)?.blockCount, 3);
});

test('interest: a peer is interesting as long as it has something wanted', () => {
  const picker = makePicker({ pieceCount: 3 });
  const peer = picker.addPeer();
  assert.not(picker.interesting(peer));
  assert.ok(picker.peerHas(peer, pieceIndex(1)), 'news');
  assert.not(picker.peerHas(peer, pieceIndex(1)), 'no news');
  assert.ok(picker.interesting(peer));
  order(picker, peer);
  assert.not(picker.interesting(peer));
  picker.pieceLost(pieceIndex(1));
  assert.ok(picker.interesting(peer));
  const bits = new Bitfield(3);
  bits.set(1);
  picker.peerBitfield(peer, bits.bytes);
  assert.is(picker.availabilityOf(pieceIndex(1)), 1, 'a bitfield takes the place of what was known');
});

test('the number of pieces under way is bounded; then blocks under way are asked for twice', () => {
  const picker = makePicker({ pieceCount: 10, blocksIn: () => 1, partialsMax: 3 });
  const slow = addPeer(picker, 'all');
  const fast = addPeer(picker, 'all');
  for (let count = 0; count < 3; count++) assert.ok(picker.pickRun(slow, 1));
  assert.is(picker.pickRun(fast, 1), undefined);
  assert.is(picker.pickRunAmong(fast, range(0, 10).map(pieceIndex), 1), undefined);
  const duplicate = picker.pickDuplicate(fast)!;
  receive(picker, fast, duplicate, () => {});
  assert.ok(picker.pickRun(fast, 1), 'there is room again');
});

test('blocks nobody asked for change nothing', () => {
  const picker = makePicker({ pieceCount: 2 });
  const peer = addPeer(picker, 'all');
  const other = addPeer(picker, 'all');
  assert.is(
    picker.blockReceived(peer, pieceIndex(0), 0, () => {}),
    'unasked',
  );
  const run = picker.pickRun(peer, 1)!;
  assert.is(
    picker.blockReceived(other, run.piece, run.firstBlock, () => {}),
    'unasked',
  );
  assert.is(
    picker.blockReceived(peer, run.piece, 3, () => {}),
    'unasked',
  );
  picker.releaseBlock(other, run.piece, run.firstBlock);
  assert.is(
    picker.blockReceived(peer, run.piece, run.firstBlock, () => {}),
    'taken',
  );
  picker.pieceFailed(pieceIndex(1));
  picker.pieceDropped(pieceIndex(1));
});

test('a piece verified from elsewhere while it is under way frees everybody', () => {
  const picker = makePicker({ pieceCount: 1 });
  const peer = addPeer(picker, 'all');
  const run = picker.pickRun(peer, 3)!;
  picker.pieceVerified(run.piece);
  assert.is(peer.requestCount, 0);
  assert.ok(picker.isDone);
  assert.is(
    picker.blockReceived(peer, run.piece, 0, () => {}),
    'duplicate',
  );
});

test('at that bound a piece that nobody can finish any more is named, so that it can be given up', () => {
  const picker = makePicker({ pieceCount: 10, blocksIn: () => 4, partialsMax: 2 });
  const gone = addPeer(picker, [0, 1]);
  for (const count of [4, 2]) {
    const run = picker.pickRun(gone, count)!;
    receive(picker, gone, { ...run, blockCount: count - 1 });
  }
  const peer = addPeer(picker, [1, 2, 3]);
  assert.is(picker.stalledPiece, undefined, 'somebody has them all');
  picker.peerGone(gone);
  assert.is(picker.stalledPiece, 0);
  picker.pickRun(peer, 4);
  assert.is(picker.pickRun(peer, 4), undefined);
  picker.pieceDropped(pieceIndex(0));
  assert.is(picker.stalledPiece, undefined);
  assert.ok(picker.pickRun(peer, 4));
});

test.run();
