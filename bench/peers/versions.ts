import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VERSION } from '../../engine/codec/version.ts';
import { findLibtorrentPython, findProgram, versionLine } from '../support/programs.ts';
import { findWebtorrent } from './programs/webtorrent.ts';

/** What each program that is installed calls its version; those that are not are missing. */
export function programVersions(): Readonly<Record<string, string>> {
  const python = findLibtorrentPython();
  const webtorrent = findWebtorrent();
  return {
    Allium: VERSION,
    ...(python === undefined ? {} : { libtorrent: libtorrentVersion(python) }),
    ...asked('rTorrent', 'rtorrent', ['-h'], /version (\d+(?:\.\d+)*)/),
    ...asked('transmission', 'transmission-daemon', ['--version'], /([\d.]+)/),
    ...asked('aria2', 'aria2c', ['--version'], /version ([\d.]+)/),
    ...asked('mktorrent', 'mktorrent', ['-v'], /mktorrent ([\d.]+)/),
    ...(webtorrent === undefined ? {} : { WebTorrent: webtorrentVersion(webtorrent) }),
  };
}

function asked(
  title: string,
  program: string,
  words: readonly string[],
  pattern: RegExp,
): Readonly<Record<string, string>> {
  const path = findProgram(program);
  if (path === undefined) return {};
  return { [title]: pattern.exec(versionLine(path, words))?.[1] ?? 'unknown' };
}

function libtorrentVersion(python: string): string {
  const words = ['-c', 'import libtorrent; print(libtorrent.__version__)'];
  return spawnSync(python, words, { encoding: 'utf8', timeout: 20_000 }).stdout.trim();
}

function webtorrentVersion(folder: string): string {
  const text = readFileSync(join(folder, 'node_modules', 'webtorrent', 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
