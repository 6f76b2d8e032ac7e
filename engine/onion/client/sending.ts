import type { ClientCipherId } from '../../kernels/relay-cells.ts';
import type { CircuitId } from '../units.ts';

/** What the outbox of a link knows of a circuit whose cells it sends. */
export interface SendingCircuit {
  readonly id: CircuitId;
  readonly cipher: ClientCipherId;
  /** A DATA cell is enciphered. True: {@link onTag} must be told its tag. */
  onDataEnciphered(nowMs: number): boolean;
  onTag(tag: Uint8Array): void;
}
