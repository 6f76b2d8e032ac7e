import { latin1Text } from './text.ts';

/**
 * Cuts where a line begins with this keyword, into at most `countMax` parts. What stands before the first is dropped, and
 * empty lines at the end of a part too: C tor puts one behind the descriptor of an authority.
 */
export function splitDocuments(bytes: Uint8Array, keyword: string, countMax: number): Uint8Array[] {
  const text = latin1Text(bytes);
  const parts: Uint8Array[] = [];
  let start = -1;
  for (let at = text.indexOf(keyword); at >= 0; at = text.indexOf(keyword, at + keyword.length)) {
    if (!isLineStart(text, keyword, at)) continue;
    if (start >= 0) parts.push(trimmed(bytes, start, at));
    if (parts.length >= countMax) return parts;
    start = at;
  }
  if (start >= 0) parts.push(trimmed(bytes, start, bytes.length));
  return parts;
}

function trimmed(bytes: Uint8Array, start: number, end: number): Uint8Array {
  let last = end;
  while (last - 2 > start && bytes[last - 1] === 10 && bytes[last - 2] === 10) last--;
  return bytes.subarray(start, last);
}

function isLineStart(text: string, keyword: string, at: number): boolean {
  if (at > 0 && text.charCodeAt(at - 1) !== 10) return false;
  const code = text.charCodeAt(at + keyword.length);
  return code === 10 || code === 32 || code === 9;
}
