/**
 * Aim: SHA-1 and SHA-256 give the digests of the standard in all three implementations (native, WebAssembly with
 * SIMD and without), one message at a time and side by side; the builds fit many threads over one memory.
 */
import { execFileSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlliumError } from '../../engine/codec/error.ts';
import { WasmLaneHasher } from '../../engine/kernels/lane-hasher-wasm.ts';
import { createKernelMemory, KERNEL_THREADS_MAX, scratchOffset } from '../../engine/kernels/memory-map.ts';
import { compileKernels, loadKernels } from '../../engine/kernels/module.ts';
import type { HashName } from '../../engine/kernels/types.ts';
import { candidates, freshKernels, hashTexts, hex } from './hash-support.ts';

/** FIPS 180-4 examples (published by NIST beside the standard): abc, 56 bytes, 112 bytes, nothing. */
const ABC = 'abc';
const LONG = 'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq';
const LONGER =
  'abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu';
const VECTORS: Readonly<Record<HashName, readonly (readonly [string, string])[]>> = {
  sha1: [
    [ABC, 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    [LONG, '84983e441c3bd26ebaae4aa1f95129e5e54670f1'],
    [LONGER, 'a49b2446a02c645bf419f995b67091253a04a259'],
    ['', 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
  ],
  sha256: [
    [ABC, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [LONG, '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1'],
    [LONGER, 'cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1'],
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ],
};
/** A million times the letter a. */
const MILLION: Readonly<Record<HashName, string>> = {
  sha1: '34aa973cd4c4daa4f61eeb2bdbad27316534016f',
  sha256: 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
};

const test = suite('hash kernels');

for (const candidate of candidates()) {
  for (const name of ['sha1', 'sha256'] as const) {
    for (const width of ['wide', 'single'] as const) {
      const hasher = candidate.hasher(name, width);
      test(`${candidate.title}, ${width}: ${name} of the standard's messages`, () => {
        for (const [text, digest] of VECTORS[name]) {
          const message = Buffer.from(text);
          for (let count = 1; count <= hasher.lanes; count += 1) {
            const digests = hashTexts(candidate, hasher, new Array(count).fill(message));
            assert.equal(digests, new Array(count).fill(digest), `${count} × "${text}"`);
          }
        }
      });
      test(`${candidate.title}, ${width}: ${name} of a million letters, in parts that fill no block`, () => {
        const at = scratchOffset(KERNEL_THREADS_MAX - 1);
        candidate.bytes.fill(97, at, at + 1000);
        for (let part = 0; part < 1000; part += 1) hasher.update([at + (part % 7)], 1, 993);
        hasher.update([at], 1, 1000);
        for (let part = 0; part < 6; part += 1) hasher.update([at], 1, 1000);
        const out = new Uint8Array(32);
        hasher.digest(1, out);
        assert.equal(hex(out.subarray(0, MILLION[name].length / 2)), MILLION[name]);
      });
    }
  }
}

test('a thread uses its own scratch area only, and says when it is used up', () => {
  const memory = createKernelMemory(1 << 16);
  const compiled = compileKernels('auto');
  const one = loadKernels({ memory, compiled, scratchOffset: scratchOffset(1) });
  const two = loadKernels({ memory, compiled, scratchOffset: scratchOffset(2) });
  const first = new WasmLaneHasher({ name: 'sha1', lanes: 1 }, { kernels: one });
  const second = new WasmLaneHasher({ name: 'sha1', lanes: 1 }, { kernels: two });
  one.bytes.set(Buffer.from('abc'), 0);
  first.update([0], 1, 3);
  second.update([0], 1, 3);
  second.update([0], 1, 3);
  const out = new Uint8Array(20);
  first.digest(1, out);
  assert.equal(hex(out), VECTORS.sha1[0]![1]);
  assert.throws(
    () => {
      for (;;) one.reserve(1000);
    },
    (error: unknown) => error instanceof AlliumError && error.code === 'SLAB_FULL',
  );
});

test('bytes outside the memory are refused before a kernel sees them', () => {
  const kernels = freshKernels('plain');
  const hasher = new WasmLaneHasher({ name: 'sha256', lanes: 1 }, { kernels });
  for (const [offset, byteLength] of [
    [kernels.bytes.length - 3, 4],
    [-1, 4],
    [0, -1],
    [Number.NaN, 4],
  ] as const) {
    assert.throws(() => hasher.update([offset], 1, byteLength), RangeError);
  }
});

test('no build has static data that a new thread would write over what is there', () => {
  const memory = createKernelMemory(1 << 16);
  const bytes = new Uint8Array(memory.buffer).fill(0x5a);
  for (const flavour of ['simd', 'plain'] as const) {
    loadKernels({ memory, flavour, scratchOffset: scratchOffset(0) });
    const own = scratchOffset(0);
    assert.ok(bytes.every((byte, at) => byte === 0x5a || (at >= own && at < scratchOffset(1))));
  }
});

test('an engine without SIMD takes the plain build and not the other', () => {
  // What V8 needs for SIMD on x64; other processors always have it.
  if (process.arch !== 'x64') return;
  const script = `
    const valid = (flavour) => WebAssembly.validate(require('node:fs').readFileSync(
      process.argv[1].replace('FLAVOUR', flavour)));
    process.exitCode = valid('plain') && !valid('simd') ? 0 : 1`;
  const file = new URL('../../wasm/kernels.FLAVOUR.wasm', import.meta.url).pathname;
  execFileSync(process.execPath, ['--no-enable-sse4-1', '--no-enable-ssse3', '-e', script, file]);
});

test('the unrolled sources are what their generator writes', () => {
  execFileSync(process.execPath, [new URL('../../../wasm/unroll.mjs', import.meta.url).pathname, '--check']);
});

test.run();
