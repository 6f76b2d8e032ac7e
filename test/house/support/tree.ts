import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json. Compiled files lie in dist/test/house/support. */
export const PROJECT_ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

/** Folders that are not the project's own text. */
const FOREIGN = new Set(['node_modules', 'dist', 'coverage', '.git']);

export interface SourceFile {
  /** Relative to the project, with forward slashes. */
  readonly path: string;
  readonly source: string;
}

/** The files below `folder` whose path ends in `suffix`. */
export function readSources(folder: string, suffix = '.ts'): readonly SourceFile[] {
  return walk(folder)
    .filter((path) => path.endsWith(suffix))
    .map((path) => ({ path, source: readFileSync(join(PROJECT_ROOT, path), 'utf8') }));
}

function walk(folder: string): readonly string[] {
  if (!existsSync(join(PROJECT_ROOT, folder))) return [];
  return readdirSync(join(PROJECT_ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '.' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return FOREIGN.has(entry.name) ? [] : walk(path);
    return entry.isFile() ? [path] : [];
  });
}

/** Every file that belongs to the project: what git keeps or would keep; without git, all but what is built. */
export function projectFiles(): readonly string[] {
  try {
    const words = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
    const listed = execFileSync('git', words, {
      cwd: PROJECT_ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return listed.split('\0').filter((path) => path !== '' && existsSync(join(PROJECT_ROOT, path)));
  } catch {
    return walk('.');
  }
}

/** One file of the project as text. */
export function readProjectFile(path: string): string {
  return readFileSync(join(PROJECT_ROOT, path), 'utf8');
}

/** The rows of the tables in a Markdown file, as lists of cells, without head and rule lines. */
export function tableRows(markdown: string): readonly (readonly string[])[] {
  const lines = markdown.split('\n');
  return lines.flatMap((line, index) => {
    const isRow = line.startsWith('|') && !/^\|[\s:|-]+\|$/.test(line);
    const isHead = /^\|[\s:|-]+\|$/.test(lines[index + 1] ?? '');
    if (!isRow || isHead) return [];
    const cells = line.replace(/^\||\|\s*$/g, '').split(/(?<!\\)\|/);
    return [cells.map((cell) => cell.trim())];
  });
}
