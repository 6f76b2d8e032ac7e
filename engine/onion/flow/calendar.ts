/** A day of the proleptic Gregorian calendar, UTC. */
export interface CivilDay {
  readonly year: number;
  /** 1 … 12. */
  readonly month: number;
  /** 1 … 31. */
  readonly day: number;
}

export const DAY_MS = 86_400_000;

/** Days since 1970-01-01. Months beyond 12 or below 1 run on into other years. */
export function dayNumber(year: number, month: number, day: number): number {
  // The year begins in March, so that the leap day is its last.
  const months = year * 12 + month - 3;
  const marchYear = Math.floor(months / 12);
  const marchMonth = months - marchYear * 12;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return marchYear * 365 + leapDays + Math.floor((153 * marchMonth + 2) / 5) + day - 719_469;
}

/** The day on which a moment lies; Unix milliseconds. */
export function civilDay(atMs: number): CivilDay {
  const days = Math.floor(atMs / DAY_MS);
  let year = 1970 + Math.floor(days / 365.2425);
  while (dayNumber(year, 1, 1) > days) year -= 1;
  while (dayNumber(year + 1, 1, 1) <= days) year += 1;
  let month = 12;
  while (dayNumber(year, month, 1) > days) month -= 1;
  return { year, month, day: days - dayNumber(year, month, 1) + 1 };
}
