import {
  CIRCUIT_INCREMENT_CELLS,
  CIRCUIT_WINDOW_CELLS,
  type CircuitReceiver,
  type CircuitSender,
  type FlowFault,
  type SenderOptions,
  type Sendme,
  STREAM_INCREMENT_CELLS,
  STREAM_WINDOW_CELLS,
  sendmeFault,
} from './circuit-flow.ts';
import { SendmeTags } from './sendme-tags.ts';

class FixedSender implements CircuitSender {
  readonly #tags: SendmeTags;
  readonly #acceptVersionMin: number;
  #window = CIRCUIT_WINDOW_CELLS;

  constructor(options: SenderOptions) {
    this.#tags = new SendmeTags(options.tagBytes, CIRCUIT_WINDOW_CELLS / CIRCUIT_INCREMENT_CELLS);
    this.#acceptVersionMin = options.acceptVersionMin;
  }

  get sendable(): number {
    return this.#window;
  }

  get untilTag(): number {
    return ((this.#window + CIRCUIT_INCREMENT_CELLS - 1) % CIRCUIT_INCREMENT_CELLS) + 1;
  }

  onSent(count: number, nowMs: number): boolean {
    this.#window -= count;
    if (this.#window % CIRCUIT_INCREMENT_CELLS !== 0) return false;
    return this.#tags.reserve(nowMs);
  }

  expectTag(tag: Uint8Array): void {
    this.#tags.fill(tag);
  }

  onSendme(sendme: Sendme): FlowFault | undefined {
    const fault = sendmeFault(sendme, this.#tags, this.#acceptVersionMin);
    if (fault !== undefined) return fault;
    this.#tags.shift();
    this.#window += CIRCUIT_INCREMENT_CELLS;
    return undefined;
  }
}

class FixedReceiver implements CircuitReceiver {
  #window = CIRCUIT_WINDOW_CELLS;

  get untilSendme(): number {
    return this.#window - (CIRCUIT_WINDOW_CELLS - CIRCUIT_INCREMENT_CELLS);
  }

  onReceived(count: number): 'none' | 'sendme' {
    this.#window -= count;
    if (this.#window > CIRCUIT_WINDOW_CELLS - CIRCUIT_INCREMENT_CELLS) return 'none';
    this.#window += CIRCUIT_INCREMENT_CELLS;
    return 'sendme';
  }
}

/** The window of 1000 cells with SENDMEs version 1 every 100. tor-spec, circuit-level flow control. */
export function fixedSender(options: SenderOptions): CircuitSender {
  return new FixedSender(options);
}

/** The receiving end of {@link fixedSender}. */
export function fixedReceiver(): CircuitReceiver {
  return new FixedReceiver();
}

/** The windows of one stream on a circuit without congestion control; plain numbers. */
export interface StreamWindow {
  /** DATA cells that may still be sent. */
  packageCells: number;
  /** DATA cells that the other end may still send. */
  deliverCells: number;
}

export function streamWindow(): StreamWindow {
  return { packageCells: STREAM_WINDOW_CELLS, deliverCells: STREAM_WINDOW_CELLS };
}

/** A stream SENDME came. Undefined: all well; else the circuit must be closed. */
export function streamOnSendme(window: StreamWindow): FlowFault | undefined {
  if (window.packageCells + STREAM_INCREMENT_CELLS > STREAM_WINDOW_CELLS) return 'sendme-window-full';
  window.packageCells += STREAM_INCREMENT_CELLS;
  return undefined;
}

/** A DATA cell came for the stream. Undefined: all well; else the circuit must be closed. */
export function streamOnData(window: StreamWindow): FlowFault | undefined {
  if (window.deliverCells === 0) return 'data-beyond-window';
  window.deliverCells -= 1;
  return undefined;
}

/**
 * How many stream SENDMEs are due now; the window is already opened for them. Ask when data was handed to the
 * application, with what still waits for it: while 10 SENDMEs' worth of cells wait, none is due (tor-spec).
 */
export function streamSendmesDue(window: StreamWindow, waitingBytes: number): number {
  if (waitingBytes > 10 * STREAM_INCREMENT_CELLS * 498) return 0;
  const due = Math.floor((STREAM_WINDOW_CELLS - window.deliverCells) / STREAM_INCREMENT_CELLS);
  window.deliverCells += due * STREAM_INCREMENT_CELLS;
  return due;
}
