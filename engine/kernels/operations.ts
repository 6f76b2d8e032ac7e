import type { CellCipherBatch } from './aes.ts';
import { NATIVE_AHEAD_BYTES, NativeCellCiphers } from './aes-native.ts';
import { WasmCellCiphers } from './aes-wasm.ts';
import type { OperationName } from './choice.ts';
import type { Twin, WholeHasher } from './lane-hasher.ts';
import { NativeLaneHasher } from './lane-hasher-native.ts';
import { WasmLaneHasher } from './lane-hasher-wasm.ts';
import { SLAB_START } from './memory-map.ts';
import type { Kernels } from './module.ts';
import { wideLanes } from './sha.ts';
import { NativeSha256Tree, type Sha256Tree, WasmSha256Tree } from './sha256-tree.ts';
import { BLOCK_BYTES, type HashName, SLOT_BYTES } from './types.ts';

/** Both twins of an operation doing the same round of work, in the shape it really has. */
export interface OperationRounds {
  readonly name: OperationName;
  /** Bytes of payload that one round works on. */
  readonly byteLength: number;
  readonly rounds: Readonly<Record<Twin, () => void>>;
}

/** Blocks of a piece that one round hashes. */
const PIECE_BLOCKS = 2;
const PIECES = 4;
const TREE_HASHES = 64;
const CIRCUITS = 8;
const CELL_STRIDE = 514;
/**
 * Batches in one round of cells, and a length near that of a cell: together exactly the key stream that the native
 * twin makes in one go. With any other, its best round would be one in which it made none.
 */
const CELL_BATCHES = 8;
const CELL_BYTES = NATIVE_AHEAD_BYTES / CELL_BATCHES;
/** After so many rounds, some milliseconds, the optimizing compiler has seen the JavaScript of both twins. */
const CELL_WARM_UP_ROUNDS = 30;
const CELLS_AT = SLAB_START + PIECES * PIECE_BLOCKS * SLOT_BYTES;
const CIPHERS_AT = CELLS_AT + Math.ceil((CIRCUITS * CELL_STRIDE) / 64) * 64;
const CIPHER_OPTIONS = { capacity: CIRCUITS, keyBytes: 16, cellCountMax: CIRCUITS } as const;

/** Bytes behind SLAB_START that the rounds work on: the memory is theirs alone. */
export const OPERATION_BYTES = 1 << 20;

/** All operations with two twins. To add one: its name in choice.ts, its rounds here. */
export function operationRounds(kernels: Kernels): OperationRounds[] {
  const hashing = (['sha1', 'sha256'] as const).flatMap((name) => hashRounds(name, kernels));
  return [...hashing, ...treeRounds(kernels), cellRounds(kernels)];
}

function hashRounds(name: HashName, kernels: Kernels): OperationRounds[] {
  const native = new NativeLaneHasher({ name }, { bytes: kernels.bytes });
  const single = new WasmLaneHasher({ name, lanes: 1 }, { kernels });
  const lanes = wideLanes(kernels);
  const wide = lanes === 1 ? single : new WasmLaneHasher({ name, lanes }, { kernels });
  const rounds = (pieces: number, wasm: WholeHasher): OperationRounds['rounds'] => ({
    wasm: pieceRound(wasm, pieces),
    native: pieceRound(native, pieces),
  });
  const byteLength = PIECE_BLOCKS * BLOCK_BYTES;
  return [
    { name, byteLength: byteLength * PIECES, rounds: rounds(PIECES, wide) },
    { name: `${name}-single`, byteLength, rounds: rounds(1, single) },
  ];
}

/** Pieces whose blocks lie in slots, behind the header of their frame: so no block is aligned. */
function pieceRound(hasher: WholeHasher, pieces: number): () => void {
  const out = new Uint8Array(hasher.lanes * 32);
  const count = Math.min(hasher.lanes, pieces);
  const groups = Array.from({ length: pieces / count }, (_, group) =>
    Array.from({ length: PIECE_BLOCKS }, (_, block) =>
      Array.from({ length: count }, (_, lane) => {
        const piece = group * count + lane;
        return SLAB_START + (piece * PIECE_BLOCKS + block) * SLOT_BYTES + SLOT_BYTES - BLOCK_BYTES;
      }),
    ),
  );
  return () => {
    for (const blocks of groups) {
      for (const offsets of blocks) hasher.update(offsets, count, BLOCK_BYTES);
      hasher.digest(count, out);
    }
  };
}

function treeRounds(kernels: Kernels): OperationRounds[] {
  const wasm = new WasmSha256Tree({}, { kernels });
  const native = new NativeSha256Tree({}, { bytes: kernels.bytes });
  const digests = new Uint8Array(PIECES * 32);
  const pad = new Uint8Array(32);
  const leaves = (tree: Sha256Tree) => (): void => {
    tree.leaves(SLAB_START + 1, PIECES * BLOCK_BYTES, digests);
  };
  const root = (tree: Sha256Tree) => (): void => {
    tree.root(SLAB_START, TREE_HASHES, TREE_HASHES, pad, digests);
  };
  return [
    {
      name: 'sha256-leaves',
      byteLength: PIECES * BLOCK_BYTES,
      rounds: { wasm: leaves(wasm), native: leaves(native) },
    },
    {
      name: 'sha256-root',
      byteLength: TREE_HASHES * 32,
      rounds: { wasm: root(wasm), native: root(native) },
    },
  ];
}

function cellRounds(kernels: Kernels): OperationRounds {
  const wasmBytes = WasmCellCiphers.bytesFor(CIPHER_OPTIONS, { kernels });
  const wasm = new WasmCellCiphers({ ...CIPHER_OPTIONS, offset: CIPHERS_AT }, { kernels });
  const nativeAt = CIPHERS_AT + Math.ceil(wasmBytes / 64) * 64;
  const native = new NativeCellCiphers({ ...CIPHER_OPTIONS, offset: nativeAt }, { kernels });
  const round = (batch: CellCipherBatch): (() => void) => {
    const key = new Uint8Array(16);
    const ciphers = Array.from({ length: CIRCUITS }, () => batch.open(key, new Uint8Array(16)));
    return () => {
      for (let left = CELL_BATCHES; left > 0; left -= 1) {
        for (let i = 0; i < CIRCUITS; i += 1) batch.add(ciphers[i]!, CELLS_AT + i * CELL_STRIDE, CELL_BYTES);
        batch.run();
      }
    };
  };
  const rounds = { wasm: round(wasm), native: round(native) };
  for (let i = 0; i < CELL_WARM_UP_ROUNDS; i += 1) {
    rounds.wasm();
    rounds.native();
  }
  return {
    name: 'aes-cells',
    byteLength: CIRCUITS * NATIVE_AHEAD_BYTES,
    rounds,
  };
}
