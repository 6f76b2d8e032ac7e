import type { CellCipherBatch, CellCipherOptions } from '../../engine/kernels/aes.ts';
import { NativeCellCiphers } from '../../engine/kernels/aes-native.ts';
import { WasmCellCiphers } from '../../engine/kernels/aes-wasm.ts';
import type { Kernels } from '../../engine/kernels/module.ts';
import { FLAVOURS, FREE_START, kernelsOver } from './kernel-memory.ts';

type Wanted = Pick<CellCipherOptions, 'capacity' | 'keyBytes' | 'cellCountMax'>;

/** A batch of one twin, over a memory of its own, and where the memory is free. */
export interface Twin {
  readonly kernels: Kernels;
  readonly batch: CellCipherBatch;
  readonly ciphersAt: number;
  readonly ciphersBytes: number;
  readonly dataAt: number;
}

const DATA_BYTES = 1 << 20;

function wasmTwin(flavour: 'simd' | 'plain', wanted: Wanted): Twin {
  const kernels = kernelsOver(flavour, 4 << 20);
  const batch = new WasmCellCiphers({ ...wanted, offset: FREE_START + DATA_BYTES }, { kernels });
  const ciphersBytes = WasmCellCiphers.bytesFor(wanted, { kernels });
  return { kernels, batch, ciphersAt: FREE_START + DATA_BYTES, ciphersBytes, dataAt: FREE_START };
}

function nativeTwin(flavour: 'simd' | 'plain', wanted: Wanted, aheadBytesMax?: number): Twin {
  const kernels = kernelsOver(flavour, 4 << 20);
  const options = { ...wanted, ...(aheadBytesMax === undefined ? {} : { aheadBytesMax }) };
  const batch = new NativeCellCiphers({ ...options, offset: FREE_START + DATA_BYTES }, { kernels });
  const ciphersBytes = NativeCellCiphers.bytesFor(options);
  return { kernels, batch, ciphersAt: FREE_START + DATA_BYTES, ciphersBytes, dataAt: FREE_START };
}

/** Every implementation of the batch: both twins on both builds, and the native one with the least memory. */
export const TWINS: ReadonlyMap<string, (wanted: Wanted) => Twin> = new Map([
  ...FLAVOURS.map((flavour) => [`wasm, ${flavour}`, (wanted: Wanted) => wasmTwin(flavour, wanted)] as const),
  ...FLAVOURS.map(
    (flavour) => [`native, ${flavour}`, (wanted: Wanted) => nativeTwin(flavour, wanted)] as const,
  ),
  ['native, little memory', (wanted: Wanted) => nativeTwin('plain', wanted, 512)] as const,
]);
