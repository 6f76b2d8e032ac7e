/** Aim: a virtual file holds what a plain array would, and a power cut loses only what was not synced, by blocks. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SimRandom } from '../../../engine/runtime/sim/chance.ts';
import { BLOCK_BYTES, SimFile } from '../../../engine/runtime/sim/file.ts';
import { pattern, sameBytes } from '../conformance/pair.ts';

const test = suite('simulated file');
const LENGTH_MAX = 200_000;

const change = fc.oneof(
  fc.record({ write: fc.nat(LENGTH_MAX - 20_000), length: fc.nat(20_000) }),
  fc.record({ truncate: fc.nat(LENGTH_MAX) }),
  fc.constant('sync' as const),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

/** Does the same to a file and to its model: an array and a length. */
class Both {
  readonly file = new SimFile();
  readonly bytes = new Uint8Array(LENGTH_MAX);
  length = 0;
  #seed = 1;

  apply(one: Change): void {
    if (one === 'sync') this.file.sync();
    else if ('truncate' in one) {
      this.file.truncate(one.truncate);
      this.bytes.fill(0, Math.min(one.truncate, this.length));
      this.length = one.truncate;
    } else {
      const data = pattern(one.length, this.#seed++);
      this.file.write(data, one.write);
      this.bytes.set(data, one.write);
      if (one.length > 0) this.length = Math.max(this.length, one.write + one.length);
    }
  }

  content(): Uint8Array {
    const out = new Uint8Array(LENGTH_MAX);
    const length = this.file.read(out, 0);
    assert.is(length, this.file.byteLength);
    return out.subarray(0, length);
  }
}

test('against a plain array', () => {
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 30 }),
      fc.nat(LENGTH_MAX),
      fc.nat(9000),
      (changes, at, count) => {
        const both = new Both();
        for (const one of changes) both.apply(one);
        sameBytes(both.content(), both.bytes.subarray(0, both.length), 'content');
        const part = new Uint8Array(count).fill(7);
        const got = both.file.read(part, at);
        assert.is(got, Math.max(0, Math.min(count, both.length - at)));
        sameBytes(part.subarray(0, got), both.bytes.subarray(at, at + got), 'a part');
        assert.ok(both.file.usedBytes <= Math.ceil(LENGTH_MAX / BLOCK_BYTES) * BLOCK_BYTES);
      },
    ),
    { numRuns: 300 },
  );
});

test('space is counted by blocks that were written', () => {
  const file = new SimFile();
  assert.is(file.neededBytes(100, 1), 4096);
  assert.is(file.neededBytes(4095, 2), 8192);
  assert.is(file.neededBytes(0, 0), 0);
  file.write(new Uint8Array(2), 4095);
  assert.is(file.usedBytes, 8192);
  assert.is(file.neededBytes(0, 8192), 0);
  file.truncate(1 << 30);
  assert.is(file.usedBytes, 8192, 'a hole takes none');
  file.truncate(10);
  assert.is(file.usedBytes, 4096);
});

test('what was synced survives every power cut, whatever happened since elsewhere in the file', () => {
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 12 }),
      fc.array(change, { maxLength: 12 }),
      fc.nat(),
      (a, b, seed) => {
        const both = new Both();
        for (const one of a) both.apply(one);
        both.apply('sync');
        const synced = both.bytes.slice(0, both.length);
        const touched = new Uint8Array(LENGTH_MAX + BLOCK_BYTES);
        let shortest = synced.length;
        for (const one of b) {
          if (one === 'sync') continue;
          both.apply(one);
          if ('truncate' in one) shortest = Math.min(shortest, one.truncate);
          else if (one.length > 0) touched.fill(1, one.write, one.write + one.length);
        }
        both.file.crash(new SimRandom(seed, 'crash'));
        const left = both.content();
        for (let at = 0; at < shortest; at++) {
          if (touched[at] === 0 && left[at] !== synced[at]) {
            throw new Error(`byte ${at} of ${synced.length} was synced and is lost`);
          }
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('an unsynced overwrite is kept, lost or torn, block by block', () => {
  const fates = { kept: 0, lost: 0, torn: 0 };
  const blocks = 64;
  for (let seed = 0; seed < 20; seed++) {
    const file = new SimFile();
    file.write(new Uint8Array(blocks * BLOCK_BYTES).fill(1), 0);
    file.sync();
    file.write(new Uint8Array(blocks * BLOCK_BYTES).fill(2), 0);
    file.crash(new SimRandom(seed, 'crash'));
    const bytes = new Uint8Array(blocks * BLOCK_BYTES);
    file.read(bytes, 0);
    for (let block = 0; block < blocks; block++) {
      const part = bytes.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES);
      const fresh = part.indexOf(1);
      if (fresh === -1) fates.kept++;
      else if (fresh === 0) fates.lost++;
      else {
        fates.torn++;
        assert.is(fresh % 512, 0, 'sectors are whole');
        assert.ok(part.subarray(fresh).every((byte) => byte === 1));
      }
    }
  }
  assert.ok(fates.kept > 400 && fates.lost > 200 && fates.torn > 150, JSON.stringify(fates));
});

test.run();
