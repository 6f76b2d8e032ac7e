import { randomBytes } from 'node:crypto';
import { createKernelMemory, SLAB_START, scratchOffset } from '../../engine/kernels/memory-map.ts';
import { loadKernels } from '../../engine/kernels/module.ts';
import { ID_BYTES, IdTable } from '../../engine/kernels/xor.ts';
import type { Contest } from './contest.ts';
import { scanBuffers } from './rivals/buffer-scan.ts';

const IDS = 1_000_000;
const NEAREST = 8;
const TARGETS = 16;

/** The 8 nearest of a million identifiers, against a scan over a million buffers. */
export function xorContest(): Contest {
  const shape = { capacity: IDS, nearestMax: NEAREST };
  const kernels = loadKernels({
    memory: createKernelMemory(IdTable.bytesFor(shape)),
    scratchOffset: scratchOffset(0),
  });
  const table = new IdTable({ ...shape, offset: SLAB_START }, { kernels });
  const all = randomBytes(IDS * ID_BYTES);
  table.load(all);
  const buffers = Array.from({ length: IDS }, (_, i) =>
    Buffer.from(all.subarray(i * ID_BYTES, (i + 1) * ID_BYTES)),
  );
  const targets = Array.from({ length: TARGETS }, () => randomBytes(ID_BYTES));
  const next = { ours: 0, rival: 0 };
  const agree =
    table.nearest(NEAREST, targets[0]!).join() === scanBuffers(buffers, targets[0]!, NEAREST).join();
  if (!agree) throw new Error('the two scans disagree');
  return {
    what: `${NEAREST} nearest of ${IDS} identifiers`,
    target: 10,
    choice: `wasm (${kernels.flavour})`,
    ours: () => {
      table.nearest(NEAREST, targets[next.ours++ % TARGETS]!);
    },
    rival: () => {
      scanBuffers(buffers, targets[next.rival++ % TARGETS]!, NEAREST);
    },
  };
}
