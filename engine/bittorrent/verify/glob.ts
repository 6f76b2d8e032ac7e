const SPECIAL = /[\\^$.|+(){}]/;

/** Whether the text has any of the characters that make it a pattern. */
export function isGlob(text: string): boolean {
  return /[*?[]/.test(text);
}

/**
 * A glob over slash-separated paths as a regular expression: `*` and `?` stay within one component, `**` does not,
 * `[a-z]` and `[!a-z]` are classes. A bracket that is never closed stands for itself.
 */
export function globPattern(glob: string): RegExp {
  let source = '';
  for (let at = 0; at < glob.length; ) {
    const [piece, next] = translate(glob, at);
    source += piece;
    at = next;
  }
  return new RegExp(`^${source}$`, 'su');
}

function translate(glob: string, at: number): readonly [string, number] {
  const character = String.fromCodePoint(glob.codePointAt(at)!);
  if (character === '*') {
    if (glob[at + 1] !== '*') return ['[^/]*', at + 1];
    // `**/` may also stand for no folder at all.
    return glob[at + 2] === '/' ? ['(?:.*/)?', at + 3] : ['.*', at + 2];
  }
  if (character === '?') return ['[^/]', at + 1];
  if (character === '[') {
    const end = glob.indexOf(']', at + 2);
    if (end < 0) return ['\\[', at + 1];
    return [characterClass(glob.slice(at + 1, end)), end + 1];
  }
  return [SPECIAL.test(character) || character === ']' ? `\\${character}` : character, at + character.length];
}

function characterClass(body: string): string {
  const negated = body[0] === '!' || body[0] === '^';
  const members = [...(negated ? body.slice(1) : body)];
  let source = '';
  for (let at = 0; at < members.length; at += 1) {
    const low = members[at]!;
    const high = members[at + 2];
    if (members[at + 1] === '-' && high !== undefined && low <= high) {
      source += `${escapeMember(low)}-${escapeMember(high)}`;
      at += 2;
    } else source += escapeMember(low);
  }
  return negated ? `[^/${source}]` : `[${source}]`;
}

function escapeMember(character: string): string {
  return /[\\\]^[-]/.test(character) ? `\\${character}` : character;
}
