import type { Clock, Timer } from '../../runtime/port.ts';
import type { ConsensusParams } from '../flow/consensus-param.ts';
import type { BuildTimeouts } from '../path/build-timeout.ts';
import type { ClientCircuit } from './circuit.ts';
import type { CircuitEnd, HopPlan } from './circuit-types.ts';
import type { ClientLinks } from './links.ts';

/** Who hears of a circuit that is being built, and afterwards. */
export interface BuildHandler {
  /** The first hop has answered: the guard can be reached. */
  onFirstHop?(): void;
  /** The second hop has answered. */
  onSecondHop?(): void;
  /** It took too long to be used; it is left to itself and closed later. Neither of the others is called any more. */
  onTooSlow(): void;
  onBuilt(circuit: ClientCircuit): void;
  /** Once, last, unless it was too slow. */
  onClosed(end: CircuitEnd): void;
}

export interface BuildModules {
  readonly links: ClientLinks;
  readonly clock: Clock;
  readonly timeouts: BuildTimeouts;
}

/** Hops whose build times are learned from. path-spec 2.4.1. */
const LEARNED_HOPS = 3;

/**
 * Builds a circuit along these hops. Circuits beyond the time-out are of no use, but those of three hops may come to
 * their end, because the learned time-out needs to see the slow ones too.
 */
export function buildCircuit(
  plans: readonly HopPlan[],
  params: ConsensusParams,
  modules: BuildModules,
  handler: BuildHandler,
): ClientCircuit {
  const { clock, timeouts } = modules;
  const isLearned = plans.length === LEARNED_HOPS;
  const begunMs = clock.now();
  let firstHopMs: number | undefined;
  let timer: Timer | undefined;
  let isTooSlow = false;
  const circuit = modules.links.to(plans[0]!).createCircuit(plans, params, {
    onHop(hopCount) {
      if (hopCount === 1) firstHopMs = clock.now();
      if (isTooSlow) return;
      if (hopCount === 1) handler.onFirstHop?.();
      if (hopCount === 2) handler.onSecondHop?.();
    },
    onBuilt() {
      timer?.cancel();
      if (isLearned) timeouts.noteBuilt(clock.now() - begunMs);
      if (isTooSlow) circuit.close('too slow');
      else handler.onBuilt(circuit);
    },
    onClosed(end) {
      timer?.cancel();
      if (!isTooSlow) handler.onClosed(end);
    },
  });
  const giveUp = (): void => circuit.end({ kind: 'timeout', reason: 'built too slowly' }, true);
  const onTimeout = (): void => {
    // Without a first hop this says nothing about the network, and something about the guard.
    if (!isLearned || firstHopMs === undefined) {
      giveUp();
      return;
    }
    timeouts.noteTimeout();
    isTooSlow = true;
    const restMs = timeouts.closeMs(plans.length) - (clock.now() - begunMs);
    timer = clock.setTimer(Math.max(0, restMs), giveUp);
    handler.onTooSlow();
  };
  if (circuit.state !== 'closed') timer = clock.setTimer(timeouts.timeoutMs(plans.length), onTimeout);
  return circuit;
}
