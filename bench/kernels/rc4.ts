import { randomBytes } from 'node:crypto';
import { createKernelMemory, SLAB_START, scratchOffset } from '../../engine/kernels/memory-map.ts';
import { loadKernels } from '../../engine/kernels/module.ts';
import { Rc4States } from '../../engine/kernels/rc4.ts';
import { BLOCK_BYTES } from '../../engine/kernels/types.ts';
import type { Contest } from './contest.ts';
import { PlainRc4 } from './rivals/plain-rc4.ts';

const BLOCKS = 8;
const STATES_AT = SLAB_START + 65536;

/** Blocks of 16 KiB, in place, against the plain form in JavaScript. */
export function rc4Contest(): Contest {
  const kernels = loadKernels({ memory: createKernelMemory(1 << 20), scratchOffset: scratchOffset(0) });
  const key = randomBytes(20);
  const ours = new Rc4States({ capacity: 1, offset: STATES_AT }, { kernels }).open(key, 1024);
  const rival = new PlainRc4(key);
  const block = new Uint8Array(BLOCK_BYTES);
  return {
    what: `rc4, ${BLOCKS} blocks of 16 KiB`,
    target: 1.2,
    choice: `wasm (${kernels.flavour})`,
    ours: () => {
      for (let i = 0; i < BLOCKS; i += 1) ours.crypt(SLAB_START, BLOCK_BYTES);
    },
    rival: () => {
      for (let i = 0; i < BLOCKS; i += 1) rival.crypt(block);
    },
  };
}
