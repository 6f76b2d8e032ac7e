import { formatBytes, formatDuration, formatPercent, formatRate } from '../../codec/units.ts';
import type { Job, Specification } from './jobs.ts';

/** A figure of a {@link Specification} that can be asked for. */
export type Figure = keyof Specification;

/** One thing that a job needs. */
export interface Requirement {
  readonly figure: Figure;
  /** To get the job. True counts as 1. */
  readonly gain: number;
  /** To keep it: less, so that a job does not come and go with every reading. */
  readonly keep: number;
}

/** What stands between a node and a job beside its figures. */
export interface JobRules {
  readonly requirements: readonly Requirement[];
  /** A job one has to have in order to do this one. */
  readonly needs?: Job;
  /** Milliseconds of other work well done before it is given. */
  readonly trustMs: number;
  /** Only for who asks for it. */
  readonly askedOnly: boolean;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MIB = 1024 * 1024;
const MBIT = 125_000;

/** `keep` is four fifths of `gain` unless it is said. */
function atLeast(figure: Figure, gain: number, keep = 0.8 * gain): Requirement {
  return { figure, gain, keep };
}

const REACHABLE = atLeast('reachable', 1, 1);

/**
 * The rules. Those of `relay` are what tor's operators are asked for (10 Mbit/s each way), those of `guard` what its
 * directories ask (dir-spec, “Guard”: 2 MB/s, weighted uptime of 98 %, known for eight days).
 */
export const RULES: Readonly<Record<Job, JobRules>> = {
  seeder: { requirements: [atLeast('cores', 1, 1)], trustMs: 0, askedOnly: false },
  'super-seeder': {
    requirements: [REACHABLE, atLeast('upBytesPerSec', 8 * MBIT), atLeast('knownMs', HOUR_MS)],
    needs: 'seeder',
    trustMs: 0,
    askedOnly: false,
  },
  dht: {
    requirements: [REACHABLE, atLeast('memoryBytes', 256 * MIB), atLeast('knownMs', HOUR_MS / 4)],
    trustMs: 0,
    askedOnly: false,
  },
  tracker: {
    requirements: [
      ...[REACHABLE, atLeast('memoryBytes', 1024 * MIB), atLeast('freeBytes', 1024 * MIB)],
      ...[atLeast('upBytesPerSec', 8 * MBIT), atLeast('knownMs', DAY_MS), atLeast('uptimeShare', 0.9, 0.8)],
    ],
    trustMs: DAY_MS / 2,
    askedOnly: false,
  },
  relay: {
    requirements: [
      ...[REACHABLE, atLeast('memoryBytes', 512 * MIB), atLeast('cores', 1, 1)],
      ...[atLeast('upBytesPerSec', 10 * MBIT), atLeast('downBytesPerSec', 10 * MBIT)],
      ...[atLeast('knownMs', 3 * HOUR_MS), atLeast('uptimeShare', 0.5, 0.4)],
    ],
    trustMs: 0,
    askedOnly: false,
  },
  guard: {
    requirements: [
      ...[atLeast('upBytesPerSec', 16 * MBIT), atLeast('downBytesPerSec', 16 * MBIT)],
      ...[atLeast('knownMs', 8 * DAY_MS), atLeast('uptimeShare', 0.98, 0.95)],
    ],
    needs: 'relay',
    trustMs: 4 * DAY_MS,
    askedOnly: false,
  },
  exit: {
    requirements: [atLeast('uptimeShare', 0.5, 0.4)],
    needs: 'relay',
    trustMs: DAY_MS,
    askedOnly: true,
  },
};

/** The first requirement that is not met, for who has the job (`keep`) or wants it. */
export function firstUnmet(
  requirements: readonly Requirement[],
  specification: Specification,
  has: boolean,
): Requirement | undefined {
  return requirements.find(
    ({ figure, gain, keep }) => !(Number(specification[figure]) >= (has ? keep : gain)),
  );
}

const WORDS: Readonly<Record<Figure, (value: number) => string>> = {
  upBytesPerSec: (value) => `${formatRate(value)} up`,
  downBytesPerSec: (value) => `${formatRate(value)} down`,
  uptimeShare: (value) => `up ${formatPercent(value)} of the time`,
  knownMs: (value) => `known for ${formatDuration(value)}`,
  freeBytes: (value) => `${formatBytes(value)} free on disk`,
  memoryBytes: (value) => `${formatBytes(value)} of memory`,
  cores: (value) => `${value} core${value === 1 ? '' : 's'}`,
  reachable: (value) => (value >= 1 ? 'others reach it' : 'nobody has reached it from outside'),
};

/** `2.00 MiB/s up`. */
export function figureText(figure: Figure, value: number): string {
  return WORDS[figure](value);
}
