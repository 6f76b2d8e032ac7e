import type { Contest } from './contest.ts';

/** One pair: what each side took, and the probe that ran before and after them. Microseconds. */
export interface Pair {
  readonly oursUs: number;
  readonly rivalUs: number;
  readonly probeUs: number;
}

/** A contest measured in neighbouring pairs, A B B A. */
export interface PairedResult {
  readonly what: string;
  readonly choice: string;
  readonly target: number;
  /** Median of rival / ours over the quiet pairs, or over all where too few are quiet. */
  readonly ratio: number;
  /** Median absolute deviation of that ratio from its median. */
  readonly ratioMad: number;
  /** The same over all pairs, those too that other guests of the host disturbed. */
  readonly ratioOfAll: number;
  /** Medians over the same pairs as `ratio`. */
  readonly oursUs: number;
  readonly rivalUs: number;
  readonly pairCount: number;
  readonly quietCount: number;
  readonly raw: readonly Pair[];
}

const WARM_UP_MS = 250;
const PAIRS_MIN = 15;
/** Fewer quiet pairs than this say nothing: then all pairs count. */
const QUIET_MIN = 7;
/** Who shares the core with another busy thread loses up to half; a quiet probe varies by a few percent. */
const QUIET_FACTOR = 1.12;
const PROBE_ROUNDS = 12_000;

/**
 * Measures a contest for `durationMs` and longer, up to four times as long, until enough pairs were quiet.
 *
 * A virtual core is often half of a real one, and a neighbour on the other half takes up to half of the execution
 * units. That halves code that keeps them all busy, and hardly touches code that waits for its own results, as the SHA
 * instructions do: so it shifts ratios. A probe around each pair, a loop of independent integer sums that has nothing
 * to do with either side, tells whether the pair was disturbed.
 */
export function runPaired(contest: Contest, durationMs: number): PairedResult {
  const raw: Pair[] = [];
  const warmUntil = performance.now() + WARM_UP_MS;
  while (performance.now() < warmUntil) {
    contest.ours();
    contest.rival();
    probe();
  }
  const from = performance.now();
  for (;;) {
    const elapsedMs = performance.now() - from;
    const enough = raw.length >= PAIRS_MIN && elapsedMs >= durationMs;
    if (enough && (elapsedMs >= 4 * durationMs || quietPairs(raw).length >= PAIRS_MIN)) break;
    raw.push(onePair(contest, raw.length % 2 === 0));
  }
  return summarise(contest, raw);
}

function onePair(contest: Contest, oursFirst: boolean): Pair {
  const before = timeUs(probe);
  const first = timeUs(oursFirst ? contest.ours : contest.rival);
  const second = timeUs(oursFirst ? contest.rival : contest.ours);
  const probeUs = Math.max(before, timeUs(probe));
  return { oursUs: oursFirst ? first : second, rivalUs: oursFirst ? second : first, probeUs };
}

function quietPairs(raw: readonly Pair[]): readonly Pair[] {
  const probes = raw.map(({ probeUs }) => probeUs).toSorted((a, b) => a - b);
  const best = probes[Math.floor(probes.length * 0.02)] ?? 0;
  return raw.filter(({ probeUs }) => probeUs <= best * QUIET_FACTOR);
}

function summarise(contest: Contest, raw: readonly Pair[]): PairedResult {
  const quiet = quietPairs(raw);
  const used = quiet.length >= QUIET_MIN ? quiet : raw;
  const ratios = used.map(ratioOf);
  const ratio = middle(ratios);
  return {
    what: contest.what,
    choice: contest.choice,
    target: contest.target,
    ratio,
    ratioMad: middle(ratios.map((value) => Math.abs(value - ratio))),
    ratioOfAll: middle(raw.map(ratioOf)),
    oursUs: middle(used.map(({ oursUs }) => oursUs)),
    rivalUs: middle(used.map(({ rivalUs }) => rivalUs)),
    pairCount: raw.length,
    quietCount: quiet.length,
    raw,
  };
}

function ratioOf({ oursUs, rivalUs }: Pair): number {
  return rivalUs / oursUs;
}

let sink = 0;

/** Sums in eight independent chains: as many instructions per cycle as the core gives this thread. */
function probe(): void {
  let [a, b, c, d, e, f, g, h] = [1, 2, 3, 4, 5, 6, 7, 8] as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  for (let i = 0; i < PROBE_ROUNDS; i += 1) {
    a = (a + i) | 0;
    b = (b ^ i) | 0;
    c = (c - i) | 0;
    d = (d + 7) ^ i;
    e = (e ^ 11) | 0;
    f = (f + i) | 0;
    g = (g ^ i) | 0;
    h = (h - 3) | 0;
  }
  sink = (sink + a + b + c + d + e + f + g + h) | 0;
}

function timeUs(action: () => void): number {
  const from = performance.now();
  action();
  return (performance.now() - from) * 1000;
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
