const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;

/** `1.50 GiB`: powers of 1024, three digits that matter. Whole bytes below 1 KiB. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 1023.5 would otherwise print as “1024 KiB”.
  while (value >= (unit === 0 ? 1024 : 1023.5) && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  if (unit === 0) return `${Math.round(value)} B`;
  const digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** `12.3 MiB/s`. */
export function formatRate(bytesPerSec: number): string {
  return `${formatBytes(bytesPerSec)}/s`;
}

/** `850 ms`, `4.2 s`, `3 m 05 s`, `2 h 07 m`, `3 d 04 h`. */
export function formatDuration(durationMs: number): string {
  if (!Number.isFinite(durationMs)) return '∞';
  if (durationMs < 999.5) return `${Math.round(durationMs)} ms`;
  if (durationMs < 9_950) return `${(durationMs / 1000).toFixed(1)} s`;
  const seconds = Math.round(durationMs / 1000);
  if (seconds < 60) return `${seconds} s`;
  const two = (value: number): string => String(value).padStart(2, '0');
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} m`;
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)} d ${two(hours % 24)} h`;
}

/** `42.0 %`; never `100.0 %` before the whole is there. `ratio` from 0 to 1. */
export function formatPercent(ratio: number): string {
  const percent = ratio >= 1 ? 100 : Math.min(99.9, Math.floor(ratio * 1000) / 10);
  return `${percent.toFixed(1)} %`;
}

const SIZE = /^(\d+(?:\.\d+)?)\s*(?:([kmgtp])(i?b)?|b)?$/i;
const POWERS = { k: 1, m: 2, g: 3, t: 4, p: 5 } as const;

/**
 * Bytes of `512`, `16K`, `16KiB`, `1.5 MiB`, `2GB`; undefined when it is none of these. `K`, `KB` and `KiB` are
 * all 1024, as in the other programs of this field.
 */
export function parseSize(text: string): number | undefined {
  const match = SIZE.exec(text.trim());
  if (match === null) return undefined;
  const letter = match[2]?.toLowerCase() as keyof typeof POWERS | undefined;
  const bytes = Math.round(Number(match[1]) * (letter === undefined ? 1 : 1024 ** POWERS[letter]));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Bytes per second of `10MiB/s`, `10M`; Infinity for `off` and `unlimited`; undefined when it is none of these. */
export function parseRate(text: string): number | undefined {
  const word = text.trim().toLowerCase();
  if (word === 'off' || word === 'unlimited') return Number.POSITIVE_INFINITY;
  const bytes = parseSize(word.replace(/\s*(?:\/s|ps)$/, ''));
  return bytes === 0 ? undefined : bytes;
}
