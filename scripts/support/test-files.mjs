import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listFiles } from './inputs.mjs';

/** Kinds of test files and how long one file of each may take. The slow kinds start first. */
const KINDS = /** @type {const} */ ([
  ['interop', 240],
  ['sim', 240],
  ['fuzz', 240],
  ['prop', 240],
  ['test', 120],
]);
/** A file that needs longer says so in its opening comment: “Time limit: 300 s.” */
const OPENING_COMMENT = /^(?:\s*\/\/.*\n)+|^\s*\/\*[\s\S]*?\*\//;
const OWN_LIMIT = /Time limit: (\d+) s\b/;
/** Other people's programs have time limits of their own, which a busy machine breaks: such a file says so there too. */
const ALONE = /Runs alone\./;
const KILL_GRACE_MS = 2_000;
const ENDED = 'ended ';
const OUTPUT_CHARACTERS_MAX = 200_000;

/**
 * @typedef {{
 *   file: string, passed: number, failed: number, skipped: number, seconds: number,
 *   output: string, reason: string, missing: string[],
 * }} FileResult
 */

/** The compiled test files whose path holds one of `words` (all without words). @returns {string[]} */
export function findTestFiles(root, words) {
  const files = listFiles(root, 'dist/test', '.js').filter((path) =>
    words.length === 0 ? true : words.some((word) => path.includes(word)),
  );
  return KINDS.flatMap(([kind]) => files.filter((path) => path.endsWith(`.${kind}.js`)));
}

/** Process groups of the test files that run now, to be ended when the run is interrupted. @type {Set<number>} */
const running = new Set();

/** Ends every test file that still runs. */
export function killRunning() {
  for (const pid of running) killGroup(pid, 'SIGKILL');
}

/**
 * Runs one compiled test file in a process (and process group) of its own.
 * @param {string} root @param {string} file @param {NodeJS.ProcessEnv} env
 * @returns {Promise<FileResult>}
 */
export async function runTestFile(root, file, env) {
  const startedMs = performance.now();
  const limitSeconds = timeLimit(root, file);
  const child = spawn(process.execPath, ['--enable-source-maps', join(root, file)], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const pid = child.pid ?? 0;
  running.add(pid);
  let output = '';
  const keep = (chunk) => {
    output = (output + chunk).slice(-OUTPUT_CHARACTERS_MAX);
  };
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    killGroup(pid, 'SIGKILL');
  }, limitSeconds * 1000);
  const code = await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (exitCode, signal) => resolve(exitCode ?? signal));
  });
  clearTimeout(timer);
  const leftBehind = !timedOut && (await endLeftovers(pid));
  running.delete(pid);
  await closed(child);
  const seconds = (performance.now() - startedMs) / 1000;
  const ending = timedOut
    ? `did not end within ${limitSeconds} s`
    : leftBehind
      ? 'left processes behind'
      : code === 0
        ? ''
        : `${ENDED}${typeof code === 'number' ? `with exit code ${code}` : `by ${code}`}`;
  return { file, seconds, output, ...judge(output, ending), missing: missingPrograms(output) };
}

/** Waits for the pipes to drain, but not for a stranger who still holds one. */
async function closed(child) {
  if (child.stdout.closed && child.stderr.closed) return;
  await Promise.race([
    new Promise((resolve) => child.once('close', resolve)),
    sleep(1_000, undefined, { ref: false }),
  ]);
}

/** Whether no other test file may run beside this one. @param {string} root @param {string} file */
export function runsAlone(root, file) {
  return ALONE.test(openingComment(root, file));
}

function openingComment(root, file) {
  const source = readFileSync(join(root, file.replace(/^dist\//, '').replace(/\.js$/, '.ts')), 'utf8');
  return OPENING_COMMENT.exec(source)?.[0] ?? '';
}

function timeLimit(root, file) {
  const own = OWN_LIMIT.exec(openingComment(root, file));
  if (own !== null) return Number(own[1]);
  return KINDS.find(([kind]) => file.endsWith(`.${kind}.js`))?.[1] ?? 120;
}

/**
 * Counts from what uvu prints. Its exit code alone is not enough: when a `before` hook throws, uvu runs none of
 * the tests and still exits with 0, but its totals tell.
 * @param {string} output @param {string} ending why the process ended badly, or nothing
 */
export function judge(output, ending) {
  const plain = stripColours(output);
  const total = lastNumber(plain, 'Total');
  const passed = lastNumber(plain, 'Passed');
  const skipped = lastNumber(plain, 'Skipped') ?? 0;
  if (total === undefined || passed === undefined) {
    return { passed: 0, failed: 1, skipped: 0, reason: ending || 'ended without a result' };
  }
  if (total + skipped === 0) return { passed: 0, failed: 1, skipped: 0, reason: 'holds no test' };
  const failed = total - passed;
  if (failed === 0 && ending !== '') return { passed, failed: 1, skipped, reason: ending };
  const counts = `${failed} of ${total} did not pass`;
  const reason = failed === 0 ? '' : ending === '' || ending.startsWith(`${ENDED}with`) ? counts : ending;
  return { passed, failed, skipped, reason };
}

/** @param {string} text @returns {string} */
export function stripColours(text) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character opens a colour
  return text.replaceAll(/\x1b\[[\d;]*m/g, '');
}

function lastNumber(text, title) {
  const match = [...text.matchAll(new RegExp(`^\\s*${title}:\\s+(\\d+)`, 'gm'))].at(-1);
  return match === undefined ? undefined : Number(match[1]);
}

/** What test/interop/support/peers.ts prints for a program that is not installed. */
function missingPrograms(output) {
  return [...stripColours(output).matchAll(/^\[needs (.+)\]$/gm)].map((match) => match[1] ?? '');
}

/** Whether processes of the group outlived the test file; they are ended. */
async function endLeftovers(pid) {
  const deadline = performance.now() + KILL_GRACE_MS;
  while (groupExists(pid)) {
    if (performance.now() > deadline) {
      killGroup(pid, 'SIGKILL');
      return true;
    }
    await sleep(20);
  }
  return false;
}

function groupExists(pid) {
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}

function killGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // Gone already.
  }
}
