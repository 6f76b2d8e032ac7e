import type { PeerConnection } from '../peer/connection.ts';
import type { ReadGate } from './gates.ts';
import type { LimitPath } from './limit-path.ts';
import type { TurnQueue, Waiter } from './turn-queue.ts';

/** What a gate needs of a connection. */
export type HeldPeer = Pick<PeerConnection, 'reading' | 'lastReadMs'>;

/**
 * The gate of one connection's reads where there is a limit: reads are short, and when too much has come the stream is
 * not read, so that its peer has to wait. What one read may bring is paid for before the stream is read again.
 */
export class LimitedReads implements ReadGate, Waiter {
  readonly path: LimitPath;
  readonly #queue: TurnQueue;
  readonly #peer: HeldPeer;
  #paidBytes = 0;
  #turnLeft = 0;

  constructor(modules: { readonly path: LimitPath; readonly queue: TurnQueue; readonly peer: HeldPeer }) {
    this.path = modules.path;
    this.#queue = modules.queue;
    this.#peer = modules.peer;
  }

  get isHolding(): boolean {
    return this.#queue.isWaiting(this);
  }

  aim(target: Uint8Array): Uint8Array {
    const { stepBytes } = this.path;
    return target.length > stepBytes ? target.subarray(0, stepBytes) : target;
  }

  count(byteLength: number): void {
    const { path } = this;
    path.spend(byteLength - this.#paidBytes);
    this.#paidBytes = 0;
    this.#turnLeft -= byteLength;
    if (!this.isHolding) {
      if (this.#turnLeft > 0 && this.#queue.mayGoOn(path)) return;
      if (this.#queue.admit(this)) {
        this.#turnLeft = path.turnBytes;
        return;
      }
    }
    this.#peer.reading.pause();
  }

  goOn(): void {
    const { stepBytes, turnBytes } = this.path;
    this.path.spend(stepBytes);
    this.#paidBytes = stepBytes;
    this.#turnLeft = turnBytes;
    // It could not say anything until now.
    this.#peer.lastReadMs = this.#queue.nowMs;
    this.#peer.reading.resume();
  }

  close(): void {
    this.path.spend(-this.#paidBytes);
    this.#paidBytes = 0;
    this.#queue.leave(this);
  }
}
