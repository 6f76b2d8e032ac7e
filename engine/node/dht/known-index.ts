import { AlliumError } from '../../codec/error.ts';
import type { IdIndex } from '../../discovery/dht/types.ts';
import { createKernelMemory, SLAB_START, scratchOffset } from '../../kernels/memory-map.ts';
import { loadKernels } from '../../kernels/module.ts';
import { IdTable } from '../../kernels/xor.ts';

/** Nodes that a node of its own process remembers beside its table: 20 bytes each. */
const CAPACITY = 8192;
/** More than any look-up begins with. */
const NEAREST_MAX = 64;

/**
 * Where the XOR kernel searches the nodes known, in a small memory of its own; undefined where there are no kernels, so
 * that the plain search of fewer nodes takes its place.
 */
export function createKnownIndex(capacity: number = CAPACITY): IdIndex | undefined {
  const size = { capacity, nearestMax: NEAREST_MAX };
  try {
    const memory = createKernelMemory(IdTable.bytesFor(size));
    const kernels = loadKernels({ memory, scratchOffset: scratchOffset(0) });
    return new IdTable({ ...size, offset: SLAB_START }, { kernels });
  } catch (error) {
    if (error instanceof AlliumError && error.code === 'NO_KERNEL') return undefined;
    throw error;
  }
}
