import { hash } from 'node:crypto';
import { WasmLaneHasher } from '../../engine/kernels/lane-hasher-wasm.ts';
import { createKernelMemory, SLAB_START, scratchOffset } from '../../engine/kernels/memory-map.ts';
import { type Kernels, loadKernels } from '../../engine/kernels/module.ts';
import { wideLanes } from '../../engine/kernels/sha.ts';
import { WasmSha256Tree } from '../../engine/kernels/sha256-tree.ts';
import { BLOCK_BYTES } from '../../engine/kernels/types.ts';
import type { Contest } from './contest.ts';

/** Bytes that one round of each contest hashes. */
export const ROUND_BYTES = 1 << 18;
const MESSAGES = 4;

function filledKernels(): Kernels {
  const kernels = loadKernels({ memory: createKernelMemory(2 << 20), scratchOffset: scratchOffset(0) });
  for (let at = 0; at < ROUND_BYTES; at += 1)
    kernels.bytes[SLAB_START + at] = Math.imul(at, 0x9e3779b1) >>> 24;
  return kernels;
}

/** Four messages of 64 KiB: side by side against one after the other in OpenSSL. */
export function pieceContest(name: 'sha1' | 'sha256', what: string, target: number): Contest {
  const kernels = filledKernels();
  const lanes = wideLanes(kernels);
  const hasher = new WasmLaneHasher({ name, lanes }, { kernels });
  const byteLength = ROUND_BYTES / MESSAGES;
  const offsets = Array.from({ length: MESSAGES }, (_, i) => SLAB_START + i * byteLength);
  const views = offsets.map((at) => kernels.bytes.subarray(at, at + byteLength));
  const out = new Uint8Array(MESSAGES * 32);
  return {
    what,
    target,
    choice: `wasm (${kernels.flavour})`,
    ours: () => {
      for (let at = 0; at < MESSAGES; at += lanes) {
        hasher.whole(offsets.slice(at, at + lanes), lanes, byteLength, out);
      }
    },
    rival: () => {
      for (const view of views) hash(name, view, 'binary');
    },
  };
}

/** Leaves of 16 KiB against the npm package hash-wasm; undefined where that is not installed. */
export async function leafContest(): Promise<Contest | undefined> {
  const rival = await import('hash-wasm').then(({ createSHA256 }) => createSHA256()).catch(() => undefined);
  if (rival === undefined) return undefined;
  const kernels = filledKernels();
  const tree = new WasmSha256Tree({}, { kernels });
  const leaves = ROUND_BYTES / BLOCK_BYTES;
  const out = new Uint8Array(leaves * 32);
  const views = Array.from({ length: leaves }, (_, i) =>
    kernels.bytes.subarray(SLAB_START + i * BLOCK_BYTES, SLAB_START + (i + 1) * BLOCK_BYTES),
  );
  return {
    what: 'sha256 ×4 against hash-wasm, leaves of 16 KiB',
    target: 2,
    choice: `wasm (${kernels.flavour})`,
    ours: () => {
      tree.leaves(SLAB_START, ROUND_BYTES, out);
    },
    rival: () => {
      for (const view of views) {
        rival.init();
        rival.update(view);
        rival.digest('binary');
      }
    },
  };
}
