import { CgoRelayCiphers } from './cgo-relay.ts';
import type { KernelChoice } from './choice.ts';
import type { Kernels } from './module.ts';
import type { ClientCiphers, RelayCipherKind, RelayCiphers, RelayCiphersOptions } from './relay-cells.ts';
import { LayeredClientCiphers } from './relay-client.ts';
import { Tor1RelayCiphers } from './relay-tor1.ts';

type Shape = Omit<RelayCiphersOptions, 'offset'>;

/** The memory that {@link createRelayCiphers} needs, in bytes, a multiple of 64: enough for either twin. */
export function relayCiphersBytes(kind: RelayCipherKind, shape: Shape, kernels: Kernels): number {
  return kind === 'cgo'
    ? CgoRelayCiphers.bytesFor(shape, { kernels })
    : Tor1RelayCiphers.bytesFor(shape, { kernels, twin: 'wasm' });
}

/**
 * The relay's side of one cipher, as chosen. Make it once for a thread.
 *
 * @throws AlliumError SLAB_FULL when the scratch area of the thread is used up
 */
export function createRelayCiphers(
  kind: RelayCipherKind,
  options: RelayCiphersOptions,
  kernels: Kernels,
  choice: KernelChoice,
): RelayCiphers {
  return kind === 'cgo'
    ? new CgoRelayCiphers(options, { kernels, stream: choice['aes-cells'] })
    : new Tor1RelayCiphers(options, { kernels, twin: choice['aes-cells'] });
}

/** The memory that {@link createClientCiphers} needs, in bytes, a multiple of 64: enough for either twin. */
export function clientCiphersBytes(shape: Shape, kernels: Kernels): number {
  return LayeredClientCiphers.bytesFor(shape, { kernels, twin: 'wasm' });
}

/**
 * The client's side, as chosen. Make it once for a thread.
 *
 * @throws AlliumError SLAB_FULL when the scratch area of the thread is used up
 */
export function createClientCiphers(
  options: RelayCiphersOptions,
  kernels: Kernels,
  choice: KernelChoice,
): ClientCiphers {
  return new LayeredClientCiphers(options, { kernels, twin: choice['aes-cells'] });
}
