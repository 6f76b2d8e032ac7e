import { RELAY_TAG_BYTES, type RelayCipherKind } from '../../kernels/relay-cells.ts';
import type { CircuitReceiver, CircuitSender } from '../flow/circuit-flow.ts';
import { type ConsensusParams, readParam } from '../flow/consensus-param.ts';
import { fixedReceiver, fixedSender } from '../flow/fixed-window.ts';
import type { ClockHealth } from '../flow/vegas.ts';
import { isSendmeIncrementValid, vegasParams } from '../flow/vegas-params.ts';
import { vegasReceiver, vegasSender } from '../flow/vegas-sender.ts';
import { xonParams } from '../flow/xon-xoff.ts';
import { type StreamFlow, windowFlow, xonFlow } from './stream-flow.ts';

/** Flow control between a client and the last hop of its circuit. */
export interface CircuitFlow {
  readonly sender: CircuitSender;
  readonly receiver: CircuitReceiver;
  /** Of a circuit with congestion control streams have XON and XOFF instead of windows. */
  readonly isCongestionControlled: boolean;
  newStream(): StreamFlow;
}

/** `increment`: as granted by the hop; undefined: fixed windows. Undefined: the hop grants what may not be. */
export function circuitFlow(
  cipher: RelayCipherKind,
  increment: number | undefined,
  params: ConsensusParams,
  clock: ClockHealth,
): CircuitFlow | undefined {
  const options = {
    tagBytes: RELAY_TAG_BYTES[cipher],
    acceptVersionMin: readParam(params, 'sendme_accept_min_version', { fallback: 0, min: 0, max: 255 }),
  };
  if (increment === undefined) {
    return {
      sender: fixedSender(options),
      receiver: fixedReceiver(),
      isCongestionControlled: false,
      newStream: windowFlow,
    };
  }
  if (!isSendmeIncrementValid(increment, params)) return undefined;
  const streams = xonParams(params);
  return {
    sender: vegasSender({ ...options, increment, params: vegasParams(params, 'exit') }, clock),
    receiver: vegasReceiver(increment),
    isCongestionControlled: true,
    newStream: () => xonFlow(streams),
  };
}
