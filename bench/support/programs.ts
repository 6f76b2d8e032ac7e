import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where a program is on the PATH; undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** A Python that can import libtorrent. The first on the PATH may not see the packages of the system. */
export function findLibtorrentPython(): string | undefined {
  const candidates = [findProgram('python3'), '/usr/bin/python3'].filter((path) => path !== undefined);
  return candidates.find(
    (path) => spawnSync(path, ['-c', 'import libtorrent'], { timeout: 20_000 }).status === 0,
  );
}

/** The first line that a program prints when asked for its version; empty when it prints none. */
export function versionLine(path: string, words: readonly string[]): string {
  const { stdout, stderr } = spawnSync(path, words, { timeout: 10_000, encoding: 'utf8' });
  const text = `${stdout ?? ''}${stderr ?? ''}`.trim();
  return text.split('\n')[0] ?? '';
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
