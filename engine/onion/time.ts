const DAY_MS = 86_400_000;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** A moment of UTC by its parts; `month` is 1 … 12. */
interface CalendarTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** Days from 1970-01-01 in the Gregorian calendar; years counted from March, so that the odd day comes last. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function calendarDay(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

function unixMs(time: CalendarTime): number | undefined {
  const { year, month, day, hour, minute, second } = time;
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 60) return undefined;
  const days = daysSinceEpoch(year, month, day);
  const again = calendarDay(days);
  if (again.month !== month || again.day !== day) return undefined;
  return days * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000;
}

/** `YYYY-MM-DD` and `HH:MM:SS` (UTC) as Unix milliseconds; undefined when it is no time. dir-spec. */
export function readTime(date: string | undefined, clock: string | undefined): number | undefined {
  if (date?.length !== 10 || clock?.length !== 8) return undefined;
  if (!/^\d{4}-\d\d-\d\d$/.test(date) || !/^\d\d:\d\d:\d\d$/.test(clock)) return undefined;
  return unixMs({
    year: Number(date.slice(0, 4)),
    month: Number(date.slice(5, 7)),
    day: Number(date.slice(8, 10)),
    hour: Number(clock.slice(0, 2)),
    minute: Number(clock.slice(3, 5)),
    second: Number(clock.slice(6, 8)),
  });
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}

function clockText(timeMs: number): string {
  const seconds = Math.floor(timeMs / 1000) % 86_400;
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(twoDigits).join(':');
}

/** Unix milliseconds (≥ 0) as `YYYY-MM-DD HH:MM:SS`, UTC; what is less than a second is dropped. */
export function timeText(timeMs: number): string {
  const { year, month, day } = calendarDay(Math.floor(timeMs / DAY_MS));
  return `${String(year).padStart(4, '0')}-${twoDigits(month)}-${twoDigits(day)} ${clockText(timeMs)}`;
}

/** Unix milliseconds (≥ 0) as in HTTP headers: `Sun, 22 Nov 2026 20:16:17 GMT`. RFC 9110, HTTP-date. */
export function httpTimeText(timeMs: number): string {
  const days = Math.floor(timeMs / DAY_MS);
  const { year, month, day } = calendarDay(days);
  const weekday = WEEKDAYS[(days + 4) % 7]!;
  return `${weekday}, ${twoDigits(day)} ${MONTHS[month - 1]!} ${String(year).padStart(4, '0')} ${clockText(timeMs)} GMT`;
}

/** The reverse of {@link httpTimeText}; undefined for anything else. */
export function readHttpTime(text: string): number | undefined {
  const parts = /^[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/.exec(text.trim());
  if (parts === null) return undefined;
  const [, day, month, year, hour, minute, second] = parts;
  return unixMs({
    year: Number(year),
    month: MONTHS.indexOf(month!) + 1,
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
  });
}
