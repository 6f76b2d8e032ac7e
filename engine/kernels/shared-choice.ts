import { type KernelChoice, OPERATION_NAMES } from './choice.ts';

/**
 * A choice of kernels in memory that threads share: a byte per operation, 1 for WASM. It can be handed to a thread
 * while it is still being measured, and is written before the thread gets its first task.
 */
export function createSharedChoice(): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(OPERATION_NAMES.length));
}

export function writeChoice(shared: Uint8Array, choice: KernelChoice): void {
  for (const [at, name] of OPERATION_NAMES.entries()) shared[at] = choice[name] === 'wasm' ? 1 : 0;
}

export function readChoice(shared: Uint8Array): KernelChoice {
  const twins = OPERATION_NAMES.map((name, at) => [name, shared[at] === 1 ? 'wasm' : 'native'] as const);
  return Object.fromEntries(twins) as KernelChoice;
}
