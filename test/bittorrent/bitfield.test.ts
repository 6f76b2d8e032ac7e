// Aim: a bitfield has the byte order of BEP 3, counts what it holds, keeps its spare bits zero, and its set
// operations agree with plain sets.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Bitfield } from '../../engine/bittorrent/bitfield.ts';

const test = suite('bitfield');

test('piece 0 is the highest bit of the first byte (BEP 3)', () => {
  const bits = new Bitfield(10);
  bits.set(0);
  bits.set(9);
  assert.equal(bits.bytes, Uint8Array.of(0x80, 0x40));
  assert.ok(bits.has(0) && bits.has(9));
  assert.not(bits.has(1));
  assert.is(bits.count, 2);
});

test('all pieces: spare bits stay zero', () => {
  assert.equal(Bitfield.full(10).bytes, Uint8Array.of(0xff, 0xc0));
  assert.equal(Bitfield.full(16).bytes, Uint8Array.of(0xff, 0xff));
  assert.ok(Bitfield.full(10).isFull);
  assert.is(Bitfield.full(0).count, 0);
  assert.ok(new Bitfield(10).isEmpty);
});

test('set and clear say whether they changed anything, and leave what is outside alone', () => {
  const bits = new Bitfield(10);
  assert.ok(bits.set(3));
  assert.not(bits.set(3));
  assert.not(bits.set(10));
  assert.ok(bits.clear(3));
  assert.not(bits.clear(3));
  assert.not(bits.clear(10));
  assert.equal(bits.bytes, new Uint8Array(2));
});

test('bytes of a wrong length are a mistake of the caller', () => {
  assert.throws(() => new Bitfield(9, new Uint8Array(1)), /cannot hold/);
  assert.throws(() => new Bitfield(9).and(new Bitfield(8)), /different torrents/);
});

test('a copy is its own', () => {
  const bits = new Bitfield(9);
  const copy = bits.copy();
  copy.set(1);
  assert.not(bits.has(1));
  assert.not(bits.equals(copy));
  assert.not(new Bitfield(8).equals(new Bitfield(9)));
});

test('operations agree with those of plain sets', () => {
  const pieces = (count: number) => fc.uniqueArray(fc.nat(count - 1));
  const input = fc
    .integer({ min: 1, max: 90 })
    .chain((count) => fc.tuple(fc.constant(count), pieces(count), pieces(count)));
  fc.assert(
    fc.property(input, ([count, a, b]) => {
      const make = (list: readonly number[]): Bitfield => {
        const bits = new Bitfield(count);
        for (const piece of list) bits.set(piece);
        return bits;
      };
      const [left, right] = [make(a), make(b)];
      const sorted = (list: readonly number[]): number[] => [...list].sort((x, y) => x - y);
      const listed: number[] = [];
      left.forEach((piece) => {
        listed.push(piece);
      });
      assert.equal(listed, sorted(a));
      assert.equal([...left.pieces()], sorted(a));
      assert.equal(
        [...left.missing()],
        [...Array(count).keys()].filter((piece) => !a.includes(piece)),
      );
      assert.is(left.count, a.length);
      assert.is(new Bitfield(count, left.bytes).count, a.length, 'counted from bytes');
      assert.equal([...left.and(right).pieces()], sorted(a.filter((piece) => b.includes(piece))));
      assert.equal([...left.andNot(right).pieces()], sorted(a.filter((piece) => !b.includes(piece))));
      assert.is(
        left.hasAnyNotIn(right),
        a.some((piece) => !b.includes(piece)),
      );
      assert.is(left.equals(right), sorted(a).join() === sorted(b).join());
      for (const piece of a) left.clear(piece);
      assert.ok(left.isEmpty);
      assert.ok(left.bytes.every((byte) => byte === 0));
    }),
    { numRuns: 300 },
  );
});

test.run();
