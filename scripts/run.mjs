/**
 * Makes the clone ready, then runs the program in this very process, so that signals reach it.
 *
 *   node scripts/run.mjs WORDS…                the command line of `allium`
 *   node scripts/run.mjs --bench NAME WORDS…   a benchmark: bench/NAME.ts or bench/NAME/main.ts
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensure, PROJECT_ROOT } from './ensure.mjs';
import { PROGRAM } from './support/bundle.mjs';
import { printFailure, SetupError } from './support/fail.mjs';

/** @param {readonly string[]} words @returns {{ file: string, words: readonly string[] }} */
function target(words) {
  const dist = join(PROJECT_ROOT, 'dist');
  if (words[0] !== '--bench') return { file: join(PROJECT_ROOT, PROGRAM), words };
  const name = words[1] ?? '';
  const files = [join(dist, 'bench', `${name}.js`), join(dist, 'bench', name, 'main.js')];
  const file = files.find((path) => /^[\w-]+$/.test(name) && existsSync(path));
  if (file === undefined)
    throw new SetupError(`there is no benchmark “${name}”`, 'The folder bench/ holds them.');
  return { file, words: words.slice(2) };
}

try {
  await ensure();
  const { file, words } = target(process.argv.slice(2));
  process.argv.splice(1, process.argv.length, file, ...words);
  await import(pathToFileURL(file).href);
} catch (error) {
  printFailure(error);
  process.exitCode = 2;
}
