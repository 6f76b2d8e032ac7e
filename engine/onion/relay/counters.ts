import type { Create2Fault } from '../crypto/create2-server.ts';

/** Kinds of handshakes that make circuits. */
export type HandshakeName = 'fast' | 'ntor' | 'ntor3';

/** What peers and clients did that they may not. */
export type RelayFault =
  | 'unknown-circuit' // a relay cell on a circuit that is not there: dropped, as one may be on its way after DESTROY
  | 'circuit-not-open' // a relay cell before CREATED2
  | 'relay-early-backward'
  | 'relay-early-too-many'
  | 'unrecognised' // a cell that is for nobody: tampered with, or out of step
  | 'bad-relay-cell'
  | 'bad-message' // a message that does not decode
  | 'unexpected-message'
  | 'unknown-command'
  | 'unknown-stream'
  | 'stream-in-use'
  | 'bad-circuit-id'
  | 'circuit-in-use'
  | 'unexpected-created'
  | 'bad-create'
  | 'bad-extend'
  | 'sendme-unexpected'
  | 'sendme-tag-wrong'
  | 'sendme-version-refused'
  | 'sendme-window-full'
  | 'data-beyond-window'
  | 'xon-xoff'
  | 'single-hop-exit';

/** Why this relay itself gave something up. */
export type RelayRefusal =
  | 'channels'
  | 'circuits'
  | 'circuit-dos'
  | 'handshake-queue'
  | 'dials'
  | 'waiting-for-dial'
  | 'streams'
  | 'stream-flood'
  | 'lookups'
  | 'exit-policy'
  | 'queue-cells'
  | 'queue-bytes'
  | 'stream-queue'
  | 'memory'
  | 'hibernating';

/** Everything that only goes up, for metrics. Plain numbers. */
export class RelayCounters {
  /** Relay cells that came in, and went out, on links. */
  cellsIn = 0;
  cellsOut = 0;
  /** Of those that came in: passed on, for this relay, and for nobody. */
  cellsPassed = 0;
  cellsRecognised = 0;
  cellsDropped = 0;
  /** Relay cells that began here. */
  cellsOriginated = 0;
  /** Cells that had to wait in a queue, and of those the ones that were moved to save memory. */
  cellsQueued = 0;
  cellsMoved = 0;
  controlIn = 0;
  controlOut = 0;
  /** Data of streams, from and to the outside. */
  streamBytesIn = 0;
  streamBytesOut = 0;
  circuitsMade = 0;
  circuitsClosed = 0;
  streamsOpened = 0;
  streamsRefused = 0;
  directoryRequests = 0;
  lookups = 0;
  lookupErrors = 0;
  extendsDone = 0;
  extendsFailed = 0;
  readonly handshakes: Record<HandshakeName, number> = { fast: 0, ntor: 0, ntor3: 0 };
  readonly handshakesDropped: Record<HandshakeName, number> = { fast: 0, ntor: 0, ntor3: 0 };
  /** By reason. */
  readonly handshakesFailed = new Map<Create2Fault | 'bad-length', number>();
  readonly faults = new Map<RelayFault, number>();
  readonly refusals = new Map<RelayRefusal, number>();
  /** By the reason byte: as it came, and as it went. */
  readonly destroysIn = new Uint32Array(256);
  readonly destroysOut = new Uint32Array(256);

  fault(reason: RelayFault): void {
    count(this.faults, reason);
  }

  refuse(reason: RelayRefusal): void {
    count(this.refusals, reason);
  }
}

/** One more of `name`. */
export function count<Name>(counts: Map<Name, number>, name: Name): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
