import { choiceOfOne } from '../../../../engine/kernels/choice.ts';
import { scratchOffset } from '../../../../engine/kernels/memory-map.ts';
import { loadKernels } from '../../../../engine/kernels/module.ts';
import { clientCiphersBytes, createClientCiphers } from '../../../../engine/kernels/relay-choice.ts';
import { Slab } from '../../../../engine/kernels/slab.ts';
import { SLOT_BYTES } from '../../../../engine/kernels/types.ts';
import { CellMemory } from '../../../../engine/onion/link/cell-memory.ts';
import { createLinkStats } from '../../../../engine/onion/link/stats.ts';
import type { ClientRoom } from '../../client/support/client-kit.ts';

const CELLS_PER_RUN = 128;
const ALIGNMENT = 64;

/** What all clients of a simulation share; with less key stream made ahead than a real one, to save memory. */
export function simClientRoom(options: {
  readonly circuits: number;
  readonly cellSlots: number;
}): ClientRoom {
  const shape = { capacity: options.circuits, cellCountMax: CELLS_PER_RUN, aheadCellsMax: 4 };
  const sizer = new Slab({ slotCount: 1, threadCountMax: 1 });
  const sizing = loadKernels({ memory: sizer.memory, scratchOffset: scratchOffset(sizer.takeThread()) });
  const cipherSlots = Math.ceil((clientCiphersBytes(shape, sizing) + ALIGNMENT) / SLOT_BYTES);
  const slab = new Slab({ slotCount: cipherSlots + options.cellSlots, threadCountMax: 1 });
  const kernels = loadKernels({ memory: slab.memory, scratchOffset: scratchOffset(slab.takeThread()) });
  const lease = slab.tryLease(cipherSlots, 'client ciphers')!;
  const offset = Math.ceil(lease.offset / ALIGNMENT) * ALIGNMENT;
  const memory = new CellMemory({}, { slab });
  return {
    slab,
    ciphers: createClientCiphers({ ...shape, offset }, kernels, choiceOfOne('wasm')),
    memory,
    stats: createLinkStats(),
    close() {
      memory.close();
      lease.release();
      slab.assertAllReturned();
    },
  };
}
