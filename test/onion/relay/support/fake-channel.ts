import type { Lease } from '../../../../engine/kernels/lease.ts';
import type { Channel, LinkPeer } from '../../../../engine/onion/link/types.ts';

/** A link that writes down what it is given. */
export class FakeChannel implements Channel {
  peer: LinkPeer | undefined;
  initiated = true;
  remoteHost = '10.0.0.2';
  remotePort = 9001;
  queuedBytes = 0;
  /** How many bytes it takes before it is full. */
  roomBytes = Number.POSITIVE_INFINITY;
  readonly sent: { offset: number; byteLength: number }[] = [];
  readonly controls: { id: number; command: number }[] = [];
  ended: string | undefined;

  get writable(): boolean {
    return this.roomBytes > 0;
  }

  sendRange(_lease: Lease, offset: number, byteLength: number): void {
    this.roomBytes -= byteLength;
    this.sent.push({ offset, byteLength });
  }

  sendControl(id: number, command: number): void {
    this.controls.push({ id, command });
  }

  flush(): void {}
  pauseReading(): void {}
  resumeReading(): void {}

  close(reason: string): void {
    this.ended = reason;
  }

  destroy(reason: string): void {
    this.ended = reason;
  }
}
