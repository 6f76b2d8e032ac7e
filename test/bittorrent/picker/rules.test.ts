// Aim: each rule of piece selection has a test that names it: random first piece, rarest first, strict piece
// priority, endgame with cancel, priorities, sequential order.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Bitfield } from '../../../engine/bittorrent/bitfield.ts';
import type { PickerPeer } from '../../../engine/bittorrent/picker/picker-peer.ts';
import { PRIORITY_HIGH, PRIORITY_NORMAL, PRIORITY_SKIP } from '../../../engine/bittorrent/picker/types.ts';
import { pieceIndex } from '../../../engine/bittorrent/units.ts';
import { addPeer, makePicker, order, receive } from './support.ts';

const test = suite('picker rules');
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

test('random first piece: until four pieces are complete new pieces are chosen by chance, not by rarity', () => {
  const firsts = new Set<number>();
  for (let seed = 0; seed < 60; seed++) {
    const picker = makePicker({ pieceCount: 20 }, seed);
    // Piece 0 is the rarest: everybody else has all pieces but that one.
    for (let count = 0; count < 3; count++) addPeer(picker, range(1, 20));
    const peer = addPeer(picker, range(0, 20));
    const chosen = order(picker, peer, 5);
    for (const piece of chosen.slice(0, 4)) firsts.add(piece);
    if (!chosen.slice(0, 4).includes(pieceIndex(0))) assert.is(chosen[4], 0, 'the fifth is the rarest');
  }
  assert.ok(firsts.size > 15, `only ${firsts.size} different first pieces`);
});

test('random first piece is over at once when a download goes on with four pieces', () => {
  const have = new Bitfield(20);
  for (const piece of [16, 17, 18, 19]) have.set(piece);
  for (let seed = 0; seed < 20; seed++) {
    const picker = makePicker({ pieceCount: 20, have }, seed);
    addPeer(picker, range(1, 20));
    assert.is(picker.pickRun(addPeer(picker, 'all'), 4)?.piece, 0);
  }
});

test('rarest first: the pieces of fewest peers are asked for first', () => {
  const picker = makePicker({ pieceCount: 6, randomFirstPieces: 0 });
  addPeer(picker, [0, 1, 2, 3, 5]);
  addPeer(picker, [0, 1, 2, 5]);
  addPeer(picker, [0, 2]);
  const peer = addPeer(picker, range(0, 6));
  assert.is(picker.availabilityOf(pieceIndex(0)), 4);
  assert.is(picker.availabilityOf(pieceIndex(4)), 1);
  const chosen = order(picker, peer);
  assert.equal(chosen.slice(0, 2), [4, 3]);
  assert.equal(new Set(chosen.slice(2, 4)), new Set([1, 5]));
  assert.equal(new Set(chosen.slice(4)), new Set([0, 2]));
});

test('rarest first: equally rare pieces are chosen by chance', () => {
  const chosen = new Set<number>();
  for (let seed = 0; seed < 200; seed++) {
    const picker = makePicker({ pieceCount: 10, randomFirstPieces: 0 }, seed);
    chosen.add(picker.pickRun(addPeer(picker, 'all'), 1)!.piece);
  }
  assert.is(chosen.size, 10);
});

test('rarest first: also for a peer that has few and common pieces of very many', () => {
  const first = new Set<number>();
  for (let seed = 0; seed < 20; seed++) {
    const picker = makePicker({ pieceCount: 3000, randomFirstPieces: 0 }, seed);
    picker.setPriority(pieceIndex(2999), PRIORITY_HIGH);
    addPeer(picker, range(0, 2990));
    addPeer(picker, range(2990, 3000));
    addPeer(picker, range(2994, 3000));
    const chosen = order(picker, addPeer(picker, range(2990, 3000)));
    assert.is(chosen[0], 2999, 'high priority');
    assert.equal(new Set(chosen.slice(1, 5)), new Set([2990, 2991, 2992, 2993]));
    assert.equal(new Set(chosen.slice(5)), new Set([2994, 2995, 2996, 2997, 2998]));
    first.add(chosen[1]!);
  }
  assert.is(first.size, 4, 'ties by chance');
});

test('rarest first: what peers get, lose and take with them changes the order', () => {
  const picker = makePicker({ pieceCount: 3, randomFirstPieces: 0 });
  const seed = addPeer(picker, 'all');
  const other = addPeer(picker, [0, 1]);
  picker.peerHas(other, pieceIndex(2));
  picker.peerLost(other, pieceIndex(0));
  assert.is(picker.pickRun(seed, 4)?.piece, 0);
  picker.peerGone(other);
  assert.is(picker.availabilityOf(pieceIndex(1)), 1);
  picker.peerLost(seed, pieceIndex(1));
  assert.is(picker.availabilityOf(pieceIndex(1)), 0, 'a seeder that lost a piece is none any more');
  assert.is(picker.availabilityOf(pieceIndex(2)), 1);
  assert.is(picker.pickRun(seed, 4)?.piece, 2);
  assert.is(picker.pickRun(seed, 4), undefined);
});

test('strict piece priority: a piece that is begun is finished before another is begun', () => {
  const picker = makePicker({ pieceCount: 50, blocksIn: () => 10 });
  const a = addPeer(picker, 'all');
  const b = addPeer(picker, 'all');
  const runs = [picker.pickRun(a, 4)!, picker.pickRun(b, 3)!, picker.pickRun(a, 1)!, picker.pickRun(b, 16)!];
  assert.is(new Set(runs.map((run) => run.piece)).size, 1, 'all of one piece');
  assert.equal(
    runs.map((run) => [run.firstBlock, run.blockCount]),
    [
      [0, 4],
      [4, 3],
      [7, 1],
      [8, 2],
    ],
  );
  const next = picker.pickRun(a, 2)!;
  assert.is.not(next.piece, runs[0]!.piece);
  picker.releaseBlock(a, runs[0]!.piece, 2);
  assert.equal(
    picker.pickRun(b, 16),
    { piece: runs[0]!.piece, firstBlock: 2, blockCount: 1 },
    'the older first',
  );
});

test('strict piece priority: a peer that cannot help with what is begun begins something else', () => {
  const picker = makePicker({ pieceCount: 4, blocksIn: () => 10 });
  const a = addPeer(picker, [0]);
  const b = addPeer(picker, [1]);
  assert.is(picker.pickRun(a, 4)?.piece, 0);
  assert.is(picker.pickRun(b, 4)?.piece, 1);
});

test('a run is at most as long as asked for and never leaves its piece', () => {
  const picker = makePicker({ pieceCount: 2, blocksIn: (piece) => (piece === 1 ? 3 : 40) });
  const peer = addPeer(picker, [0]);
  assert.is(picker.pickRun(peer, 16)?.blockCount, 16);
  assert.is(picker.pickRun(peer, 1)?.blockCount, 1);
  assert.is(picker.pickRun(peer, 100)?.blockCount, 23);
  assert.is(picker.pickRun(peer, 16), undefined);
  assert.is(picker.pickRun(addPeer(picker, [1]), 16)?.blockCount, 3);
  assert.is(picker.pickRun(addPeer(picker, [1]), 0), undefined);
});

test('endgame: when every block is asked for, the rest is asked of others too, and cancelled when it comes', () => {
  const picker = makePicker({ pieceCount: 1 });
  const slow = addPeer(picker, 'all');
  const fast = addPeer(picker, 'all');
  const run = picker.pickRun(slow, 3)!;
  assert.not(picker.inEndgame);
  assert.is(picker.pickDuplicate(fast), undefined, 'there is still a free block');
  const last = picker.pickRun(fast, 4)!;
  assert.ok(picker.inEndgame);
  receive(picker, fast, last);
  const cancelled: string[] = [];
  for (let count = 0; count < 3; count++) {
    const duplicate = picker.pickDuplicate(fast)!;
    assert.is(duplicate.blockCount, 1);
    assert.ok(duplicate.firstBlock < 3);
    receive(picker, fast, duplicate, (peer: PickerPeer, piece: number, block: number) => {
      assert.is(peer, slow);
      cancelled.push(`${piece}/${block}`);
    });
  }
  assert.equal(cancelled.sort(), ['0/0', '0/1', '0/2']);
  assert.ok(picker.isDone);
  assert.is(slow.requestCount, 0);
  assert.is(
    picker.blockReceived(slow, run.piece, 0, () => {}),
    'duplicate',
    'it crossed the cancel',
  );
});

test('endgame: no peer is asked twice for a block, and a block of no more than four peers', () => {
  const picker = makePicker({ pieceCount: 1, blocksIn: () => 1 });
  const peers = range(0, 6).map(() => addPeer(picker, 'all'));
  assert.ok(picker.pickRun(peers[0]!, 1));
  assert.is(picker.pickDuplicate(peers[0]!), undefined);
  for (const peer of peers.slice(1, 4)) assert.ok(picker.pickDuplicate(peer));
  assert.is(picker.pickDuplicate(peers[1]!), undefined);
  assert.is(picker.pickDuplicate(peers[4]!), undefined, 'four were asked');
});

test('endgame: the block that fewest were asked for is doubled first', () => {
  const picker = makePicker({ pieceCount: 1, blocksIn: () => 2 });
  const [a, b, c] = range(0, 3).map(() => addPeer(picker, 'all')) as [PickerPeer, PickerPeer, PickerPeer];
  picker.pickRun(a, 2);
  const first = picker.pickDuplicate(b)!.firstBlock;
  assert.is(picker.pickDuplicate(c)?.firstBlock, 1 - first);
});

test('endgame: a peer with much under way is not asked for duplicates', () => {
  const picker = makePicker({ pieceCount: 2, blocksIn: () => 16, duplicateQueueMax: 16 });
  const a = addPeer(picker, 'all');
  const b = addPeer(picker, 'all');
  picker.pickRun(a, 16);
  picker.pickRun(b, 16);
  assert.ok(picker.inEndgame);
  assert.is(picker.pickDuplicate(b), undefined);
  picker.blockReceived(b, b.requests.keys().next().value!, 3, () => {});
  assert.ok(picker.pickDuplicate(b));
});

test('endgame: pieces that nobody has do not hold it up', () => {
  const picker = makePicker({ pieceCount: 3, blocksIn: () => 1 });
  const a = addPeer(picker, [0]);
  assert.ok(picker.pickRun(a, 1));
  assert.ok(picker.inEndgame);
  picker.peerHas(a, pieceIndex(1));
  assert.not(picker.inEndgame);
});

test('priorities: high before normal, skipped never, until they are wanted again', () => {
  const picker = makePicker({ pieceCount: 4, randomFirstPieces: 0 });
  picker.setPriority(pieceIndex(2), PRIORITY_HIGH);
  picker.setPriority(pieceIndex(0), PRIORITY_SKIP);
  addPeer(picker, [2]);
  const peer = addPeer(picker, range(0, 4));
  assert.is(picker.wantedLeft, 3);
  const chosen = order(picker, peer);
  assert.is(chosen[0], 2, 'although it is the commonest');
  assert.equal(new Set(chosen), new Set([1, 2, 3]));
  assert.ok(picker.isDone);
  assert.not(picker.interesting(peer));
  picker.setPriority(pieceIndex(0), PRIORITY_NORMAL);
  assert.ok(picker.interesting(peer));
  assert.equal(order(picker, peer), [0]);
});

test('priorities: a piece under way that is not wanted any more is not taken up', () => {
  const picker = makePicker({ pieceCount: 2 });
  const peer = addPeer(picker, 'all');
  const run = picker.pickRun(peer, 1)!;
  picker.setPriority(run.piece, PRIORITY_SKIP);
  assert.is.not(picker.pickRun(peer, 4)?.piece, run.piece);
  assert.is(
    picker.blockReceived(peer, run.piece, run.firstBlock, () => {}),
    'taken',
  );
  picker.setPriority(run.piece, PRIORITY_NORMAL);
  assert.equal(picker.pickRun(peer, 4), { piece: run.piece, firstBlock: 1, blockCount: 3 });
});

test('sequential: pieces in ascending order, high priority first', () => {
  const picker = makePicker({ pieceCount: 6 });
  picker.sequential = true;
  picker.setPriority(pieceIndex(4), PRIORITY_HIGH);
  assert.equal(order(picker, addPeer(picker, [0, 1, 2, 4, 5])), [4, 0, 1, 2, 5]);
});

test('pieces from a list: allowed fast and suggested ones, and nothing else', () => {
  const picker = makePicker({ pieceCount: 10 });
  const peer = addPeer(picker, [0, 1, 2, 3, 4, 5]);
  const listed = [9, 3, 4].map(pieceIndex);
  assert.equal(picker.pickRunAmong(peer, listed, 3), { piece: 3, firstBlock: 0, blockCount: 3 });
  assert.equal(picker.pickRunAmong(peer, listed, 3), { piece: 3, firstBlock: 3, blockCount: 1 });
  assert.equal(picker.pickRunAmong(peer, listed, 9), { piece: 4, firstBlock: 0, blockCount: 4 });
  assert.is(picker.pickRunAmong(peer, listed, 9), undefined);
});

test('the same seed makes the same choices', () => {
  const choices = (seed: number): number[] => {
    const picker = makePicker({ pieceCount: 200 }, seed);
    addPeer(picker, range(0, 100));
    return order(picker, addPeer(picker, 'all'));
  };
  assert.equal(choices(5), choices(5));
  assert.not.equal(choices(5), choices(6));
});

test.run();
