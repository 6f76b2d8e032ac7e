import { AlliumError } from '../../codec/error.ts';
import type { KernelChoice } from '../../kernels/choice.ts';
import type { Lease } from '../../kernels/lease.ts';
import type { Kernels } from '../../kernels/module.ts';
import { RELAY_KEY_BYTES, type RelayCipherKind, type RelayCiphers } from '../../kernels/relay-cells.ts';
import { createRelayCiphers, relayCiphersBytes } from '../../kernels/relay-choice.ts';
import type { Slab } from '../../kernels/slab.ts';
import { SLOT_BYTES } from '../../kernels/types.ts';

/** Cells of one call of a kernel. */
export const BATCH_CELLS = 256;

export interface CipherBankOptions {
  readonly circuitsMax: number;
  readonly keyStreamCells: number;
}

/** The ciphers of all circuits, of both kinds, in memory taken from the slab for the life of the relay. */
export class CipherBank {
  readonly tor1: RelayCiphers;
  readonly cgo: RelayCiphers;
  readonly #leases: Lease[] = [];

  /** Throws AlliumError SLAB_FULL when the slab has not enough room in one piece. */
  constructor(
    options: CipherBankOptions,
    modules: { readonly slab: Slab; readonly kernels: Kernels; readonly choice: KernelChoice },
  ) {
    this.tor1 = this.#make('tor1', options, modules);
    this.cgo = this.#make('cgo', options, modules);
  }

  of(kind: RelayCipherKind): RelayCiphers {
    return kind === 'cgo' ? this.cgo : this.tor1;
  }

  /** Opens ciphers with the first bytes of what a handshake gave; wipes all of it. */
  open(kind: RelayCipherKind, keyMaterial: Uint8Array): ReturnType<RelayCiphers['open']> {
    try {
      return this.of(kind).open(keyMaterial.subarray(0, RELAY_KEY_BYTES[kind]));
    } finally {
      keyMaterial.fill(0);
    }
  }

  /** Works on all cells added since the last run. */
  run(): void {
    if (this.tor1.count > 0) this.tor1.run();
    if (this.cgo.count > 0) this.cgo.run();
  }

  /** Gives the memory back once all ciphers are closed, which wipes them. */
  dispose(): void {
    for (const lease of this.#leases.splice(0)) lease.release();
  }

  #make(
    kind: RelayCipherKind,
    options: CipherBankOptions,
    modules: { readonly slab: Slab; readonly kernels: Kernels; readonly choice: KernelChoice },
  ): RelayCiphers {
    const { slab, kernels, choice } = modules;
    const shape = {
      capacity: options.circuitsMax,
      cellCountMax: BATCH_CELLS,
      aheadCellsMax: options.keyStreamCells,
    };
    const byteLength = relayCiphersBytes(kind, shape, kernels) + 64;
    const lease = slab.tryLease(Math.ceil(byteLength / SLOT_BYTES), `${kind} ciphers`);
    if (lease === undefined) {
      throw new AlliumError(
        'SLAB_FULL',
        `no room for the ${kind} ciphers of ${options.circuitsMax} circuits`,
        {
          advice: 'Give the relay more memory, or allow fewer circuits.',
          details: { circuitsMax: options.circuitsMax, byteLength },
        },
      );
    }
    this.#leases.push(lease);
    const offset = Math.ceil(lease.offset / 64) * 64;
    return createRelayCiphers(kind, { ...shape, offset }, kernels, choice);
  }
}
