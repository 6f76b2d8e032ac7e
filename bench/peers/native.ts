import { spawnSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram } from '../support/programs.ts';

/** The folder of package.json: this file lies in dist/bench/peers. */
export const PROJECT_ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** The helpers in C: what they send and take is counted on the other side. */
export interface Helpers {
  readonly sink: string;
  readonly source: string;
}

/** A file of bench/peers/native, which is not compiled with the project. */
export function nativeSource(name: string): string {
  return join(PROJECT_ROOT, 'bench', 'peers', 'native', name);
}

/** Compiles sink and source into `folder`; a sentence that says why when that cannot be done. */
export function buildHelpers(folder: string): Helpers | string {
  const paths = { sink: join(folder, 'sink'), source: join(folder, 'source') };
  for (const [name, path] of Object.entries(paths)) {
    const complaint = compileNative(nativeSource(`${name}.c`), path);
    if (complaint !== undefined) return complaint;
  }
  return paths;
}

/** Compiles one file in C; a sentence that says why when that cannot be done. */
export function compileNative(source: string, path: string): string | undefined {
  const compiler = process.env.CC ?? ['cc', 'gcc', 'clang'].find((name) => findProgram(name) !== undefined);
  if (compiler === undefined) return 'there is no C compiler (cc, gcc or clang; Debian: gcc libc6-dev)';
  const words = ['-O2', '-Wall', '-D_GNU_SOURCE', '-o', path, source];
  const { status, stderr } = spawnSync(compiler, words, { encoding: 'utf8', timeout: 60_000 });
  if (status === 0) return undefined;
  return `${compiler} does not compile ${basename(source)}: ${(stderr ?? '').split('\n')[0] ?? ''} (Debian: gcc libc6-dev)`;
}
