// Aim: RC4 gives the vectors of RFC 6229, skips what MSE asks for, goes on where it stopped, keeps to its bounds and
// leaves nothing behind. On both builds.
import fc from 'fast-check';
import { suite as uvuSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlliumError } from '../../engine/codec/error.ts';
import { Rc4States } from '../../engine/kernels/rc4.ts';
import { FLAVOURS, FREE_START, fromHex, kernelsOver, toHex } from './kernel-memory.ts';
import { Rc4Reference } from './rc4-reference.ts';
import { RC4_OFFSETS, RC4_VECTORS } from './rc4-vectors.ts';

const suite = uvuSuite('rc4');

const STATES_AT = FREE_START + 65536;

for (const flavour of FLAVOURS) {
  const kernels = kernelsOver(flavour, 1 << 20);
  const states = new Rc4States({ capacity: 3, offset: STATES_AT }, { kernels });

  for (const { key, stream } of RC4_VECTORS) {
    suite(`${flavour}: RFC 6229, key of ${key.length * 4} bits, ${key.slice(0, 6)}…`, () => {
      const rc4 = states.open(fromHex(key));
      kernels.bytes.fill(0, FREE_START, FREE_START + 4112);
      rc4.crypt(FREE_START, 4112);
      const got = RC4_OFFSETS.map((at) => toHex(kernels.bytes.slice(FREE_START + at, FREE_START + at + 16)));
      assert.equal(got, stream);
      rc4.close();
    });
  }

  suite(`${flavour}: the first 1024 bytes can be skipped, as MSE does`, () => {
    const { key, stream } = RC4_VECTORS[4]!;
    const rc4 = states.open(fromHex(key), 1024);
    kernels.bytes.fill(0, FREE_START, FREE_START + 16);
    rc4.crypt(FREE_START, 16);
    assert.is(toHex(kernels.bytes.slice(FREE_START, FREE_START + 16)), stream[RC4_OFFSETS.indexOf(1024)]);
    rc4.close();
  });

  suite(`${flavour}: any key, any pieces, any address: as the reference`, () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 256 }),
        fc.nat(1500),
        fc.array(fc.record({ gap: fc.nat(9), length: fc.oneof(fc.nat(20), fc.nat(700)) }), { maxLength: 12 }),
        (key, skipBytes, pieces) => {
          const rc4 = states.open(key, skipBytes);
          const reference = new Rc4Reference(key, skipBytes);
          const total = pieces.reduce((sum, piece) => sum + piece.gap + piece.length, 16);
          const model = Uint8Array.from({ length: total }, (_, i) => i * 7);
          kernels.bytes.set(model, FREE_START);
          let at = 0;
          for (const { gap, length } of pieces) {
            at += gap;
            rc4.crypt(FREE_START + at, length);
            model.set(reference.crypt(model.subarray(at, at + length)), at);
            at += length;
          }
          rc4.close();
          assert.is(toHex(kernels.bytes.slice(FREE_START, FREE_START + total)), toHex(model));
        },
      ),
      { numRuns: 150 },
    );
  });

  suite(`${flavour}: streams do not disturb each other`, () => {
    const keys = ['0102030405', 'aabbcc', '00'].map(fromHex);
    const streams = keys.map((key) => states.open(key));
    const references = keys.map((key) => new Rc4Reference(key));
    for (let round = 0; round < 20; round += 1) {
      const data = Uint8Array.from({ length: 37 + round }, (_, i) => i + round);
      streams.forEach((rc4, k) => {
        kernels.bytes.set(data, FREE_START);
        rc4.crypt(FREE_START, data.length);
        const got = kernels.bytes.slice(FREE_START, FREE_START + data.length);
        assert.is(toHex(got), toHex(references[k]!.crypt(data)));
      });
    }
    for (const rc4 of streams) rc4.close();
  });

  suite(`${flavour}: at the bound no more streams open; closing wipes, gives back, and is idempotent`, () => {
    const open = [1, 2, 3].map((byte) => states.open(Uint8Array.of(byte)));
    try {
      states.open(Uint8Array.of(4));
      assert.unreachable();
    } catch (error) {
      assert.is((error as AlliumError).code, 'SLAB_FULL');
      assert.instance(error, AlliumError);
    }
    for (const rc4 of open) rc4.close();
    open[0]!.close();
    const bytes = kernels.bytes.slice(STATES_AT, STATES_AT + Rc4States.bytesFor(3, { kernels }));
    assert.ok(bytes.every((byte) => byte === 0));
    const again = [1, 2, 3].map((byte) => states.open(Uint8Array.of(byte)));
    assert.throws(() => states.open(Uint8Array.of(4)));
    for (const rc4 of again) rc4.close();
  });

  suite(`${flavour}: refuses what its caller cannot mean`, () => {
    assert.throws(() => states.open(new Uint8Array(0)), /1…256/);
    assert.throws(() => states.open(new Uint8Array(257)), /1…256/);
    const rc4 = states.open(Uint8Array.of(1));
    assert.throws(() => rc4.crypt(kernels.bytes.length - 1, 2), /outside the memory/);
    assert.throws(() => rc4.crypt(FREE_START, -1), /outside the memory/);
    rc4.close();
    assert.throws(() => rc4.crypt(FREE_START, 1), /closed/);
  });
}

suite.run();
