import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { SetupError } from './fail.mjs';

const NETWORK_CODES =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT|CERT_[A-Z_]+|UNABLE_TO_[A-Z_]+|SELF_SIGNED_[A-Z_]+)\b/;
const PERMISSION_CODES = /\b(EACCES|EPERM|EROFS)\b/;

/** What node_modules was made from. Copied to another kind of machine it does not fit. @param {string} root */
export function lockfileStamp(root) {
  const lockfile = readFileSync(join(root, 'package-lock.json'));
  return `${createHash('sha256').update(lockfile).digest('hex')} ${process.platform} ${process.arch}`;
}

function stampPath(root) {
  return join(root, 'node_modules', '.allium-installed');
}

/** @param {string} root @returns {boolean} */
export function isInstalled(root) {
  try {
    return readFileSync(stampPath(root), 'utf8') === lockfileStamp(root);
  } catch {
    return false;
  }
}

/** Whether someone ran `npm ci` or `npm install` themselves, after the lockfile was last written. @param {string} root */
function isInstalledByHand(root) {
  const marker = statSync(join(root, 'node_modules', '.package-lock.json'), { throwIfNoEntry: false });
  const lockfile = statSync(join(root, 'package-lock.json'));
  if (marker === undefined || marker.mtimeMs < lockfile.mtimeMs) return false;
  if (existsSync(stampPath(root))) return false; // ours, and it does not fit
  const tools = ['typescript', 'assemblyscript', 'uvu', '@biomejs/biome'];
  return tools.every((name) => existsSync(join(root, 'node_modules', name, 'package.json')));
}

/** The npm that came with this node, or the one on the search path; `first` are its first words. @returns {{ command: string, first: string[] }} */
export function findNpm() {
  const here = dirname(process.execPath);
  const caller = process.env.npm_execpath ?? '';
  const candidates = [
    ...(basename(caller) === 'npm-cli.js' ? [caller] : []),
    join(here, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(here, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(here, '..', 'share', 'nodejs', 'npm', 'bin', 'npm-cli.js'),
  ];
  const found = candidates.find((path) => existsSync(path));
  return found === undefined ? { command: 'npm', first: [] } : { command: process.execPath, first: [found] };
}

/**
 * Installs exactly what the lockfile says. No package runs a script of its own.
 * @param {string} root
 * @param {(line: string) => void} say
 */
export async function install(root, say) {
  if (!isInstalledByHand(root)) {
    say('installing packages from the lockfile');
    const npm = findNpm();
    const words = [...npm.first, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    const { code, output } = await runQuietly(npm.command, words, root);
    if (code !== 0) throw explain(output, code);
  }
  writeFileSync(stampPath(root), lockfileStamp(root));
}

function explain(output, code) {
  const again = 'and run the same command again';
  const network = NETWORK_CODES.exec(output);
  if (network) {
    return new SetupError(
      `packages cannot be fetched: the package registry is out of reach (${network[0]})`,
      `Connect to the network, or tell npm about your proxy (npm config set proxy URL), ${again}.`,
    );
  }
  const permission = PERMISSION_CODES.exec(output);
  if (permission) {
    return new SetupError(
      `packages cannot be installed: no permission to write node_modules or npm's cache (${permission[0]})`,
      `Make the project folder and ~/.npm yours, ${again}.`,
    );
  }
  if (/\bENOSPC\b/.test(output))
    return new SetupError('packages cannot be installed: the disk is full', 'Make room.');
  const lines = output.trim().split('\n').slice(0, 12).join('\n');
  return new SetupError(`npm ci failed with exit code ${code}`, `It said:\n${lines}`);
}

/**
 * Runs a program to its end and keeps what it says.
 * @param {string} command @param {readonly string[]} words @param {string} cwd @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<{ code: number, output: string }>}
 */
export function runQuietly(command, words, cwd, env = process.env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk) => {
      output += chunk;
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.on('error', (error) => {
      const missing = 'code' in error && error.code === 'ENOENT';
      reject(missing ? new SetupError(`${command} is not installed`, 'Install it beside Node.') : error);
    });
    child.on('close', (code, signal) => resolve({ code: code ?? (signal === null ? 1 : 130), output }));
  });
}
