import { AlliumError } from '../../codec/error.ts';
import type { KernelChoice } from '../../kernels/choice.ts';
import type { Lease } from '../../kernels/lease.ts';
import type { Kernels } from '../../kernels/module.ts';
import type { ClientCiphers } from '../../kernels/relay-cells.ts';
import { clientCiphersBytes, createClientCiphers } from '../../kernels/relay-choice.ts';
import type { Slab } from '../../kernels/slab.ts';
import { SLOT_BYTES } from '../../kernels/types.ts';

/** Cells of one call of the kernel: those of a read of 64 KiB. */
const CELLS_PER_RUN = 128;
const ALIGNMENT = 64;

/** The ciphers of one thread, in memory of the slab. */
export interface LeasedCiphers {
  readonly ciphers: ClientCiphers;
  /** To be released when nobody uses the ciphers any more. */
  readonly lease: Lease;
}

/**
 * Makes the ciphers that all clients of a thread share, for up to `circuits` circuits at once; some 210 KB of the slab
 * for each, 30 KB with `aheadCells` 1. Throws SLAB_FULL when the slab has not got as much in one piece.
 */
export function leaseCiphers(
  options: {
    readonly circuits: number;
    /** Key stream made ahead for each direction of each hop of a busy circuit, cells; the kernel's own choice if unset. */
    readonly aheadCells?: number;
  },
  modules: { readonly slab: Slab; readonly kernels: Kernels; readonly choice: KernelChoice },
): LeasedCiphers {
  const { slab, kernels, choice } = modules;
  const { circuits: capacity, aheadCells } = options;
  const ahead = aheadCells === undefined ? {} : { aheadCellsMax: aheadCells };
  const shape = { capacity, cellCountMax: CELLS_PER_RUN, ...ahead };
  const byteLength = clientCiphersBytes(shape, kernels) + ALIGNMENT;
  const lease = slab.tryLease(Math.ceil(byteLength / SLOT_BYTES), 'onion client ciphers');
  if (lease === undefined) {
    throw new AlliumError('SLAB_FULL', `the slab has no ${byteLength} bytes for the ciphers of circuits`, {
      advice: 'Give the program more memory, or ask for fewer circuits.',
      details: { byteLength },
    });
  }
  const offset = Math.ceil(lease.offset / ALIGNMENT) * ALIGNMENT;
  return { ciphers: createClientCiphers({ ...shape, offset }, kernels, choice), lease };
}
