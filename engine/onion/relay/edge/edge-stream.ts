import type { Lease } from '../../../kernels/lease.ts';
import { type StreamWindow, streamWindow } from '../../flow/fixed-window.ts';
import type { TokenBucket } from '../../flow/token-bucket.ts';
import { type ObeyState, obeyState } from '../../flow/xon-received.ts';
import type { StreamId } from '../../units.ts';
import type { RelayCircuit } from '../circuit.ts';

/** A stream that ends at this relay. What it leads to is its kind's business. */
export abstract class EdgeStream {
  readonly circuit: RelayCircuit;
  readonly id: StreamId;
  /** Without congestion control: its windows. */
  readonly window: StreamWindow | undefined;
  /** What the client's XON and XOFF said. */
  readonly obey: ObeyState = obeyState();
  /** The rate that its XON asked for, bytes; undefined: none. */
  rate: TokenBucket | undefined;
  /** It will be woken when its rate lets it go on. */
  isRateAwaited = false;
  isClosed = false;

  constructor(circuit: RelayCircuit, id: StreamId) {
    this.circuit = circuit;
    this.id = id;
    this.window = circuit.crypto!.hasCongestionControl ? undefined : streamWindow();
  }

  /** Bytes of the client that wait to be taken. */
  abstract readonly waitingBytes: number;
  /** Since when bytes have been waiting; undefined: none are. */
  abstract readonly waitingSinceMs: number | undefined;
  /** Bytes for the client that may not go out yet. */
  heldBytes = 0;
  /** Since when none of them could, milliseconds; undefined: there are none. */
  heldSinceMs: number | undefined;

  /** Data of the client that lies in the slab. A hold on the lease is needed for longer than the call. */
  abstract onData(lease: Lease, offset: number, length: number): void;
  /** The client has finished; the stream is no longer among those of its circuit. */
  abstract onEnd(): void;
  /** Perhaps more may be sent now. */
  abstract pump(): void;
  /** The circuit is gone: closes what it holds, sends nothing. */
  abstract close(): void;
}
