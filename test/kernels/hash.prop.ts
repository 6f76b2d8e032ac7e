/**
 * Aim: all three implementations of SHA-1, SHA-256 and the hash tree agree with OpenSSL, and CRC-32C with a plain
 * reference, over random lengths, places, alignments and cuts of the messages.
 */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createCrc32c } from '../../engine/kernels/crc32c.ts';
import { SLAB_START } from '../../engine/kernels/memory-map.ts';
import { candidates, expected, freshKernels, hex, ROOM_BYTES } from './hash-support.ts';

const BLOCK = 16384;
const test = suite('hash kernels against references');

/** Fills the room with bytes that differ everywhere. */
function noise(bytes: Uint8Array): void {
  let x = 0x2545f491;
  for (let at = SLAB_START; at < SLAB_START + ROOM_BYTES; at += 1) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    bytes[at] = x;
  }
}

for (const candidate of candidates()) {
  noise(candidate.bytes);
  for (const name of ['sha1', 'sha256'] as const) {
    for (const width of ['wide', 'single'] as const) {
      const hasher = candidate.hasher(name, width);
      const digestBytes = name === 'sha1' ? 20 : 32;
      test(`${candidate.title}, ${width}: ${name} of messages cut anywhere, at any alignment`, () => {
        const offset = fc.nat(ROOM_BYTES - 3000);
        const part = fc.record({
          byteLength: fc.oneof(fc.nat(200), fc.constantFrom(0, 55, 56, 63, 64, 65, 128), fc.nat(3000)),
          offsets: fc.tuple(offset, offset, offset, offset),
        });
        const cut = fc.array(part, { maxLength: 6 });
        fc.assert(
          fc.property(cut, fc.integer({ min: 1, max: hasher.lanes }), (parts, count) => {
            const models = Array.from({ length: count }, () => createHash(name));
            for (const { byteLength, offsets } of parts) {
              const places = offsets.map((place) => SLAB_START + place);
              hasher.update(places, count, byteLength);
              models.forEach((model, lane) => {
                model.update(candidate.bytes.subarray(places[lane]!, places[lane]! + byteLength));
              });
            }
            const out = new Uint8Array(count * digestBytes);
            hasher.digest(count, out);
            assert.is(hex(out), models.map((model) => model.digest('hex')).join(''));
          }),
          { numRuns: 200 },
        );
      });
      test(`${candidate.title}, ${width}: ${name} of whole messages in one go`, () => {
        fc.assert(
          fc.property(fc.nat(40000), fc.nat(64), (byteLength, shift) => {
            const offsets = Array.from({ length: hasher.lanes }, (_, i) => SLAB_START + shift + i * 40001);
            const out = new Uint8Array(hasher.lanes * digestBytes);
            hasher.whole(offsets, hasher.lanes, byteLength, out);
            const views = offsets.map((at) => candidate.bytes.subarray(at, at + byteLength));
            assert.is(hex(out), views.map((view) => expected(name, view)).join(''));
          }),
          { numRuns: 50 },
        );
      });
    }
  }

  test(`${candidate.title}: leaves of 16 KiB, the last one short`, () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 * BLOCK }), fc.nat(64), (byteLength, shift) => {
        const from = SLAB_START + shift;
        const out = new Uint8Array(Math.ceil(byteLength / BLOCK) * 32);
        assert.is(candidate.tree.leaves(from, byteLength, out), out.length / 32);
        let digests = '';
        for (let at = 0; at < byteLength; at += BLOCK) {
          const end = from + Math.min(byteLength, at + BLOCK);
          digests += expected('sha256', candidate.bytes.subarray(from + at, end));
        }
        assert.is(hex(out), digests);
      }),
      { numRuns: 30 },
    );
  });

  test(`${candidate.title}: root over a row padded to a power of two`, () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 70 }),
        fc.nat(2),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.nat(64),
        (count, wider, pad, shift) => {
          const from = SLAB_START + shift;
          const width = 2 ** (Math.ceil(Math.log2(count)) + wider);
          const row = Array.from({ length: width }, (_, i) =>
            i < count ? candidate.bytes.slice(from + 32 * i, from + 32 * i + 32) : pad,
          );
          const out = new Uint8Array(32);
          candidate.tree.root(from, count, width, pad, out);
          assert.is(hex(out), plainRoot(row));
        },
      ),
      { numRuns: 60 },
    );
  });
}

function plainRoot(row: readonly Uint8Array[]): string {
  let level = row.map((hash) => Buffer.from(hash));
  while (level.length > 1) {
    level = Array.from({ length: level.length / 2 }, (_, i) =>
      createHash('sha256')
        .update(level[2 * i]!)
        .update(level[2 * i + 1]!)
        .digest(),
    );
  }
  return level[0]!.toString('hex');
}

/** Bit by bit, as RFC 3720 describes it. */
function plainCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ ((crc & 1) === 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

for (const flavour of ['simd', 'plain'] as const) {
  const kernels = freshKernels(flavour);
  const crc32c = createCrc32c(kernels);
  test(`wasm ${flavour}: crc32c of RFC 3720 B.4`, () => {
    const at = SLAB_START + 5;
    const of = (bytes: ArrayLike<number>): number => {
      kernels.bytes.set(bytes, at);
      return crc32c(at, bytes.length);
    };
    assert.is(of(new Uint8Array(32)), 0x8a9136aa);
    assert.is(of(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
    assert.is(of(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
    assert.is(of(Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c);
    assert.is(of(Buffer.from('123456789')), 0xe3069283);
    assert.is(crc32c(at, 0), 0);
    assert.throws(() => crc32c(kernels.bytes.length, 1), RangeError);
  });
  test(`wasm ${flavour}: crc32c at any alignment, also in two parts`, () => {
    noise(kernels.bytes);
    fc.assert(
      fc.property(fc.nat(2000), fc.nat(2000), fc.nat(1000), (first, second, shift) => {
        const at = SLAB_START + shift;
        const wanted = plainCrc32c(kernels.bytes.subarray(at, at + first + second));
        assert.is(crc32c(at, first + second), wanted);
        assert.is(crc32c(at + first, second, crc32c(at, first)), wanted);
      }),
      { numRuns: 200 },
    );
  });
}

test.run();
