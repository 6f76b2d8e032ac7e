/**
 * Makes a clone ready to run: installs the packages of the lockfile and builds, each only when it is missing or
 * out of date. When all is current it costs a few milliseconds. Safe to run in several processes at once.
 *
 *   node scripts/ensure.mjs            make ready
 *   node scripts/ensure.mjs --build    build afresh
 */
import { readFileSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, isBuilt } from './support/build.mjs';
import { printFailure, SetupError } from './support/fail.mjs';
import { install, isInstalled } from './support/install.mjs';
import { withLock } from './support/lock.mjs';

/** The folder that holds package.json. */
export const PROJECT_ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * @param {{ root?: string, say?: (line: string) => void }} [options]
 * @returns {Promise<void>} rejects with a SetupError when the reader has to do something
 */
export async function ensure(options = {}) {
  const root = options.root ?? PROJECT_ROOT;
  const say = options.say ?? ((line) => process.stderr.write(`allium: ${line}\n`));
  checkNodeVersion(root, process.versions.node);
  if (isInstalled(root) && isBuilt(root)) return;
  await withLock(
    join(root, 'dist', '.lock'),
    async () => {
      if (!isInstalled(root)) await install(root, say);
      if (!isBuilt(root)) await build(root, say);
    },
    () => say('waiting for another process that is building'),
  );
}

/** @param {string} root @param {string} version such as 20.19.0 */
export function checkNodeVersion(root, version) {
  const wanted = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.node;
  const [needMajor = 0, needMinor = 0] = wanted.replace('>=', '').split('.').map(Number);
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return;
  throw new SetupError(
    `this is Node ${version}, Allium needs Node ${needMajor}.${needMinor} or newer`,
    'Install a newer Node (your system’s packages or a version manager such as nvm) and run the same command again.',
  );
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--build')) rmSync(join(PROJECT_ROOT, 'dist', '.stamps.json'), { force: true });
  await ensure().catch((error) => {
    printFailure(error);
    process.exitCode = 2;
  });
}
