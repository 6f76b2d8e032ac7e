import type { ClientCircuit } from './circuit.ts';
import type { PoolCircuit } from './pool-circuit.ts';
import type { CircuitStatus, HopStatus } from './types.ts';

/** A circuit of the pool as it is shown to users. */
export function circuitStatus(pooled: PoolCircuit, nowMs: number): CircuitStatus {
  return {
    id: pooled.number,
    state: pooled.state === 'closed' ? 'waiting' : pooled.state,
    purpose: pooled.wish.kind,
    hops: hopsOf(pooled.circuit),
    congestionControl: pooled.circuit?.flow?.isCongestionControlled ?? false,
    streamCount: pooled.streamCount,
    ageMs: nowMs - pooled.begunMs,
    isDirty: !pooled.isClean,
  };
}

/** The circuit to a directory. */
export function directoryStatus(circuit: ClientCircuit): CircuitStatus {
  return {
    id: 0,
    state: 'open',
    purpose: 'directory',
    hops: hopsOf(circuit),
    congestionControl: circuit.flow?.isCongestionControlled ?? false,
    streamCount: circuit.streams.count,
    ageMs: 0,
    isDirty: true,
  };
}

function hopsOf(circuit: ClientCircuit | undefined): readonly HopStatus[] {
  return (circuit?.hops ?? []).map(({ plan, cipher }) => ({
    nickname: plan.nickname,
    fingerprint: plan.fingerprint,
    cipher,
  }));
}
