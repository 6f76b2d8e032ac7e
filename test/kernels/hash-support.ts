import { createHash } from 'node:crypto';
import type { WholeHasher } from '../../engine/kernels/lane-hasher.ts';
import { NativeLaneHasher } from '../../engine/kernels/lane-hasher-native.ts';
import { WasmLaneHasher } from '../../engine/kernels/lane-hasher-wasm.ts';
import { createKernelMemory, SLAB_START, scratchOffset } from '../../engine/kernels/memory-map.ts';
import { type Kernels, loadKernels } from '../../engine/kernels/module.ts';
import { wideLanes } from '../../engine/kernels/sha.ts';
import { NativeSha256Tree, type Sha256Tree, WasmSha256Tree } from '../../engine/kernels/sha256-tree.ts';
import type { HashName } from '../../engine/kernels/types.ts';

/** Bytes behind SLAB_START that a test may write. */
export const ROOM_BYTES = 1 << 20;

/** One implementation under the common suite. */
export interface Candidate {
  readonly title: string;
  readonly bytes: Uint8Array;
  hasher(name: HashName, width: 'wide' | 'single'): WholeHasher;
  readonly tree: Sha256Tree;
}

/** An instance of one build over a memory of its own. */
export function freshKernels(flavour: 'simd' | 'plain'): Kernels {
  return loadKernels({ memory: createKernelMemory(ROOM_BYTES), scratchOffset: scratchOffset(3), flavour });
}

/** The native twins and both builds. */
export function candidates(): Candidate[] {
  const memory = createKernelMemory(ROOM_BYTES);
  const native = new Uint8Array(memory.buffer);
  return [
    {
      title: 'native',
      bytes: native,
      hasher: (name) => new NativeLaneHasher({ name }, { bytes: native }),
      tree: new NativeSha256Tree({}, { bytes: native }),
    },
    ...(['simd', 'plain'] as const).map((flavour): Candidate => {
      const kernels = freshKernels(flavour);
      return {
        title: `wasm ${flavour}`,
        bytes: kernels.bytes,
        hasher: (name, width) =>
          new WasmLaneHasher({ name, lanes: width === 'wide' ? wideLanes(kernels) : 1 }, { kernels }),
        tree: new WasmSha256Tree({}, { kernels }),
      };
    }),
  ];
}

/** Hashes texts of one length side by side, laid down one behind the other at an odd place. */
export function hashTexts(candidate: Candidate, hasher: WholeHasher, texts: readonly Uint8Array[]): string[] {
  const offsets = texts.map((text, i) => {
    const at = SLAB_START + 1 + i * (text.length + 3);
    candidate.bytes.set(text, at);
    return at;
  });
  const out = new Uint8Array(texts.length * 32);
  hasher.update(offsets, texts.length, texts[0]!.length);
  hasher.digest(texts.length, out);
  const digestBytes = hasher.name === 'sha1' ? 20 : 32;
  return texts.map((_, i) => hex(out.subarray(i * digestBytes, (i + 1) * digestBytes)));
}

/** What OpenSSL says. */
export function expected(name: HashName, bytes: Uint8Array): string {
  return createHash(name).update(bytes).digest('hex');
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
