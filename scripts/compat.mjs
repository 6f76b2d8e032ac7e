/**
 * Writes COMPAT.md from the outcomes of the tests with programs that others wrote.
 *
 *   node scripts/compat.mjs              runs all of test/interop/
 *   node scripts/compat.mjs utp magnet   only the files whose path holds one of the words; what is known of others stays
 *
 * The outcomes are kept in test/interop/outcomes.json. Programs that are missing leave their cells as they were.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensure, PROJECT_ROOT } from './ensure.mjs';
import { compatTable } from './support/compat-table.mjs';
import { CompileError, printFailure } from './support/fail.mjs';
import { findTestFiles, killRunning, runTestFile } from './support/test-files.mjs';

/** The Debian package of each program. */
const PACKAGES = {
  libtorrent: 'python3-libtorrent',
  Transmission: 'transmission-daemon',
  aria2: 'aria2',
  mktorrent: 'mktorrent',
  opentracker: 'opentracker',
  Redis: 'redis-server',
  microsocks: 'microsocks',
  'C tor': 'tor',
};
/** Rows and columns, once the tests are compiled. */
let table;
const OUTCOMES = join(PROJECT_ROOT, 'test/interop/outcomes.json');

function versionOf(program) {
  try {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query fills it in
    return execFileSync('dpkg-query', ['-W', '-f', '${Version}', PACKAGES[program]], { encoding: 'utf8' });
  } catch {
    return 'unknown';
  }
}

function known() {
  try {
    return JSON.parse(readFileSync(OUTCOMES, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

/** Runs one test file; undefined when a program it needs is missing. */
async function outcomesOf(file, folder, date) {
  const records = join(folder, 'records');
  writeFileSync(records, '');
  const result = await runTestFile(PROJECT_ROOT, file, { ...process.env, ALLIUM_COMPAT_FILE: records });
  const source = file.replace(/^dist\//, '').replace(/\.js$/, '.ts');
  process.stdout.write(`${source}: ${result.passed} passed, ${result.failed} failed\n`);
  if (result.failed > 0) process.stdout.write(`${result.output.trim()}\n`);
  if (result.missing.length > 0) return undefined;
  const lines = readFileSync(records, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => {
    const { what, withWhom, title, outcome } = JSON.parse(line);
    return { what, withWhom, title, file: source, outcome, version: versionOf(withWhom), date };
  });
}

/** What does not pass the type check may run all the same. */
async function compile() {
  try {
    await ensure();
  } catch (error) {
    if (!(error instanceof CompileError && error.isRunnable)) throw error;
    process.stderr.write(`${error.message}\n`);
  }
}

/** After each file, so that an interrupted run has not been for nothing. */
function save(outcomes) {
  outcomes.sort((a, b) => `${a.file} ${a.title}`.localeCompare(`${b.file} ${b.title}`, 'en'));
  writeFileSync(OUTCOMES, `${JSON.stringify(outcomes, undefined, 2)}\n`);
  writeFileSync(
    join(PROJECT_ROOT, 'COMPAT.md'),
    compatTable(outcomes, table.COMPAT_ROWS, table.COMPAT_COLUMNS),
  );
}

async function main() {
  await compile();
  table = await import(pathToFileURL(join(PROJECT_ROOT, 'dist/test/interop/support/proves.js')).href);
  const words = process.argv.slice(2);
  const files = findTestFiles(PROJECT_ROOT, []).filter(
    (file) =>
      file.endsWith('.interop.js') && (words.length === 0 || words.some((word) => file.includes(word))),
  );
  const date = new Date().toISOString().slice(0, 10);
  const folder = mkdtempSync(join(tmpdir(), 'allium-compat-'));
  let isGood = true;
  try {
    for (const file of files) {
      const found = await outcomesOf(file, folder, date);
      if (found === undefined) continue;
      isGood &&= found.every(({ outcome }) => outcome === 'passed');
      const source = file.replace(/^dist\//, '').replace(/\.js$/, '.ts');
      save([...known().filter((old) => old.file !== source), ...found]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  process.exitCode = isGood ? 0 : 1;
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
