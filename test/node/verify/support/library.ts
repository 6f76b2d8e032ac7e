// Torrents with their data on disk, for tests of verify. Hashes come from the plain oracle of make-torrent.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  contentOf,
  type MadeTorrent,
  makeTorrent,
} from '../../../bittorrent/metainfo/support/make-torrent.ts';

/** A folder of its own for a test file; deleted when the process ends. */
export function scratch(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'allium-verify-')));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes the torrent file to `path` and returns that. */
export function writeTorrent(path: string, made: MadeTorrent): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, makeTorrent(made));
  return path;
}

/** Writes the data below `folder`, as a client would save it. Returns the path of the content. */
export function writeData(folder: string, made: MadeTorrent): string {
  const base = join(folder, made.name);
  for (const file of made.files) {
    const path = join(base, ...file.path);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, contentOf(file));
  }
  return base;
}

/** Some files of sizes that hit every edge: shorter than a block, a whole piece, several pieces, empty. */
export function sample(version: MadeTorrent['version'], name = 'sample', seed = 1): MadeTorrent {
  return {
    version,
    name,
    pieceLength: 32_768,
    files: [
      { path: ['a.bin'], byteLength: 100_000, seed },
      { path: ['dir', 'b.bin'], byteLength: 32_768, seed: seed + 1 },
      { path: ['dir', 'c.bin'], byteLength: 70_001, seed: seed + 2 },
      { path: ['dir', 'deep', 'd.bin'], byteLength: 7, seed: seed + 3 },
      { path: ['dir', 'empty'], byteLength: 0 },
      { path: ['e.bin'], byteLength: 250_000, seed: seed + 4 },
    ],
  };
}
