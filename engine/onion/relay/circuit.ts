import type { RelayCipherId, RelayCiphers } from '../../kernels/relay-cells.ts';
import { CELL_BYTES } from '../cell/command.ts';
import type { RelayFormat } from '../cell/relay-format.ts';
import { RELAY_V0 } from '../cell/relay-v0.ts';
import type { CircuitReceiver, CircuitSender } from '../flow/circuit-flow.ts';
import type { QueuedMemory } from '../flow/memory-pressure.ts';
import type { TokenBucket } from '../flow/token-bucket.ts';
import type { EdgeStream } from './edge/edge-stream.ts';
import type { Leg } from './leg.ts';

/** RELAY_EARLY cells that a circuit may carry. tor-spec, "handling relay early cells". */
export const RELAY_EARLY_MAX = 8;

/** What a handshake agreed on, ready for use. */
export interface CircuitCrypto {
  readonly ciphers: RelayCiphers;
  readonly cipherId: RelayCipherId;
  readonly format: RelayFormat;
  readonly sender: CircuitSender;
  readonly receiver: CircuitReceiver;
  /** FlowCtrl=2: no SENDMEs of streams, XON and XOFF instead. */
  readonly hasCongestionControl: boolean;
}

/** An EXTEND2 under way. */
export interface Extension {
  /** The circuit does not want it any more. */
  cancel(): void;
}

/** A circuit through this relay. Plain state; {@link Circuits} opens and closes it. */
export class RelayCircuit implements QueuedMemory {
  /** Towards the client. */
  prev!: Leg;
  /** Away from the client; undefined where the circuit ends here. */
  next: Leg | undefined;
  crypto: CircuitCrypto | undefined;
  isClosed = false;
  earlyLeft = RELAY_EARLY_MAX;
  extension: Extension | undefined;
  /** Streams and lookups that it may still ask for now; undefined: none were asked for under a defence. */
  streamTokens: TokenBucket | undefined;
  /** Names being looked up for it. */
  lookupCount = 0;
  /** By number; undefined as long as there were none. */
  streams: Map<number, EdgeStream> | undefined;

  /** The layout of its relay cells. */
  get format(): RelayFormat {
    return this.crypto?.format ?? RELAY_V0;
  }

  get queuedBytes(): number {
    let bytes = (this.prev.queue.cells + (this.next?.queue.cells ?? 0)) * CELL_BYTES;
    for (const stream of this.streams?.values() ?? []) bytes += stream.waitingBytes + stream.heldBytes;
    return bytes;
  }

  get oldestQueuedMs(): number | undefined {
    let oldest = earlier(this.prev.queue.oldestMs, this.next?.queue.oldestMs);
    for (const { waitingSinceMs, heldSinceMs } of this.streams?.values() ?? []) {
      oldest = earlier(earlier(oldest, waitingSinceMs), heldSinceMs);
    }
    return oldest;
  }
}

function earlier(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.min(one, other);
}
