import { printable } from '../../codec/text.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text of anybody, safe between tags and in quoted attributes; what would not show is spelt out. */
export function text(value: string): string {
  return printable(value).replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}
