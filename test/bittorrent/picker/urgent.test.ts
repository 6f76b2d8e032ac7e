// Aim: pieces that somebody waits for come before all others, in their order, from whoever has them; when one takes too
// long, others are asked for it as well, and not without end.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PRIORITY_SKIP } from '../../../engine/bittorrent/picker/types.ts';
import { pieceIndex } from '../../../engine/bittorrent/units.ts';
import { addPeer, makePicker, order, receive } from './support.ts';

const test = suite('urgent pieces');
const indexes = (...pieces: number[]) => pieces.map(pieceIndex);

test('they are asked for first and in their order, even before pieces under way', () => {
  const picker = makePicker({ pieceCount: 20, randomFirstPieces: 0 });
  const peer = addPeer(picker, 'all');
  const begun = picker.pickRun(peer, 2)!;
  const urgent = [17, 3, 9].map((piece) => pieceIndex(piece === begun.piece ? 12 : piece));
  picker.urgent = urgent;
  const chosen = order(picker, peer, 4);
  assert.equal(chosen.slice(0, 3), urgent);
  assert.is(chosen[3], begun.piece);
});

test('what is here, not wanted, or not to be had of this peer is passed over', () => {
  const picker = makePicker({ pieceCount: 10, randomFirstPieces: 0 });
  const peer = addPeer(picker, [0, 1, 2, 4]);
  picker.urgent = indexes(0, 1, 3, 4);
  picker.setPriority(pieceIndex(1), PRIORITY_SKIP);
  receive(picker, peer, picker.pickRun(peer, 4)!);
  assert.ok(picker.complete.has(0));
  assert.is(picker.pickRun(peer, 4)!.piece, 4);
  assert.is(picker.pickRun(peer, 4)!.piece, 2);
  assert.is(picker.pickRun(peer, 4), undefined);
});

test('several peers share the first piece before the next one is begun', () => {
  const picker = makePicker({ pieceCount: 10 });
  const [first, second] = [addPeer(picker, 'all'), addPeer(picker, 'all')];
  picker.urgent = indexes(5, 6);
  assert.equal(picker.pickRun(first, 3), { piece: pieceIndex(5), firstBlock: 0, blockCount: 3 });
  assert.equal(picker.pickRun(second, 3), { piece: pieceIndex(5), firstBlock: 3, blockCount: 1 });
  assert.is(picker.pickRun(second, 3)!.piece, 6);
});

test('a piece that takes too long is asked of others too, each block of four peers at most', () => {
  const picker = makePicker({ pieceCount: 40 });
  const slow = addPeer(picker, 'all');
  picker.urgent = indexes(5);
  assert.is(picker.pickRun(slow, 4)!.piece, 5);
  const fast = addPeer(picker, 'all');
  assert.is.not(picker.pickRun(fast, 4)!.piece, 5, 'not before it is late');
  picker.late = indexes(5);
  const blocks = new Set<number>();
  for (let turn = 0; turn < 4; turn++) {
    const run = picker.pickRun(fast, 4)!;
    assert.equal([run.piece, run.blockCount], [5, 1]);
    blocks.add(run.firstBlock);
  }
  assert.is(blocks.size, 4);
  assert.is.not(picker.pickRun(fast, 4)!.piece, 5, 'it is asked for each block once');
  for (const peer of [addPeer(picker, 'all'), addPeer(picker, 'all')])
    for (let turn = 0; turn < 4; turn++) assert.is(picker.pickRun(peer, 4)!.piece, 5);
  assert.is.not(picker.pickRun(addPeer(picker, 'all'), 4)!.piece, 5, 'four peers are enough');

  const cancelled: number[] = [];
  for (let block = 0; block < 4; block++)
    picker.blockReceived(fast, pieceIndex(5), block, (_peer, _piece, index) => cancelled.push(index));
  assert.equal(
    [...cancelled].sort(),
    [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3],
    'all others hear that it has come',
  );
  assert.is(slow.requestCount, 0);
});

test.run();
