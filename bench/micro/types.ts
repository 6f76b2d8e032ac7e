import type { Machine } from '../support/machine.ts';

/** One case. Times in milliseconds for one call. */
export interface MicroCase {
  readonly name: string;
  readonly medianMs: number;
  /** Median absolute deviation. */
  readonly deviationMs: number;
  readonly minMs: number;
  readonly p99Ms: number;
  readonly samples: number;
  /** Payload of one call, where there is one. */
  readonly bytes?: number;
  /** Why there is no result; the numbers are 0 then. */
  readonly error?: string;
}

export interface MicroSuite {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly cases: readonly MicroCase[];
}

/** The result file. */
export interface MicroResult {
  readonly schema: 'allium bench micro 1';
  readonly startedAt: string;
  readonly commit: string;
  readonly machine: Machine;
  readonly suites: readonly MicroSuite[];
}
