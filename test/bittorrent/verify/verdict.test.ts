// Aim: counts and runs follow every change, and batches hand out each pending piece exactly once.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { nextBatch, PieceQueue } from '../../../engine/bittorrent/verify/batch.ts';
import { VERDICT, type Verdict, VerdictMap } from '../../../engine/bittorrent/verify/verdict.ts';

const test = suite('verdicts and batches');

test('counts and runs agree with a plain list after any changes', () => {
  const change = fc.tuple(fc.nat({ max: 29 }), fc.constantFrom<Verdict>(0, 1, 2, 3, 4));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 100 }), (changes) => {
      const map = new VerdictMap(30);
      const plain = new Array<Verdict>(30).fill(VERDICT.unselected);
      for (const [piece, verdict] of changes) {
        map.set(piece, verdict);
        plain[piece] = verdict;
      }
      for (const verdict of Object.values(VERDICT)) {
        assert.is(map.count(verdict), plain.filter((other) => other === verdict).length);
        const spread = map
          .runs(verdict)
          .flatMap(({ first, end }) => Array.from({ length: end - first }, (_, at) => first + at));
        assert.equal(
          spread,
          [...plain.keys()].filter((piece) => plain[piece] === verdict),
        );
      }
      assert.is(map.selectedCount, plain.filter((verdict) => verdict !== VERDICT.unselected).length);
    }),
  );
});

test('a piece that is not there cannot be judged', () => {
  assert.throws(() => new VerdictMap(3).set(3, VERDICT.good), /no piece 3/);
});

test('a queue hands out each pending piece once, in order, in batches that fit', () => {
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { maxLength: 60 }),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 4 }),
      (pending, bytes, piecesMin) => {
        const map = new VerdictMap(pending.length);
        pending.forEach((isPending, piece) => {
          if (isPending) map.set(piece, VERDICT.pending);
        });
        const queue = new PieceQueue(map);
        const taken: number[] = [];
        while (!queue.isEmpty) {
          const batch = queue.take(bytes, piecesMin, () => 10);
          assert.ok(batch.length > 0);
          assert.ok(batch.length <= piecesMin || batch.length * 10 <= bytes);
          taken.push(...batch);
        }
        assert.equal(
          queue.take(bytes, piecesMin, () => 10),
          [],
        );
        assert.equal(
          taken,
          [...pending.keys()].filter((piece) => pending[piece]),
        );
      },
    ),
  );
});

test('a piece that is judged while it waits is not handed out any more', () => {
  const map = new VerdictMap(4);
  for (let piece = 0; piece < 4; piece += 1) map.set(piece, VERDICT.pending);
  const queue = new PieceQueue(map);
  assert.equal(
    queue.take(1, 1, () => 1),
    [0],
  );
  map.set(1, VERDICT.blocked);
  assert.equal(
    queue.take(9, 1, () => 1),
    [2, 3],
  );
});

const MIB = 1024 * 1024;

test('batches are large far from the end and small close to it', () => {
  assert.equal(nextBatch(10_000 * MIB, MIB, 2), { bytes: 16 * MIB, piecesMin: 4 });
  assert.equal(nextBatch(60 * MIB, MIB, 2), { bytes: 10 * MIB, piecesMin: 1 });
  assert.equal(nextBatch(1, MIB, 2), { bytes: MIB, piecesMin: 1 });
});

test('long pieces go four at a time, but not when that would take seconds', () => {
  assert.is(nextBatch(100_000 * MIB, 64 * MIB, 2).piecesMin, 4);
  assert.is(nextBatch(1_000_000 * MIB, 128 * MIB, 2).piecesMin, 1);
});

test.run();
