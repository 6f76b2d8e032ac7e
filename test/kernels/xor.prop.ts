// Aim: the k nearest of any identifiers to any target, and their bucket indexes, are what arithmetic on big integers
// says, ties by index; and the table holds what was put into it. On both builds.
import fc from 'fast-check';
import { suite as uvuSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlliumError } from '../../engine/codec/error.ts';
import { ID_BYTES, IdTable } from '../../engine/kernels/xor.ts';
import { FLAVOURS, FREE_START, kernelsOver, toHex } from './kernel-memory.ts';

const suite = uvuSuite('id table');

const CAPACITY = 300;
const NEAREST_MAX = 40;

function toBigInt(id: Uint8Array): bigint {
  return BigInt(`0x${toHex(id)}`);
}

function naiveNearest(ids: readonly Uint8Array[], k: number, target: Uint8Array): number[] {
  const wanted = toBigInt(target);
  const distances = ids.map((id) => toBigInt(id) ^ wanted);
  const compare = (a: number, b: number): number => {
    const difference = distances[a]! - distances[b]!;
    return difference === 0n ? a - b : Number(difference > 0n) * 2 - 1;
  };
  return [...ids.keys()].sort(compare).slice(0, k);
}

function naivePrefixLength(id: Uint8Array, own: Uint8Array): number {
  const distance = toBigInt(id) ^ toBigInt(own);
  return distance === 0n ? 160 : 160 - distance.toString(2).length;
}

/** Random ones, and ones that agree in the first 0…20 bytes, or but for one bit, with a common one. */
const id: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    fc.uint8Array({ minLength: ID_BYTES, maxLength: ID_BYTES }),
    fc.nat(ID_BYTES),
    fc.nat(159),
    fc.boolean(),
  )
  .map(([bytes, same, bit, flip]) => {
    const mixed = bytes.map((byte, i) => (i < same ? (i * 37) & 0xff : byte));
    if (flip) mixed[bit >> 3]! ^= 0x80 >> (bit & 7);
    return mixed;
  });
const ids = fc.oneof(fc.array(id, { maxLength: 20 }), fc.array(id, { minLength: 60, maxLength: CAPACITY }));

function table(flavour: (typeof FLAVOURS)[number]): IdTable {
  const kernels = kernelsOver(flavour, 1 << 20);
  return new IdTable({ capacity: CAPACITY, nearestMax: NEAREST_MAX, offset: FREE_START }, { kernels });
}

function sameId(byte: number): Uint8Array {
  return new Uint8Array(ID_BYTES).fill(byte);
}

for (const flavour of FLAVOURS) {
  suite(`${flavour}: nearest, as sorting big integers says`, () => {
    const ours = table(flavour);
    fc.assert(
      fc.property(ids, id, fc.nat(NEAREST_MAX), (list, target, k) => {
        ours.load(Buffer.concat(list));
        assert.equal(ours.nearest(k, target), naiveNearest(list, k, target));
      }),
      { numRuns: 300 },
    );
  });

  suite(`${flavour}: bucket indexes, as big integers say`, () => {
    const ours = table(flavour);
    fc.assert(
      fc.property(ids, id, (list, own) => {
        ours.load(Buffer.concat(list));
        const out = new Uint8Array(CAPACITY).fill(255);
        ours.prefixLengths(own, out);
        assert.equal(
          [...out.subarray(0, list.length)],
          list.map((one) => naivePrefixLength(one, own)),
        );
        assert.ok(out.subarray(list.length).every((byte) => byte === 255));
      }),
      { numRuns: 100 },
    );
  });

  suite(`${flavour}: bucket indexes of more identifiers than one call of the kernel takes`, () => {
    const kernels = kernelsOver(flavour, 1 << 20);
    const ours = new IdTable({ capacity: 2500, nearestMax: 1, offset: FREE_START }, { kernels });
    const list = Array.from({ length: 2500 }, (_, i) => sameId(0).fill(1, i % ID_BYTES));
    ours.load(Buffer.concat(list));
    const out = new Uint8Array(2500);
    ours.prefixLengths(sameId(0), out);
    assert.equal(
      [...out],
      list.map((_, i) => (i % ID_BYTES) * 8 + 7),
    );
  });

  suite(`${flavour}: nearest when every identifier is nearer than all before it`, () => {
    const ours = table(flavour);
    const list = Array.from({ length: CAPACITY }, (_, i) => {
      const one = sameId(0);
      new DataView(one.buffer).setUint32(0, CAPACITY - i);
      return one;
    });
    ours.load(Buffer.concat(list));
    assert.equal(ours.nearest(8, sameId(0)), naiveNearest(list, 8, sameId(0)));
  });

  suite(`${flavour}: equal identifiers come by index; none, fewer than k and none asked for`, () => {
    const ours = table(flavour);
    assert.equal(ours.nearest(8, sameId(1)), []);
    for (let i = 0; i < 37; i += 1) ours.add(sameId(7));
    assert.equal(ours.nearest(8, sameId(1)), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert.is(ours.nearest(40, sameId(1)).length, 37);
    assert.equal(ours.nearest(0, sameId(1)), []);
  });

  suite(`${flavour}: holds what add, replace, remove and load put there`, () => {
    const ours = table(flavour);
    const hex = (): string[] => Array.from({ length: ours.length }, (_, i) => toHex(ours.get(i)).slice(0, 2));
    assert.is(ours.add(sameId(0xa0)), 0);
    assert.is(ours.add(sameId(0xb0)), 1);
    assert.is(ours.add(sameId(0xc0)), 2);
    ours.replace(1, sameId(0xf1));
    assert.equal(hex(), ['a0', 'f1', 'c0']);
    ours.remove(0);
    assert.equal(hex(), ['c0', 'f1']);
    ours.remove(1);
    assert.equal(hex(), ['c0']);
    ours.load(Buffer.concat([sameId(1), sameId(2)]));
    assert.equal(hex(), ['01', '02']);
    assert.equal(ours.get(1), sameId(2));
  });

  suite(`${flavour}: full, it takes no more`, () => {
    const ours = table(flavour);
    ours.load(new Uint8Array(CAPACITY * ID_BYTES));
    assert.is(ours.add(sameId(1)), undefined);
    assert.is(ours.length, CAPACITY);
    try {
      ours.load(new Uint8Array((CAPACITY + 1) * ID_BYTES));
      assert.unreachable();
    } catch (error) {
      assert.instance(error, AlliumError);
      assert.is((error as AlliumError).code, 'SLAB_FULL');
    }
    assert.is(ours.length, CAPACITY, 'keeps what it had');
  });

  suite(`${flavour}: refuses what its caller cannot mean`, () => {
    const ours = table(flavour);
    ours.add(sameId(1));
    assert.throws(() => ours.get(1), /outside/);
    assert.throws(() => ours.replace(-1, sameId(1)), /outside/);
    assert.throws(() => ours.remove(0.5), /outside/);
    assert.throws(() => ours.nearest(NEAREST_MAX + 1, sameId(1)), /0…40/);
    assert.throws(() => ours.load(new Uint8Array(21)), /whole identifiers/);
    assert.throws(() => ours.prefixLengths(sameId(1), new Uint8Array(0)), /0 bytes/);
  });
}

suite('refuses memory that does not begin at a cache line', () => {
  const kernels = kernelsOver('plain', 65536);
  const options = { capacity: 1, nearestMax: 1, offset: FREE_START + 4 };
  assert.throws(() => new IdTable(options, { kernels }), /multiple of 64/);
});

suite.run();
