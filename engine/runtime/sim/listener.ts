import type { ByteStream, Endpoint, Listener, StreamHandler } from '../port.ts';
import type { Machine } from './machine.ts';

/** A listening port of a virtual machine. */
export class SimListener implements Listener {
  readonly local: Endpoint;
  readonly accept: (stream: ByteStream) => StreamHandler | undefined;
  readonly #machine: Machine;

  constructor(
    local: Endpoint,
    accept: (stream: ByteStream) => StreamHandler | undefined,
    modules: { readonly machine: Machine },
  ) {
    this.local = local;
    this.accept = accept;
    this.#machine = modules.machine;
  }

  async close(): Promise<void> {
    const { listeners } = this.#machine;
    if (listeners.get(this.local.port) === this) listeners.delete(this.local.port);
  }
}
