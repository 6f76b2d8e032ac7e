/** After these characters a slash opens a regular expression, after others it divides. */
const BEFORE_REGEXP =
  /(?:[=(,:;[!&|?{}+\-*%~^<>]|\b(?:return|typeof|case|of|in|do|else|void|await|yield))\s*$/;

/**
 * `source` with comments, the inside of strings, templates and regular expressions blanked out, so that rules see
 * code only. Of the same length: a position in one is the same position in the other. Code inside `${…}` stays.
 */
export function maskText(source: string): string {
  const out = source.split('');
  const templates: number[] = []; // depth of braces inside each open ${…}
  let at = 0;
  const blank = (from: number, to: number): void => {
    for (let i = from; i < to; i += 1) if (out[i] !== '\n') out[i] = ' ';
  };
  /** Blanks up to the end of a template's text; at: after the opening backtick or closing brace. */
  const templateText = (): void => {
    const from = at;
    while (at < source.length && source[at] !== '`' && !source.startsWith('${', at))
      at += source[at] === '\\' ? 2 : 1;
    blank(from, at);
    if (source[at] === '`') at += 1;
    else {
      at += 2;
      templates.push(0);
    }
  };
  while (at < source.length) {
    const character = source[at];
    const end = plainEnd(source, at);
    if (end !== undefined) {
      const isComment = source.startsWith('//', at) || source.startsWith('/*', at);
      blank(isComment ? at : at + 1, isComment ? end : end - 1);
      at = end;
    } else if (character === '`') {
      at += 1;
      templateText();
    } else {
      at += 1;
      const depth = templates.length - 1;
      if (character === '{' && depth >= 0) templates[depth] = (templates[depth] ?? 0) + 1;
      if (character === '}' && depth >= 0) {
        if (templates[depth] === 0) {
          templates.pop();
          templateText();
        } else templates[depth] = (templates[depth] ?? 0) - 1;
      }
    }
  }
  return out.join('');
}

/** Where the comment, string or regular expression that starts at `at` ends; undefined when none starts there. */
function plainEnd(source: string, at: number): number | undefined {
  const character = source[at];
  if (source.startsWith('//', at)) return indexOrEnd(source, '\n', at);
  if (source.startsWith('/*', at)) return indexOrEnd(source, '*/', at + 2) + 2;
  if (character === "'" || character === '"') return closingEnd(source, at, character, false);
  if (character === '/' && BEFORE_REGEXP.test(source.slice(Math.max(0, at - 40), at))) {
    return closingEnd(source, at, '/', true);
  }
  return undefined;
}

function indexOrEnd(source: string, text: string, from: number): number {
  const index = source.indexOf(text, from);
  return index < 0 ? source.length : index;
}

function closingEnd(source: string, start: number, close: string, classes: boolean): number {
  let inClass = false;
  let at = start + 1;
  while (at < source.length && source[at] !== '\n') {
    const character = source[at];
    if (character === '\\') at += 1;
    else if (classes && character === '[') inClass = true;
    else if (classes && character === ']') inClass = false;
    else if (character === close && !inClass) return at + 1;
    at += 1;
  }
  return at;
}
