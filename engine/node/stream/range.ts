/** What part of a file a request asks for; `end` is one past the last byte. */
export type RangeWish =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly start: number; readonly end: number }
  | { readonly kind: 'unsatisfiable' };

const WHOLE: RangeWish = { kind: 'whole' };

/**
 * RFC 9110, 14.2: what a Range header means for a file of this length. One range is understood; several, other units and
 * what is not well-formed are passed over, as a server may do. Pure.
 */
export function rangeOf(header: string | null, byteLength: number): RangeWish {
  const match = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/i.exec(header ?? '');
  if (match === null) return WHOLE;
  const [, first = '', last = ''] = match;
  if (first === '') {
    if (last === '') return WHOLE;
    const suffix = Math.min(Number(last), byteLength);
    return suffix === 0
      ? { kind: 'unsatisfiable' }
      : { kind: 'part', start: byteLength - suffix, end: byteLength };
  }
  const start = Number(first);
  const end = last === '' ? byteLength : Math.min(Number(last) + 1, byteLength);
  if (last !== '' && Number(last) < start) return WHOLE;
  return start >= byteLength ? { kind: 'unsatisfiable' } : { kind: 'part', start, end };
}
