import { posix } from 'node:path';
import { maskText } from './mask.ts';

export interface Import {
  /** As written: `./a.ts`, `node:fs`, `commander`; undefined when it is computed. */
  readonly specifier: string | undefined;
  readonly line: number;
  /** What `import { a, type b as c } from` takes: a, b. undefined for every other form. */
  readonly names: readonly string[] | undefined;
}

/** `from '…'`, `import '…'`, `import('…')`, `require('…')`, and the files of workers: `new URL('…', import.meta.url)`. */
const STATEMENTS = [
  /\bfrom\s*(?=['"])/g,
  /\bimport\s*(?=['"])/g,
  /\bimport\s*\(\s*/g,
  /\brequire\s*\(\s*/g,
  /\bimport\.meta\.resolve\s*\(\s*/g,
  /\bnew URL\s*\(\s*(?=['"])/g,
];

/** Everything that `source` imports: values and types, static and dynamic. */
export function importsOf(source: string): readonly Import[] {
  const masked = maskText(source);
  return STATEMENTS.flatMap((statement) =>
    [...masked.matchAll(statement)].map((match): Import => {
      const at = match.index + match[0].length;
      const quote = masked[at];
      const line = masked.slice(0, at).split('\n').length;
      if (quote !== "'" && quote !== '"') return { specifier: undefined, line, names: undefined };
      const specifier = source.slice(at + 1, masked.indexOf(quote, at + 1));
      return { specifier, line, names: namesBefore(masked.slice(0, match.index)) };
    }),
  );
}

function namesBefore(masked: string): readonly string[] | undefined {
  const list = /\bimport\s*(?:type\s*)?\{([^{}]*)\}\s*$/.exec(masked)?.[1];
  return list
    ?.split(',')
    .flatMap((part) =>
      part
        .trim()
        .replace(/^type\s+/, '')
        .split(/\s/, 1),
    )
    .filter(Boolean);
}

/** The file in the project that a relative import of the file `from` names; undefined when it names a package. */
export function resolveImport(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const path = posix.join(posix.dirname(from), specifier);
  return path.replace(/\.js$/, '.ts');
}
