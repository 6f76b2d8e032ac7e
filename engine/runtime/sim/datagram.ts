import type { DatagramSocket, Endpoint } from '../port.ts';
import type { Machine } from './machine.ts';

/** RFC 768: 65,535 bytes with both headers. */
const DATAGRAM_BYTES_MAX = 65507;
/** A line's queue is short: what would wait longer is dropped. */
const BACKLOG_MS_MAX = 1000;

/** A UDP socket of a virtual machine: datagrams may be lost or overtake each other. */
export class SimDatagramSocket implements DatagramSocket {
  readonly local: Endpoint;
  /** They leave at once. */
  readonly queuedBytes = 0;
  readonly #machine: Machine;
  readonly #onMessage: (bytes: Uint8Array, from: Endpoint) => void;

  constructor(
    local: Endpoint,
    onMessage: (bytes: Uint8Array, from: Endpoint) => void,
    modules: { readonly machine: Machine },
  ) {
    this.local = local;
    this.#onMessage = onMessage;
    this.#machine = modules.machine;
  }

  send(bytes: Uint8Array, to: Endpoint): void {
    const machine = this.#machine;
    const { host, world } = machine;
    if (!machine.alive || machine.datagramSockets.get(this.local.port) !== this) return;
    const target = world.find(to.host, host);
    if (target === undefined || bytes.length > DATAGRAM_BYTES_MAX) return;
    const path = world.path(host, target);
    if (host.up.backlogMs(machine.nowMs) > BACKLOG_MS_MAX) return;
    if (!host.up.admits(machine.nowMs, bytes.length)) return;
    const leftMs = path.pacer.pass(host.up.pass(machine.nowMs, bytes.length), bytes.length);
    const arrivalMs = leftMs + path.delayMs(host.chance);
    if (path.loses(bytes.length, host.chance)) return;
    const copy = bytes.slice();
    const from: Endpoint = { host: to.host === '127.0.0.1' ? to.host : host.address, port: this.local.port };
    world.timeline.at(arrivalMs, () => {
      if (path.cut || !target.isUp || !target.down.admits(machine.nowMs, copy.length)) return;
      const deliverMs = target.down.pass(machine.nowMs, copy.length);
      target.machine.after(deliverMs - machine.nowMs, () => {
        target.machine.datagramSockets.get(to.port)?.receive(copy, from);
      });
    });
  }

  close(): void {
    const { datagramSockets } = this.#machine;
    if (datagramSockets.get(this.local.port) === this) datagramSockets.delete(this.local.port);
  }

  /** A datagram has come. */
  receive(bytes: Uint8Array, from: Endpoint): void {
    this.#machine.trace('datagram', from.port, bytes.length);
    this.#onMessage(bytes, from);
  }
}
