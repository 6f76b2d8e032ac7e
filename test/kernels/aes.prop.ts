// Aim: whatever cells of whatever ciphers come in whatever order, at whatever address and length, both twins do what
// node:crypto does.
import { type Cipher, createCipheriv } from 'node:crypto';
import fc from 'fast-check';
import { suite as uvuSuite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AesKeyBytes, CipherId } from '../../engine/kernels/aes.ts';
import { TWINS, type Twin } from './aes-twins.ts';
import { toHex } from './kernel-memory.ts';

const suite = uvuSuite('cell cipher properties');

const CAPACITY = 5;
const RUNS = 60;

interface Step {
  /** Modulo the number of ciphers. */
  readonly cipher: number;
  readonly length: number;
  /** Bytes before the cell. */
  readonly gap: number;
  readonly after: 'add' | 'run' | 'renew';
}

interface Opened {
  readonly id: CipherId;
  readonly model: Cipher;
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    cipher: fc.nat(CAPACITY - 1),
    length: fc.oneof(fc.integer({ min: 498, max: 514 }), fc.nat(40), fc.nat(9000)),
    gap: fc.nat(70),
    after: fc.constantFrom('add' as const, 'add' as const, 'run' as const, 'renew' as const),
  }),
  { minLength: 1, maxLength: 40 },
);

/** A counter block near the end of a run of 256, of 2^32 or of all blocks as often as anywhere. */
const counter = fc
  .tuple(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat(16))
  .map(([bytes, ones]) => bytes.map((byte, i) => (i >= ones && i < 15 ? 0xff : byte)));

function keyBytes(length: AesKeyBytes): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length });
}

function open(twin: Twin, key: Uint8Array, start: Uint8Array): Opened {
  return { id: twin.batch.open(key, start), model: createCipheriv(`aes-${key.length * 8}-ctr`, key, start) };
}

/** Does the steps, and returns what should lie in the data part of the memory and what does. */
function play(twin: Twin, keys: Uint8Array[], start: Uint8Array, list: Step[]): [string, string] {
  const ciphers = keys.map((key) => open(twin, key, start));
  const total = list.reduce((sum, step) => sum + step.gap + step.length, 0);
  const model = Uint8Array.from({ length: total }, (_, i) => (i * 31) ^ (i >> 8));
  twin.kernels.bytes.set(model, twin.dataAt);
  let at = 0;
  for (const step of list) {
    const which = step.cipher % keys.length;
    const { id, model: cipher } = ciphers[which]!;
    at += step.gap;
    twin.batch.add(id, twin.dataAt + at, step.length);
    model.set(cipher.update(model.subarray(at, at + step.length)), at);
    at += step.length;
    if (step.after === 'run') twin.batch.run();
    if (step.after === 'renew') {
      twin.batch.close(id);
      ciphers[which] = open(twin, keys[which]!, start);
    }
  }
  twin.batch.run();
  for (const { id } of ciphers) twin.batch.close(id);
  return [toHex(model), toHex(twin.kernels.bytes.slice(twin.dataAt, twin.dataAt + total))];
}

for (const [name, make] of TWINS) {
  for (const length of [16, 32] as const) {
    suite(`${name}: AES-${length * 8} as node:crypto does it`, () => {
      const twin = make({ capacity: CAPACITY, keyBytes: length, cellCountMax: 7 });
      fc.assert(
        fc.property(
          fc.array(keyBytes(length), { minLength: 1, maxLength: CAPACITY }),
          counter,
          steps,
          (keys, start, list) => {
            const [wanted, got] = play(twin, keys, start, list);
            assert.is(got, wanted);
          },
        ),
        { numRuns: RUNS },
      );
    });
  }
}

suite.run();
