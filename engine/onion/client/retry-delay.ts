import type { Random } from '../../runtime/port.ts';

const FIRST_MS = 500;
const MAX_MS = 600_000;

/** How long to wait after so many failures in a row (≥ 1): doubling up to ten minutes, by chance within a half. */
export function retryDelayMs(failures: number, random: Random): number {
  const wholeMs = Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(failures - 1, 20));
  return wholeMs / 2 + random.below(Math.ceil(wholeMs / 2) + 1);
}
