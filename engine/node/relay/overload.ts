import type { OverloadGeneral } from '../../onion/directory/descriptor-types.ts';

/** Why a relay is overloaded: the bound of the label in metrics. */
export const OVERLOAD_REASONS = ['memory', 'handshakes', 'dns'] as const;
export type OverloadReason = (typeof OVERLOAD_REASONS)[number];

/** dir-spec, overload-general: it is told for 72 hours. */
const TOLD_FOR_MS = 72 * 3_600_000;
const HOUR_MS = 3_600_000;
const VERSION = 1;

/** What tells of overload; numbers that only go up, but for the pressure of now. */
export interface LoadSample {
  readonly isUnderMemoryPressure: boolean;
  /** Circuits closed for lack of memory. */
  readonly memoryRefusals: number;
  readonly handshakesDropped: number;
  readonly dnsTimeouts: number;
}

/** Notices when a relay cannot keep up, and remembers it for the descriptor. */
export class OverloadWatch {
  readonly counts: Record<OverloadReason, number> = { memory: 0, handshakes: 0, dns: 0 };
  #last: LoadSample | undefined;
  #lastMs: number | undefined;

  /** To be called once in a second. Gives the reasons of this second. Unix milliseconds. */
  look(sample: LoadSample, nowMs: number): readonly OverloadReason[] {
    const last = this.#last;
    this.#last = sample;
    if (last === undefined) return [];
    const reasons: OverloadReason[] = [];
    if (sample.isUnderMemoryPressure || sample.memoryRefusals > last.memoryRefusals) reasons.push('memory');
    if (sample.handshakesDropped > last.handshakesDropped) reasons.push('handshakes');
    if (sample.dnsTimeouts > last.dnsTimeouts) reasons.push('dns');
    for (const reason of reasons) this.counts[reason] += 1;
    // dir-spec: time-outs of names are for the operator alone, whom they may be the fault of.
    if (reasons.some((reason) => reason !== 'dns')) this.#lastMs = nowMs;
    return reasons;
  }

  /** What the descriptor has to say. */
  general(nowMs: number): OverloadGeneral | undefined {
    const lastMs = this.#lastMs;
    if (lastMs === undefined || nowMs - lastMs > TOLD_FOR_MS) return undefined;
    return { version: VERSION, sinceMs: Math.floor(lastMs / HOUR_MS) * HOUR_MS };
  }
}
