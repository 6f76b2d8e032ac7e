/**
 * SHA-1, SHA-256, hash trees, cells and CRC-32C, both twins where there are two, in the shapes they really have.
 *
 *   npm run build && node dist/bench/kernels/hash.bench.js
 */
import { pathToFileURL } from 'node:url';
import { Bench } from 'tinybench';
import { createCrc32c } from '../../engine/kernels/crc32c.ts';
import { createKernelMemory, SLAB_START, scratchOffset } from '../../engine/kernels/memory-map.ts';
import { loadKernels } from '../../engine/kernels/module.ts';
import { OPERATION_BYTES, operationRounds } from '../../engine/kernels/operations.ts';

const CRC_BYTES = 65536;

/** Adds one case for each twin of each operation; gives the payload bytes of a call by the name of the case. */
export function addHashCases(bench: Bench): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  const add = (name: string, byteLength: number, round: () => void): void => {
    sizes.set(name, byteLength);
    bench.add(name, round);
  };
  for (const flavour of ['simd', 'plain'] as const) {
    const open = () =>
      loadKernels({ memory: createKernelMemory(OPERATION_BYTES), scratchOffset: scratchOffset(0), flavour });
    for (const { name, byteLength, rounds } of operationRounds(open())) {
      add(`${name}: wasm ${flavour}`, byteLength, rounds.wasm);
      if (flavour === 'simd') add(`${name}: native`, byteLength, rounds.native);
    }
    const crc32c = createCrc32c(open());
    add(`crc32c: wasm ${flavour}`, CRC_BYTES, () => {
      crc32c(SLAB_START, CRC_BYTES);
    });
  }
  return sizes;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const bench = new Bench({ name: 'hash kernels', time: 500 });
  const sizes = addHashCases(bench);
  await bench.run();
  for (const { name, result } of bench.tasks) {
    if (!('latency' in result)) throw new Error(`${name} gave no result`);
    const medianMs = result.latency.p50;
    const rate = sizes.get(name)! / 1e6 / medianMs;
    console.log(`${name.padEnd(34)} ${(medianMs * 1000).toFixed(1).padStart(8)} µs  ${rate.toFixed(2)} GB/s`);
  }
}
