import { createCipheriv, randomBytes } from 'node:crypto';
import type { CellCipherBatch, CipherId } from '../../engine/kernels/aes.ts';
import { NativeCellCiphers } from '../../engine/kernels/aes-native.ts';
import { WasmCellCiphers } from '../../engine/kernels/aes-wasm.ts';
import { createKernelMemory, SLAB_START, scratchOffset } from '../../engine/kernels/memory-map.ts';
import { type Kernels, loadKernels } from '../../engine/kernels/module.ts';
import type { Contest } from './contest.ts';

const CIRCUITS = 64;
/** What of a cell of 514 bytes is encrypted, about. */
const CELL_BYTES = 498;
const CELL_STRIDE = 514;
/** So many batches in a row: all refills of the native twin are in it, many times over. */
const BATCHES = 32;

const OPTIONS = { capacity: CIRCUITS, keyBytes: 16, cellCountMax: CIRCUITS } as const;
const DATA_BYTES = 1 << 16;

/** AES-128 in counter mode, one cell each of 64 circuits, against one call of `node:crypto` for each cell. */
export function cellContests(): Contest[] {
  const kernels = loadKernels({ memory: createKernelMemory(2 << 20), scratchOffset: scratchOffset(0) });
  const wasm = new WasmCellCiphers({ ...OPTIONS, offset: SLAB_START + DATA_BYTES }, { kernels });
  const wasmBytes = WasmCellCiphers.bytesFor(OPTIONS, { kernels });
  const native = new NativeCellCiphers(
    { ...OPTIONS, offset: SLAB_START + DATA_BYTES + wasmBytes },
    { kernels },
  );
  return [wasm, native].map((batch) => ({
    what: `aes-128-ctr, ${CIRCUITS} cells of ${CIRCUITS} circuits × ${BATCHES}, ${batch.twin}`,
    target: 1.5,
    choice: batch.twin === 'wasm' ? `wasm (${kernels.flavour})` : 'native, key stream ahead',
    ours: batches(batch),
    rival: oneCallACell(kernels),
  }));
}

function batches(batch: CellCipherBatch): () => void {
  const ciphers: CipherId[] = [];
  for (let i = 0; i < CIRCUITS; i += 1) ciphers.push(batch.open(randomBytes(16), randomBytes(16)));
  return () => {
    for (let round = 0; round < BATCHES; round += 1) {
      for (let i = 0; i < CIRCUITS; i += 1) batch.add(ciphers[i]!, SLAB_START + i * CELL_STRIDE, CELL_BYTES);
      batch.run();
    }
  };
}

function oneCallACell(kernels: Kernels): () => void {
  const cells = Array.from({ length: CIRCUITS }, (_, i) => {
    const at = SLAB_START + i * CELL_STRIDE;
    return {
      cipher: createCipheriv('aes-128-ctr', randomBytes(16), randomBytes(16)),
      bytes: kernels.bytes.subarray(at, at + CELL_BYTES),
    };
  });
  return () => {
    for (let round = 0; round < BATCHES; round += 1) {
      for (const { cipher, bytes } of cells) cipher.update(bytes);
    }
  };
}
