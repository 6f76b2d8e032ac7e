/**
 * Aim: ALLIUM_KERNELS is obeyed and checked; the calibration names a twin for every operation within its budget, and
 * the faster one, a tie going to WASM; what is made from a choice is what was chosen.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlliumError } from '../../engine/codec/error.ts';
import { calibrate, choiceForMany, chooseKernels, WASM_CREDIT } from '../../engine/kernels/calibrate.ts';
import {
  choiceOfOne,
  chosenLanes,
  createCellCiphers,
  createLaneHasher,
  createLaneHashers,
  createSha256Tree,
  kernelPolicy,
  OPERATION_NAMES,
  type OperationName,
} from '../../engine/kernels/choice.ts';
import { NativeLaneHasher } from '../../engine/kernels/lane-hasher-native.ts';
import { WasmLaneHasher } from '../../engine/kernels/lane-hasher-wasm.ts';
import { SLAB_START } from '../../engine/kernels/memory-map.ts';
import { compileKernels, hasSimd } from '../../engine/kernels/module.ts';
import { NativeSha256Tree, WasmSha256Tree } from '../../engine/kernels/sha256-tree.ts';
import { expected, freshKernels, hex } from './hash-support.ts';

const test = suite('choice of kernels');
const compiled = compileKernels();

test('ALLIUM_KERNELS is wasm, native or auto; auto when it is not set', () => {
  assert.is(kernelPolicy({}), 'auto');
  for (const word of ['wasm', 'native', 'auto'] as const)
    assert.is(kernelPolicy({ ALLIUM_KERNELS: word }), word);
  assert.throws(
    () => kernelPolicy({ ALLIUM_KERNELS: 'fast' }),
    (error: unknown) => error instanceof AlliumError && error.code === 'BAD_USAGE',
  );
});

test('a forced policy measures nothing and takes one twin everywhere', () => {
  for (const twin of ['wasm', 'native'] as const) {
    const choice = chooseKernels(twin, compiled);
    for (const name of OPERATION_NAMES) assert.is(choice[name], twin);
  }
});

test('auto measures once in a process', () => {
  assert.is(chooseKernels('auto', compiled), chooseKernels('auto', compiled));
});

test('the calibration covers every operation and takes the twin that was faster', () => {
  const { choice, operations } = calibrate(compiled);
  assert.equal(operations.map(({ name }) => name).sort(), [...OPERATION_NAMES].sort());
  for (const { name, twin, wasmUs, nativeUs } of operations) {
    assert.ok(wasmUs > 0 && nativeUs > 0, name);
    assert.is(twin, wasmUs <= nativeUs * WASM_CREDIT ? 'wasm' : 'native');
    assert.is(choice[name], twin);
  }
});

test('the calibration works with the plain build too', () => {
  assert.is(calibrate(compileKernels('plain'), 1).operations.length, OPERATION_NAMES.length);
});

test('hashers, trees and ciphers are those of the choice', () => {
  const kernels = freshKernels(hasSimd() ? 'simd' : 'plain');
  const wasm = choiceOfOne('wasm');
  const native = choiceOfOne('native');
  assert.ok(createLaneHasher('sha1', kernels, wasm) instanceof WasmLaneHasher);
  assert.ok(createLaneHasher('sha1', kernels, native) instanceof NativeLaneHasher);
  const mixed = createLaneHashers('sha256', kernels, { ...wasm, 'sha256-single': 'native' });
  assert.ok(mixed.wide instanceof WasmLaneHasher && mixed.single instanceof NativeLaneHasher);
  assert.ok(createSha256Tree(kernels, wasm) instanceof WasmSha256Tree);
  assert.ok(createSha256Tree(kernels, native) instanceof NativeSha256Tree);
  const cells = { capacity: 1, keyBytes: 16, cellCountMax: 1, offset: SLAB_START } as const;
  assert.is(createCellCiphers(cells, kernels, wasm).twin, 'wasm');
  assert.is(createCellCiphers(cells, kernels, native).twin, 'native');
});

test('leaves and root may come from different twins', () => {
  const kernels = freshKernels('plain');
  for (const [leaves, root] of [
    ['wasm', 'native'],
    ['native', 'wasm'],
  ] as const) {
    const choice = { ...choiceOfOne('wasm'), 'sha256-leaves': leaves, 'sha256-root': root };
    const tree = createSha256Tree(kernels, choice);
    const out = new Uint8Array(32);
    assert.is(tree.leaves(SLAB_START, 100, out), 1);
    assert.is(hex(out), expected('sha256', kernels.bytes.subarray(SLAB_START, SLAB_START + 100)));
    const pair = expected('sha256', kernels.bytes.slice(SLAB_START, SLAB_START + 64));
    tree.root(SLAB_START, 2, 2, new Uint8Array(32), out);
    assert.is(hex(out), pair);
  }
});

test('messages go side by side only with SIMD and only where the kernel was chosen', () => {
  assert.equal(chosenLanes(choiceOfOne('wasm'), 'simd'), { sha1: 4, sha256: 4 });
  assert.equal(chosenLanes(choiceOfOne('wasm'), 'plain'), { sha1: 1, sha256: 1 });
  assert.equal(chosenLanes({ ...choiceOfOne('wasm'), sha256: 'native' }, 'simd'), { sha1: 4, sha256: 1 });
});

test('threads that may share a core take the kernels only where these are clearly faster', () => {
  const at = (name: OperationName, wasmUs: number) => ({
    name,
    twin: 'wasm' as const,
    wasmUs,
    nativeUs: 100,
  });
  const choice = choiceForMany([at('sha1', 82), at('sha256', 60), at('aes-cells', 150)]);
  assert.is(choice.sha1, 'native');
  assert.is(choice.sha256, 'wasm');
  assert.is(choice['aes-cells'], 'native');
});

test.run();
