/**
 * Runs the tests under every Node that is supported, one after the other, and prints a table. The npm package
 * `node` brings each of them; they are kept in node_modules/.cache.
 *
 *   node scripts/test-nodes.mjs               all tests under Node 20, 22 and 24
 *   node scripts/test-nodes.mjs picker        only test files whose path holds the word
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { ensure, PROJECT_ROOT } from './ensure.mjs';
import { CompileError, printFailure, SetupError } from './support/fail.mjs';
import { findNpm, runQuietly } from './support/install.mjs';

const MAJORS = [20, 22, 24];
const OUTPUT_LINES_SHOWN = 60;

/** @param {number} major @returns {Promise<{ path: string, version: string }>} the newest Node of that line */
async function provideNode(major) {
  const folder = join(PROJECT_ROOT, 'node_modules', '.cache', 'nodes', String(major));
  const path = join(
    folder,
    'node_modules',
    'node',
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  );
  const there = await askVersion(path);
  if (there !== undefined) return { path, version: there };
  process.stderr.write(`allium: fetching Node ${major}\n`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const npm = findNpm();
  // The package finds the binary for this machine in a script of its own, so scripts have to run here.
  const words = [
    ...npm.first,
    'install',
    '--no-audit',
    '--no-fund',
    '--no-save',
    '--loglevel=error',
    `node@${major}`,
  ];
  const { code, output } = await runQuietly(npm.command, words, folder);
  const version = code === 0 ? await askVersion(path) : undefined;
  if (version === undefined)
    throw new SetupError(`Node ${major} cannot be fetched`, `npm said:\n${output.trim()}`);
  return { path, version };
}

async function askVersion(path) {
  const { code, output } = await runQuietly(path, ['--version'], PROJECT_ROOT).catch(() => ({
    code: 1,
    output: '',
  }));
  return code === 0 ? output.trim() : undefined;
}

async function testUnder(node, words) {
  const startedMs = performance.now();
  const env = { ...process.env, PATH: `${dirname(node.path)}${delimiter}${process.env.PATH ?? ''}` };
  const { code, output } = await runQuietly(node.path, ['scripts/test.mjs', ...words], PROJECT_ROOT, env);
  const lines = output.trim().split('\n');
  if (code !== 0) process.stdout.write(`${lines.slice(-OUTPUT_LINES_SHOWN).join('\n')}\n`);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
  return { ok: code === 0, row: [node.version.padEnd(10), `${seconds} s`.padStart(6), lines.at(-1) ?? ''] };
}

try {
  // Sources that do not compile are told by the tests, under each Node.
  await ensure({ say: () => {} }).catch((error) => {
    if (!(error instanceof CompileError)) throw error;
  });
  const results = [];
  for (const major of MAJORS) results.push(await testUnder(await provideNode(major), process.argv.slice(2)));
  process.stdout.write(`\n${results.map(({ row }) => row.join('  ')).join('\n')}\n`);
  process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
} catch (error) {
  printFailure(error);
  process.exitCode = 2;
}
