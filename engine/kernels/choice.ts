import { AlliumError } from '../codec/error.ts';
import type { CellCipherBatch, CellCipherOptions } from './aes.ts';
import { NativeCellCiphers } from './aes-native.ts';
import { WasmCellCiphers } from './aes-wasm.ts';
import type { LaneHashers, Twin, WholeHasher } from './lane-hasher.ts';
import { NativeLaneHasher } from './lane-hasher-native.ts';
import { WasmLaneHasher } from './lane-hasher-wasm.ts';
import type { KernelFlavour, Kernels } from './module.ts';
import { wideLanes } from './sha.ts';
import { NativeSha256Tree, type Sha256Tree, WasmSha256Tree } from './sha256-tree.ts';
import type { HashName } from './types.ts';

/** What the user wants: one twin everywhere, or the faster one of each operation. */
export type KernelPolicy = 'wasm' | 'native' | 'auto';

/**
 * The operations with two twins. `sha1` and `sha256` are pieces, as many side by side as the build has lanes;
 * `-single` is a piece alone; leaves and root are those of BEP 52; `aes-cells` a batch of cells of many circuits. For
 * Counter Galois Onion that decides only who makes the key stream of directions that keep their keys: the rest of it
 * has no native twin.
 */
export const OPERATION_NAMES = [
  'sha1',
  'sha1-single',
  'sha256',
  'sha256-single',
  'sha256-leaves',
  'sha256-root',
  'aes-cells',
] as const;

export type OperationName = (typeof OPERATION_NAMES)[number];

/** Which twin does what. Plain data: made once in a process and handed to its threads. */
export type KernelChoice = Readonly<Record<OperationName, Twin>>;

/**
 * The policy in `ALLIUM_KERNELS`; `auto` when it is not set.
 *
 * @throws AlliumError BAD_USAGE for another word
 */
export function kernelPolicy(environment: Readonly<Record<string, string | undefined>>): KernelPolicy {
  const word = environment.ALLIUM_KERNELS ?? 'auto';
  if (word === 'wasm' || word === 'native' || word === 'auto') return word;
  throw new AlliumError('BAD_USAGE', `ALLIUM_KERNELS is “${word}”`, {
    advice: 'Set it to wasm, native or auto, or not at all.',
    details: { word },
  });
}

/** The same twin for every operation. */
export function choiceOfOne(twin: Twin): KernelChoice {
  return Object.fromEntries(OPERATION_NAMES.map((name) => [name, twin])) as Record<OperationName, Twin>;
}

/** How many messages go side by side, as chosen, in this build. */
export function chosenLanes(choice: KernelChoice, flavour: KernelFlavour): Readonly<Record<HashName, 1 | 4>> {
  const lanes = (name: HashName): 1 | 4 => (choice[name] === 'wasm' && flavour === 'simd' ? 4 : 1);
  return { sha1: lanes('sha1'), sha256: lanes('sha256') };
}

/** This thread's hashers of one kind, as chosen. Make them once: they hold scratch memory for life. */
export function createLaneHashers(name: HashName, kernels: Kernels, choice: KernelChoice): LaneHashers {
  const { bytes } = kernels;
  const native = new NativeLaneHasher({ name }, { bytes });
  const single =
    choice[`${name}-single`] === 'wasm' ? new WasmLaneHasher({ name, lanes: 1 }, { kernels }) : native;
  if (choice[name] === 'native') return { name, wide: native, single };
  const lanes = wideLanes(kernels);
  if (lanes === 1 && single !== native) return { name, wide: single, single };
  return { name, wide: new WasmLaneHasher({ name, lanes }, { kernels }), single };
}

/** The wide one of {@link createLaneHashers}. */
export function createLaneHasher(name: HashName, kernels: Kernels, choice: KernelChoice): WholeHasher {
  return createLaneHashers(name, kernels, choice).wide;
}

/** This thread's hash trees, leaves and roots as chosen. Make it once: it holds scratch memory for life. */
export function createSha256Tree(kernels: Kernels, choice: KernelChoice): Sha256Tree {
  const { bytes } = kernels;
  const [leaves, root] = [choice['sha256-leaves'], choice['sha256-root']];
  const native = new NativeSha256Tree({}, { bytes });
  if (leaves === 'native' && root === 'native') return native;
  const wasm = new WasmSha256Tree({}, { kernels });
  if (leaves === root) return wasm;
  const [forLeaves, forRoot] = leaves === 'wasm' ? [wasm, native] : [native, wasm];
  return {
    leaves: (offset, byteLength, out) => forLeaves.leaves(offset, byteLength, out),
    root: (offset, count, width, pad, out) => forRoot.root(offset, count, width, pad, out),
  };
}

/** Cell ciphers as chosen; `options.offset` must have room for either twin. */
export function createCellCiphers(
  options: CellCipherOptions,
  kernels: Kernels,
  choice: KernelChoice,
): CellCipherBatch {
  return choice['aes-cells'] === 'wasm'
    ? new WasmCellCiphers(options, { kernels })
    : new NativeCellCiphers(options, { kernels });
}
