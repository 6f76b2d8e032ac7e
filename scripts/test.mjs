/**
 * Everything that has to hold: lint and format, type check, every test file, coverage.
 *
 *   node scripts/test.mjs                   all of it
 *   node scripts/test.mjs picker sim        only the test files whose path holds one of the words
 *   --verbose       show what every test file prints
 *   --jobs N        test files at once (2), beside one that mostly waits for other people's programs
 *   --no-coverage   do not count lines
 *
 * Ends with `N passed, N failed` alone on a line. With ALLIUM_REQUIRE_PEERS=1 a missing program is a failure.
 */
import { parseArgs } from 'node:util';
import { ensure, PROJECT_ROOT } from './ensure.mjs';
import { makeRawFolder, reportCoverage } from './support/coverage.mjs';
import { CompileError, printFailure, SetupError } from './support/fail.mjs';
import { runQuietly } from './support/install.mjs';
import { findTestFiles, killRunning, runsAlone, runTestFile } from './support/test-files.mjs';

const SLOWEST_SHOWN = 5;
const root = PROJECT_ROOT;
/** Whether there is something to run the tests of. */
let isRunnable = true;
const totals = { passed: 0, failed: 0, skipped: 0 };

/** Runs one step and prints how it went on one line. */
async function step(name, work) {
  const startedMs = performance.now();
  const { ok, note = '', output = '' } = await work();
  totals[ok ? 'passed' : 'failed'] += 1;
  line(ok, name, (performance.now() - startedMs) / 1000, note);
  if (!ok) process.stdout.write(`${output.trim()}\n`);
}

function line(ok, name, seconds, note) {
  const sign = ok ? 'ok  ' : 'FAIL';
  process.stdout.write(`${sign} ${name.padEnd(52)} ${seconds.toFixed(1).padStart(6)} s  ${note}`.trimEnd());
  process.stdout.write('\n');
}

async function lint() {
  const biome = ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'];
  const { code, output } = await runQuietly(process.execPath, biome, root);
  return { ok: code === 0, output };
}

async function compile() {
  try {
    await ensure();
    return { ok: true };
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    isRunnable = error.isRunnable;
    return { ok: false, output: `${error.message}. ${error.advice}` };
  }
}

/**
 * Runs the files: first those that want to be alone, then `jobs` at a time; with several, one more at a time of those
 * that mostly wait for other people's programs.
 * @returns {Promise<import('./support/test-files.mjs').FileResult[]>}
 */
async function runFiles(files, env, options) {
  const results = [];
  const work = async (waiting) => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const result = await runTestFile(root, file, env);
      results.push(result);
      show(result, options.verbose);
    }
  };
  await work(files.filter((file) => runsAlone(root, file)));
  const others = files.filter((file) => !runsAlone(root, file));
  const waits = (file) => options.jobs > 1 && file.endsWith('.interop.js');
  const busy = others.filter((file) => !waits(file));
  await Promise.all([work(others.filter(waits)), ...Array.from({ length: options.jobs }, () => work(busy))]);
  return results;
}

function show(result, verbose) {
  const ok = result.failed === 0;
  const name = result.file.replace('dist/', '').replace(/\.js$/, '');
  const counts = `${result.passed} passed${result.skipped === 0 ? '' : `, ${result.skipped} skipped`}`;
  line(ok, name, result.seconds, ok ? counts : result.reason);
  if (!ok || verbose) process.stdout.write(`${result.output.trim()}\n`);
  totals.passed += result.passed;
  totals.failed += result.failed;
  totals.skipped += result.skipped;
}

function closingLines(results) {
  const slowest = results.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST_SHOWN);
  const names = slowest.map(({ file, seconds }) => `${file.split('/').at(-1)} ${seconds.toFixed(1)} s`);
  if (results.length > SLOWEST_SHOWN) process.stdout.write(`slowest: ${names.join(', ')}\n`);
  const skipping = results.filter(({ missing }) => missing.length > 0);
  if (skipping.length > 0) {
    const parts = skipping.map(({ file, missing }) => {
      return `${file.replace(/^dist\/test\/|\.interop\.js$/g, '')} (needs ${[...new Set(missing)].join(', ')})`;
    });
    process.stdout.write(`Interop tests skipped, programs not installed: ${parts.join('; ')}\n`);
  }
  const skipped = totals.skipped === 0 ? '' : `, ${totals.skipped} skipped`;
  process.stdout.write(`${totals.passed} passed, ${totals.failed} failed${skipped}\n`);
}

async function main() {
  const { values, positionals: words } = parseArgs({
    allowPositionals: true,
    options: {
      verbose: { type: 'boolean', default: false },
      jobs: { type: 'string', default: '2' },
      'no-coverage': { type: 'boolean', default: false },
    },
  });
  const whole = words.length === 0;
  await step('compile and check types', compile);
  if (whole) await step('lint and format', lint);
  const files = isRunnable ? findTestFiles(root, words) : [];
  if (isRunnable && files.length === 0)
    throw new SetupError(`no test file has ${words.join(' or ')} in its path`, 'See test/.');
  const raw = isRunnable && whole && !values['no-coverage'] ? makeRawFolder(root) : undefined;
  const env = { ...process.env, ...(raw === undefined ? {} : { NODE_V8_COVERAGE: raw }) };
  const jobs = Math.max(1, Number(values.jobs) || 1);
  const results = await runFiles(files, env, { jobs, verbose: values.verbose });
  if (raw !== undefined) {
    await step('coverage', async () => {
      const { ok, summary, output } = await reportCoverage(root, raw);
      return { ok, note: summary, output };
    });
  }
  closingLines(results);
  process.exitCode = totals.failed === 0 ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    killRunning();
    process.exit(130);
  });
}
await main().catch((error) => {
  killRunning();
  printFailure(error);
  process.exitCode = 2;
});
