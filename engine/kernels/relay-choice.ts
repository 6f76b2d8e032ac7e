import { AlliumError } from '../codec/error.ts';
import type { KernelChoice } from './choice.ts';
import type { Kernels } from './module.ts';
import type { ClientCiphers, RelayCipherKind, RelayCiphers, RelayCiphersOptions } from './relay-cells.ts';

/** The memory that {@link createRelayCiphers} needs, in bytes: enough for either twin. */
export function relayCiphersBytes(
  kind: RelayCipherKind,
  options: Pick<RelayCiphersOptions, 'capacity' | 'cellCountMax'>,
  kernels: Kernels,
): number {
  throw new AlliumError('NO_KERNEL', `${kind} ${options.capacity} ${kernels.flavour}`);
}

/** The relay's side of one cipher, as chosen. Throws SLAB_FULL when the scratch area of the thread is used up. */
export function createRelayCiphers(
  kind: RelayCipherKind,
  options: RelayCiphersOptions,
  kernels: Kernels,
  choice: KernelChoice,
): RelayCiphers {
  throw new AlliumError('NO_KERNEL', `${kind} ${options.capacity} ${kernels.flavour} ${choice['aes-cells']}`);
}

/** The memory that {@link createClientCiphers} needs, in bytes: enough for either twin. */
export function clientCiphersBytes(
  options: Pick<RelayCiphersOptions, 'capacity' | 'cellCountMax'>,
  kernels: Kernels,
): number {
  throw new AlliumError('NO_KERNEL', `${options.capacity} ${kernels.flavour}`);
}

/** The client's side, as chosen. Throws SLAB_FULL when the scratch area of the thread is used up. */
export function createClientCiphers(
  options: RelayCiphersOptions,
  kernels: Kernels,
  choice: KernelChoice,
): ClientCiphers {
  throw new AlliumError('NO_KERNEL', `${options.capacity} ${kernels.flavour} ${choice['aes-cells']}`);
}
