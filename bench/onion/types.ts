import type { Machine } from '../support/machine.ts';

/** The parts of the comparison; each can be run apart. */
export const SECTIONS = ['stream', 'four', 'fifty', 'middle', 'relay', 'circuits', 'memory'] as const;
export type SectionName = (typeof SECTIONS)[number];

/** Ours, or somebody else's. */
export type Side = 'allium' | 'rival';

/** One figure of a run, a column of the table. */
export interface FigureColumn {
  readonly key: string;
  readonly title: string;
  readonly digits: number;
  /** Shown divided by this: 1e6 for bytes as MB. */
  readonly unit: number;
}

/** The figures of one run by the key of their column. */
export type Run = Readonly<Record<string, number>>;

/** All runs of one contestant. */
export interface Row {
  readonly program: string;
  readonly side: Side;
  /** What it was told beyond its defaults, in a few words. */
  readonly setting: string;
  readonly runs: readonly Run[];
  /** Why there are fewer runs than asked for. */
  readonly error?: string;
}

/** Contestants doing the same, by turns. */
export interface Contest {
  readonly id: string;
  readonly section: SectionName;
  readonly title: string;
  /** One sentence: what is done and how it is measured. */
  readonly about: string;
  readonly columns: readonly FigureColumn[];
  /** The column that decides. */
  readonly headline: string;
  /** Whether more of it is better. */
  readonly isMoreBetter: boolean;
  readonly rows: readonly Row[];
  readonly takenAt: string;
}

/** The result file. */
export interface OnionResult {
  readonly schema: 'allium bench onion 1';
  readonly startedAt: string;
  readonly commit: string;
  readonly machine: Machine;
  /** Program and what it calls its version. */
  readonly versions: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string | number | boolean>>;
  readonly contests: readonly Contest[];
  /** What was left out and why, one sentence each. */
  readonly skipped: readonly string[];
}
