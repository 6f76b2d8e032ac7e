import type { Machine } from '../support/machine.ts';

/** The parts of the comparison; each can be run apart. */
export const SECTIONS = ['verify', 'create', 'seed', 'download'] as const;
export type SectionName = (typeof SECTIONS)[number];

/** Ours, somebody else's, or the least work that could do it. */
export type Side = 'allium' | 'rival' | 'ceiling';

/** One run of one program. Rates are left to the reader: bytes by seconds. */
export interface Run {
  readonly bytes: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Highest resident memory, mapped files included; 0 where it cannot be told. */
  readonly peakBytes: number;
  /** CPU time of the sink or source on the other side by the clock, 0 to 1 of a core; near 1 it would be the limit. */
  readonly helperShare?: number;
  /** Connections that got anything. */
  readonly served?: number;
  /** Share of the CPU time wanted that other guests of the host got. */
  readonly stealShare: number;
  /** Cores used by others meanwhile. */
  readonly otherCores: number;
}

/** All runs of one program in one contest. */
export interface Row {
  readonly program: string;
  readonly side: Side;
  /** What it was told beyond its defaults, in a few words. */
  readonly setting: string;
  /**
   * Seconds to get going, as far as {@link Run.seconds} holds them: the same command with next to nothing to do.
   * Undefined where the clock starts later anyway.
   */
  readonly startupSeconds?: number;
  readonly runs: readonly Run[];
  /** Every byte was compared with the payload, or the verdict of the program was checked. */
  readonly checked: boolean;
  /** Why there are fewer runs than asked for. */
  readonly error?: string;
}

/** Programs doing the same thing with the same bytes, by turns. */
export interface Contest {
  /** Such as `seed.8`. */
  readonly id: string;
  readonly section: SectionName;
  readonly title: string;
  /** One sentence: payload, how it is measured. */
  readonly about: string;
  readonly payloadBytes: number;
  /** What the machine could do at best by the calibration beside it, bytes per second. */
  readonly ceiling?: { readonly bytesPerSec: number; readonly meaning: string };
  readonly rows: readonly Row[];
  readonly takenAt: string;
}

/** What the machine can do, all cores, bytes per second. Medians of a few tries. */
export interface Calibration {
  readonly takenAt: string;
  readonly workers: number;
  readonly sha1: number;
  readonly sha256: number;
  /** Reading the payload out of the page cache. */
  readonly read: number;
  /** Copying from memory to memory, one core. */
  readonly copy: number;
}

/** The result file. */
export interface PeersResult {
  readonly schema: 'allium bench peers 1';
  readonly startedAt: string;
  readonly commit: string;
  readonly machine: Machine;
  /** Program and what it calls its version. */
  readonly versions: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string | number | boolean>>;
  readonly calibrations: readonly Calibration[];
  readonly contests: readonly Contest[];
  /** What was left out and why, one sentence each. */
  readonly skipped: readonly string[];
}
