import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { DiskFinder } from './disk.ts';

const THREADS_MAX = 32;

/**
 * How many threads suit data below these roots: one per core, or one per rotating disk when that is more. A core
 * hashes faster than several such disks read, yet each of them needs a thread that waits for it.
 */
export function threadsFor(roots: readonly string[]): number {
  const finder = new DiskFinder();
  const disks = new Map(
    roots.map((root) => finder.at(resolve(root))).map((disk) => [disk.key, disk.isRotating]),
  );
  const rotating = [...disks.values()].filter((isRotating) => isRotating).length;
  const cores = availableParallelism();
  return Math.min(THREADS_MAX, Math.max(cores, rotating + (rotating < disks.size ? cores : 0)));
}
