import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { listFiles } from './inputs.mjs';
import { runQuietly } from './install.mjs';
import { stripColours } from './test-files.mjs';

/** Lines of engine/ that the tests must run, in per cent. */
const LINES_MIN = 90;
const RAW = /^raw-(\d+)$/;

/** A fresh folder for what V8 counted; those of runs that were killed are removed. @param {string} root */
export function makeRawFolder(root) {
  const coverage = join(root, 'coverage');
  mkdirSync(coverage, { recursive: true });
  for (const name of readdirSync(coverage)) {
    const match = RAW.exec(name);
    if (match !== null && !isAlive(Number(match[1])))
      rmSync(join(coverage, name), { recursive: true, force: true });
  }
  const raw = join(coverage, `raw-${process.pid}`);
  mkdirSync(raw);
  return raw;
}

/**
 * Maps what V8 counted in dist/engine back to engine/, writes coverage/index.html and holds the floor.
 * @param {string} root @param {string} raw
 * @returns {Promise<{ ok: boolean, summary: string, output: string }>}
 */
export async function reportCoverage(root, raw) {
  const exclude = typesOnly(root).flatMap((path) => ['--exclude', path]);
  const words = [
    ['node_modules/c8/bin/c8.js', 'report'],
    ['--temp-directory', raw, '--reports-dir', join(root, 'coverage')],
    ['--include', 'dist/engine/**', '--all', '--src', join(root, 'dist', 'engine'), '--merge-async'],
    exclude,
    ['--reporter', 'text-summary', '--reporter', 'html', '--reporter', 'json-summary'],
    [
      '--check-coverage',
      '--lines',
      String(LINES_MIN),
      '--functions',
      '0',
      '--branches',
      '0',
      '--statements',
      '0',
    ],
  ].flat();
  const { code, output } = await runQuietly(process.execPath, words, root);
  rmSync(raw, { recursive: true, force: true });
  const lines = /Lines\s*:\s*([\d.]+%)/.exec(stripColours(output))?.[1] ?? 'nothing';
  return { ok: code === 0, summary: `${lines} of the lines in engine/ (floor ${LINES_MIN}%)`, output };
}

/** Compiled files that hold no code: their source is types only, which no test can run. @returns {string[]} */
function typesOnly(root) {
  return listFiles(root, 'dist/engine', '.js').filter((path) => {
    const code = readFileSync(join(root, path), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|^\/\/.*$/gm, '');
    return code.trim() === 'export {};';
  });
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
