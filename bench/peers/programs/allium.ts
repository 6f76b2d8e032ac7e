import { fileURLToPath } from 'node:url';
import { runCommand } from '../../support/command.ts';
import { Daemon, doneAt, lastLines } from '../../support/daemon.ts';
import type { Creator, Leecher, Seeder, Verifier } from './program.ts';

const VERSIONS = ['v1', 'v2', 'hybrid'] as const;
const START_MS = 30_000;
const DOWNLOAD_MS = 120_000;

/** The compiled command line, as a user runs it. This file lies in dist/bench/peers/programs. */
export const ALLIUM: readonly string[] = [
  fileURLToPath(new URL('../../../allium/bin/main.js', import.meta.url)),
];

const facts = { name: 'Allium', side: 'allium' } as const;

export const alliumVerifier: Verifier = {
  ...facts,
  setting: '',
  versions: VERSIONS,
  startupIncluded: true,
  async verify(torrent) {
    const cost = await runCommand(process.execPath, [
      ...ALLIUM,
      'verify',
      torrent.path,
      torrent.payload.folder,
    ]);
    if (cost.code !== 0) throw new Error(lastLines(cost.output));
    return cost;
  },
};

export const alliumCreator: Creator = {
  ...facts,
  setting: '',
  versions: VERSIONS,
  async create(path, version, pieceLength, out) {
    const words = ['create', path, `--${version}`, '--piece-length', String(pieceLength), '-o', out];
    const cost = await runCommand(process.execPath, [...ALLIUM, ...words]);
    if (cost.code !== 0) throw new Error(lastLines(cost.output));
    return cost;
  },
};

const LISTEN = ['--no-tracker', '--host', '127.0.0.1', '--slots', '0'];

/** Words for `node` in front of the program, such as `--cpu-prof`; `shards`: the threads that send. */
export function alliumSeeder(nodeWords: readonly string[] = [], shards = 1): Seeder {
  return {
    ...facts,
    ...(shards === 1 ? { setting: '' } : { name: `Allium, ${shards} shards`, setting: `--shards ${shards}` }),
    async start(torrent, port) {
      const place = [torrent.path, torrent.payload.folder, '--no-check', '--port', String(port)];
      const words = ['seed', ...place, '--shards', String(shards)];
      const daemon = new Daemon(process.execPath, [...nodeWords, ...ALLIUM, ...words, ...LISTEN]);
      await daemon.line((line) => line.includes(': serving '), START_MS);
      return daemon;
    },
  };
}

export function alliumLeecher(nodeWords: readonly string[] = []): Leecher {
  return {
    ...facts,
    setting: '',
    async start(torrent, port, folder) {
      // It stays when it is done, so that what it has used can be read.
      const words = ['get', torrent.path, '-o', folder, '--port', String(port), '--seed'];
      const daemon = new Daemon(process.execPath, [...nodeWords, ...ALLIUM, ...words, ...LISTEN]);
      const done = doneAt(daemon, (line) => line.includes(': complete and verified'), DOWNLOAD_MS);
      return { daemon, done };
    },
  };
}
