import { readFileSync } from 'node:fs';
import { AlliumError } from '../codec/error.ts';
import type { AesExports } from './aes.ts';
import type { Crc32cExports } from './crc32c.ts';
import { KERNEL_SCRATCH_BYTES } from './memory-map.ts';
import type { Rc4Exports } from './rc4.ts';
import type { RelayExports } from './relay-records.ts';
import { HASH_TABLE_BYTES, type ShaExports } from './sha.ts';
import type { XorExports } from './xor.ts';

/** Which build of the kernels: with SIMD, or for engines that lack it. */
export type KernelFlavour = 'simd' | 'plain';

/** What both builds export. Addresses are byte offsets into the memory; nothing is checked on the far side. */
export interface KernelExports
  extends AesExports,
    Rc4Exports,
    XorExports,
    ShaExports,
    Crc32cExports,
    RelayExports {
  /** How many messages the multi-buffer hashes take side by side: 4 or, in the plain build, 1. */
  kernelLanes(): number;
}

/** One instance of the kernels: one thread's own, over the memory all threads share. */
export interface Kernels {
  readonly flavour: KernelFlavour;
  /** Can be handed to other threads, which then need not compile. */
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** The whole memory. */
  readonly bytes: Uint8Array;
  readonly exports: KernelExports;
  /**
   * Takes `byteLength` bytes of this thread's scratch area, aligned to 64, for the life of the instance.
   * They may hold anything.
   *
   * @throws AlliumError SLAB_FULL when the area is used up
   */
  reserve(byteLength: number): number;
}

export interface LoadKernelsOptions {
  /** A shared memory, see createKernelMemory. */
  readonly memory: WebAssembly.Memory;
  /** Start of this thread's scratch area, see scratchOffset. */
  readonly scratchOffset: number;
  /** `auto` (default): SIMD where the engine has it. Ignored when `compiled` is given. */
  readonly flavour?: KernelFlavour | 'auto';
  /** A module compiled by another thread, with its flavour. */
  readonly compiled?: CompiledKernels;
}

/** A compiled build; survives `postMessage`. */
export interface CompiledKernels {
  readonly flavour: KernelFlavour;
  readonly module: WebAssembly.Module;
}

/** A module with one function, `() => v128` of i32x4.splat(0): valid only where there is SIMD. */
const SIMD_PROBE = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // magic, version
  ...[1, 5, 1, 0x60, 0, 1, 0x7b], // types: () → v128
  ...[3, 2, 1, 0], // functions: one of type 0
  ...[10, 8, 1, 6, 0, 0x41, 0, 0xfd, 0x11, 0x0b], // code: i32.const 0, i32x4.splat, end
);

/** Whether this engine runs WebAssembly SIMD. */
export function hasSimd(): boolean {
  return WebAssembly.validate(SIMD_PROBE);
}

/**
 * Compiles one build from dist/wasm.
 *
 * @throws AlliumError NO_KERNEL when the file is not there or this engine refuses it
 */
export function compileKernels(flavour: KernelFlavour | 'auto' = 'auto'): CompiledKernels {
  const chosen = flavour === 'auto' ? (hasSimd() ? 'simd' : 'plain') : flavour;
  // From dist/engine/kernels/module.js to dist/wasm.
  const file = new URL(`../../wasm/kernels.${chosen}.wasm`, import.meta.url);
  try {
    return { flavour: chosen, module: new WebAssembly.Module(readFileSync(file)) };
  } catch (cause) {
    throw new AlliumError('NO_KERNEL', `cannot load the ${chosen} build of the kernels`, {
      advice: 'Run `npm run build`; if the file is there, this Node is too old (20.19 or newer is needed).',
      details: { flavour: chosen },
      cause,
    });
  }
}

/**
 * Instantiates the kernels for the calling thread, synchronously.
 *
 * @throws AlliumError NO_KERNEL when the build cannot be compiled or does not fit the memory
 */
export function loadKernels(options: LoadKernelsOptions): Kernels {
  const { memory } = options;
  const { flavour, module } = options.compiled ?? compileKernels(options.flavour);
  const instance = instantiate(module, memory);
  const end = options.scratchOffset + KERNEL_SCRATCH_BYTES;
  let next = options.scratchOffset;
  const kernels: Kernels = {
    flavour,
    module,
    memory,
    bytes: new Uint8Array(memory.buffer),
    exports: instance.exports as unknown as KernelExports,
    reserve(byteLength) {
      const at = next;
      if (at + byteLength > end) {
        throw new AlliumError('SLAB_FULL', 'the scratch area of this thread is used up', {
          advice: 'Create hashers and ciphers once per thread and use them again.',
          details: { byteLength, leftBytes: end - at },
        });
      }
      next = at + Math.ceil(byteLength / 64) * 64;
      return at;
    },
  };
  kernels.exports.hashInit(kernels.reserve(HASH_TABLE_BYTES));
  return kernels;
}

function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): WebAssembly.Instance {
  try {
    return new WebAssembly.Instance(module, { env: { memory } });
  } catch (cause) {
    throw new AlliumError('NO_KERNEL', 'the kernels do not fit this memory', {
      advice: 'The memory must be shared and come from createKernelMemory.',
      cause,
    });
  }
}
