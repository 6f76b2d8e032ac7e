import type { FileSpan } from './types.ts';

/** More than any torrent has files. */
const FILE_NUMBER_MAX = 10_000_000;
const SPANS_MAX = 10_000;

/**
 * BEP 53: `0,2,4-6` as spans in order, those that touch or overlap joined; undefined when it is not of this form or
 * has more than 10,000 parts.
 */
export function parseFileSpans(text: string): FileSpan[] | undefined {
  const parts = text.split(',', SPANS_MAX + 1);
  if (parts.length > SPANS_MAX) return undefined;
  const spans: FileSpan[] = [];
  for (const part of parts) {
    const match = /^(\d{1,8})(?:-(\d{1,8}))?$/.exec(part.trim());
    if (match === null) return undefined;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (last < first || last > FILE_NUMBER_MAX) return undefined;
    spans.push({ first, last });
  }
  spans.sort((a, b) => a.first - b.first);
  const joined: FileSpan[] = [];
  for (const span of spans) {
    const before = joined.at(-1);
    if (before === undefined || span.first > before.last + 1) joined.push(span);
    else joined[joined.length - 1] = { first: before.first, last: Math.max(before.last, span.last) };
  }
  return joined;
}

/** The text of {@link parseFileSpans}. */
export function formatFileSpans(spans: readonly FileSpan[]): string {
  return spans.map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`)).join(',');
}

/** Whether a file is in one of the spans. */
export function isInSpans(file: number, spans: readonly FileSpan[]): boolean {
  return spans.some(({ first, last }) => file >= first && file <= last);
}
