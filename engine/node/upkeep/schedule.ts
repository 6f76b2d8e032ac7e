import type { LimitSchedule } from '../control/session-options.ts';

const DAY_MINUTES = 1440;
const MINUTE_MS = 60_000;
/** Clocks are put forward by an hour as a rule, by two at most since time zones have been kept track of this way. */
const GAP_MS_MAX = 3 * 60 * MINUTE_MS;
/** With one day of the week, the next change may be that of a week from now. */
const DAYS_AHEAD = 8;

/** A stretch of time in which a schedule holds: Unix milliseconds, without the end. */
interface Stretch {
  readonly beginMs: number;
  readonly endMs: number;
}

/**
 * Whether the schedule holds at `wallMs` (Unix milliseconds), read as local time. A stretch over midnight belongs to
 * the day on which it begins; begin and end alike are a whole day. When clocks are put back it neither ends nor
 * begins twice; a time that clocks leave out is the moment at which they do.
 */
export function isScheduled(schedule: LimitSchedule, wallMs: number): boolean {
  return stretchesAround(schedule, wallMs).some(({ beginMs, endMs }) => beginMs <= wallMs && wallMs < endMs);
}

/** When {@link isScheduled} next gives another answer than at `wallMs`; undefined when it never does. */
export function nextScheduleChange(schedule: LimitSchedule, wallMs: number): number | undefined {
  const now = isScheduled(schedule, wallMs);
  const moments = stretchesAround(schedule, wallMs).flatMap(({ beginMs, endMs }) => [beginMs, endMs]);
  return moments
    .filter((moment) => moment > wallMs)
    .sort((a, b) => a - b)
    .find((moment) => isScheduled(schedule, moment) !== now);
}

/** Those that hold at `wallMs`, and those of the days to come. */
function stretchesAround(schedule: LimitSchedule, wallMs: number): Stretch[] {
  const { enabled, beginMinute, endMinute, days } = schedule;
  if (!enabled) return [];
  const today = new Date(wallMs);
  const stretches: Stretch[] = [];
  for (let ahead = -1; ahead <= DAYS_AHEAD; ahead += 1) {
    // Noon is there on every day, whatever the clocks do.
    const noon = new Date(today.getFullYear(), today.getMonth(), today.getDate() + ahead, 12);
    if ((days & (1 << noon.getDay())) === 0) continue;
    const endOfDay = endMinute > beginMinute ? endMinute : endMinute + DAY_MINUTES;
    const stretch = { beginMs: momentOf(noon, beginMinute), endMs: momentOf(noon, endOfDay) };
    if (stretch.beginMs < stretch.endMs) stretches.push(stretch);
  }
  return stretches;
}

/** The first moment at which local clocks show this minute of the day, or have left it out. */
function momentOf(day: Date, minute: number): number {
  const date = new Date(
    day.getFullYear(),
    day.getMonth(),
    day.getDate() + Math.floor(minute / DAY_MINUTES),
    12,
  );
  const wanted = minute % DAY_MINUTES;
  const found = new Date(date.getFullYear(), date.getMonth(), date.getDate(), 0, wanted);
  if (found.getHours() * 60 + found.getMinutes() === wanted) return found.getTime();
  const isBehind = (ms: number): boolean => {
    const at = new Date(ms);
    return at.getDate() !== date.getDate()
      ? at.getTime() > date.getTime()
      : at.getHours() * 60 + at.getMinutes() >= wanted;
  };
  let before = found.getTime() - GAP_MS_MAX;
  let behind = found.getTime();
  while (behind - before > 1) {
    const middle = Math.floor((before + behind) / 2);
    if (isBehind(middle)) behind = middle;
    else before = middle;
  }
  return behind;
}
