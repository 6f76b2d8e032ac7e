import { spawn, spawnSync } from 'node:child_process';
import { findProgram } from '../support/programs.ts';

const MARK = 'ALLIUM_BENCH_NAMESPACE';
/**
 * Inside, loopback is all there is, and TCP uses the plainest congestion control, which every kernel has. One that
 * paces, such as BBR, has timers that cost more than the bytes do on a path without delay.
 */
const SCRIPT = 'ip link set lo up && echo reno > /proc/sys/net/ipv4/tcp_congestion_control && exec "$@"';

/**
 * Runs this very program again in a network of its own, when that is possible: as root, with unshare and ip. Resolves
 * with its exit code; undefined when it runs there already or cannot.
 */
export async function runInNamespace(words: readonly string[]): Promise<number | undefined> {
  if (process.env[MARK] !== undefined || process.getuid?.() !== 0) return undefined;
  const unshare = findProgram('unshare');
  if (unshare === undefined || findProgram('ip') === undefined) return undefined;
  const prefix = ['-n', 'sh', '-c', SCRIPT, 'sh'];
  if (spawnSync(unshare, [...prefix, 'true'], { stdio: 'ignore' }).status !== 0) return undefined;
  const program = [process.execPath, ...process.execArgv, process.argv[1] ?? '', ...words];
  const env = { ...process.env, [MARK]: '1' };
  const child = spawn(unshare, [...prefix, ...program], { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.on('error', () => resolve(undefined));
    child.on('exit', (code) => resolve(code ?? 130));
  });
}
