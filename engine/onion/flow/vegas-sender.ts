import {
  type CircuitReceiver,
  type CircuitSender,
  type FlowFault,
  type SenderOptions,
  type Sendme,
  sendmeFault,
} from './circuit-flow.ts';
import { SendmeTags } from './sendme-tags.ts';
import { type ClockHealth, type VegasState, vegasOnSendme, vegasStart } from './vegas.ts';
import { CWND_CELLS_MAX, type VegasParams } from './vegas-params.ts';

/** Options of {@link vegasSender}. */
export interface VegasOptions extends SenderOptions {
  readonly params: VegasParams;
  /** Cells that one SENDME answers, as agreed on in the handshake; 1 … 254. */
  readonly increment: number;
}

class VegasSender implements CircuitSender {
  readonly state: VegasState;
  readonly #tags: SendmeTags;
  readonly #options: VegasOptions;
  readonly #clock: ClockHealth;
  #untilTag: number;

  constructor(options: VegasOptions, clock: ClockHealth) {
    this.#options = options;
    this.#clock = clock;
    this.state = vegasStart(options.params, options.increment);
    this.#tags = new SendmeTags(options.tagBytes, Math.ceil(CWND_CELLS_MAX / options.increment));
    this.#untilTag = options.increment;
  }

  get sendable(): number {
    return Math.max(0, this.state.cwnd - this.state.inflight);
  }

  get untilTag(): number {
    return this.#untilTag;
  }

  onSent(count: number, nowMs: number): boolean {
    this.state.inflight += count;
    this.#untilTag -= count;
    if (this.#untilTag > 0) return false;
    this.#untilTag = this.state.increment;
    return this.#tags.reserve(nowMs);
  }

  expectTag(tag: Uint8Array): void {
    this.#tags.fill(tag);
  }

  onSendme(sendme: Sendme, nowMs: number, isBlocked: boolean): FlowFault | undefined {
    const fault = sendmeFault(sendme, this.#tags, this.#options.acceptVersionMin);
    if (fault !== undefined) return fault;
    const sentMs = this.#tags.oldestSentMs;
    this.#tags.shift();
    vegasOnSendme(this.state, this.#options.params, this.#clock, sentMs, nowMs, isBlocked);
    return undefined;
  }
}

class VegasReceiver implements CircuitReceiver {
  readonly #increment: number;
  untilSendme: number;

  constructor(increment: number) {
    this.#increment = increment;
    this.untilSendme = increment;
  }

  onReceived(count: number): 'none' | 'sendme' {
    this.untilSendme -= count;
    if (this.untilSendme > 0) return 'none';
    this.untilSendme = this.#increment;
    return 'sendme';
  }
}

/** A sender with congestion control, and what it knows, for metrics and for the choice between legs. */
export type VegasCircuitSender = CircuitSender & { readonly state: Readonly<VegasState> };

/** Congestion control by queue length (TCP Vegas). Proposal 324; needs FlowCtrl=2 agreed on by ntor-v3. */
export function vegasSender(options: VegasOptions, clock: ClockHealth): VegasCircuitSender {
  return new VegasSender(options, clock);
}

/** The receiving end of {@link vegasSender}. The sender's window is not known here, so nothing is refused. */
export function vegasReceiver(increment: number): CircuitReceiver {
  return new VegasReceiver(increment);
}
