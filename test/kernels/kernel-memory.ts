import { createKernelMemory, SLAB_START, scratchOffset } from '../../engine/kernels/memory-map.ts';
import { hasSimd, type KernelFlavour, type Kernels, loadKernels } from '../../engine/kernels/module.ts';

/** The builds that this engine can run. */
export const FLAVOURS: readonly KernelFlavour[] = hasSimd() ? ['simd', 'plain'] : ['plain'];

/** Kernels of one build over a memory of their own. */
export function kernelsOver(flavour: KernelFlavour, slabBytes: number): Kernels {
  return loadKernels({ memory: createKernelMemory(slabBytes), scratchOffset: scratchOffset(0), flavour });
}

/** Where tests may put what they like. */
export const FREE_START = SLAB_START;

export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
