import { createLaneHashers, createSha256Tree, type KernelChoice } from '../choice.ts';
import type { LaneHashers } from '../lane-hasher.ts';
import { scratchOffset } from '../memory-map.ts';
import { type CompiledKernels, type Kernels, loadKernels } from '../module.ts';
import type { Sha256Tree } from '../sha256-tree.ts';
import type { Extent, HashName } from '../types.ts';
import { MessageHasher } from './hash-messages.ts';

/** What a task finds in its worker. Made once per worker; the next task finds the same. */
export interface TaskContext {
  /** The whole memory of the slab. */
  readonly bytes: Uint8Array;
  /** This thread's own instance, instantiated at the first use. */
  readonly kernels: Kernels;
  /** Slots that only this worker uses, for what it reads itself; of length 0 if the pool was made without. */
  readonly privateRun: Extent;
  /** This thread's hashers, as calibrated. Each task must leave them digested. */
  hashers(name: HashName): LaneHashers;
  messageHasher(name: HashName): MessageHasher;
  /** This thread's hash trees, as calibrated. */
  readonly sha256Tree: Sha256Tree;
}

/** One task: runs to its end in a worker, without waiting for anything. Payload and result are plain data. */
export type Task<Payload, Result> = (payload: Payload, context: TaskContext) => Result;

/** What a context is made of. */
export interface ContextSetup {
  readonly memory: WebAssembly.Memory;
  readonly compiled: CompiledKernels;
  readonly choice: KernelChoice;
  /** See `PoolRoom`. */
  readonly seats: Int32Array;
  readonly threads: readonly number[];
  readonly privateRuns: readonly Extent[];
}

/** What the pool tells each of its workers when it starts. The choice comes later, see `createSharedChoice`. */
export interface WorkerSetup extends Omit<ContextSetup, 'choice'> {
  readonly sharedChoice: Uint8Array;
}

/** Opens the context of the calling thread at a seat that it alone has. */
export function openContext(setup: ContextSetup, seat: number): TaskContext {
  const { memory, compiled, choice } = setup;
  const bytes = new Uint8Array(memory.buffer);
  const laneHashers = new Map<HashName, LaneHashers>();
  const messageHashers = new Map<HashName, MessageHasher>();
  let kernels: Kernels | undefined;
  let tree: Sha256Tree | undefined;
  return {
    bytes,
    privateRun: setup.privateRuns[seat]!,
    get kernels() {
      kernels ??= loadKernels({ memory, compiled, scratchOffset: scratchOffset(setup.threads[seat]!) });
      return kernels;
    },
    hashers(name) {
      let hashers = laneHashers.get(name);
      if (hashers === undefined) {
        hashers = createLaneHashers(name, this.kernels, choice);
        laneHashers.set(name, hashers);
      }
      return hashers;
    },
    messageHasher(name) {
      let hasher = messageHashers.get(name);
      if (hasher === undefined) {
        hasher = new MessageHasher(this.hashers(name));
        messageHashers.set(name, hasher);
      }
      return hasher;
    },
    get sha256Tree() {
      tree ??= createSha256Tree(this.kernels, choice);
      return tree;
    },
  };
}
