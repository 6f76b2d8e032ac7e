import type { Endpoint, Listener, StreamHandler, TlsIdentity } from '../port.ts';
import type { Machine } from './machine.ts';
import type { SimStream } from './stream.ts';

/** How a TLS port of a virtual machine behaves. */
export interface SimTlsDoor {
  identity: TlsIdentity;
  readonly admit: (remote: Endpoint) => boolean;
}

/** A listening port of a virtual machine. */
export class SimListener implements Listener {
  readonly local: Endpoint;
  readonly accept: (stream: SimStream) => StreamHandler | undefined;
  /** Undefined: plain TCP. */
  readonly tls: SimTlsDoor | undefined;
  readonly #machine: Machine;

  constructor(
    local: Endpoint,
    accept: (stream: SimStream) => StreamHandler | undefined,
    modules: { readonly machine: Machine; readonly tls?: SimTlsDoor },
  ) {
    this.local = local;
    this.accept = accept;
    this.tls = modules.tls;
    this.#machine = modules.machine;
  }

  async close(): Promise<void> {
    const { listeners } = this.#machine;
    if (listeners.get(this.local.port) === this) listeners.delete(this.local.port);
  }
}
