import { existsSync } from 'node:fs';
import { runCommand } from '../../support/command.ts';
import { Daemon, doneAt, lastLines } from '../../support/daemon.ts';
import { nativeSource } from '../native.ts';
import type { Torrent } from '../torrents.ts';
import type { Creator, Leecher, Seeder, Verifier } from './program.ts';
import {
  LIBTORRENT_HASHERS,
  LIBTORRENT_PREAD,
  LIBTORRENT_TUNED,
  type LibtorrentSettings,
} from './settings.ts';

const VERSIONS = ['v1', 'v2', 'hybrid'] as const;
const START_MS = 60_000;
const DOWNLOAD_MS = 120_000;

/** One way to set libtorrent up. */
interface Variant {
  readonly name: string;
  readonly setting: string;
  readonly settings: LibtorrentSettings;
}

const AS_IT_COMES: Variant = { name: 'libtorrent', setting: 'as it comes', settings: {} };
const TUNED: Variant = { name: 'libtorrent tuned', setting: 'tuned', settings: LIBTORRENT_TUNED };
const TUNED_PREAD: Variant = {
  name: 'libtorrent tuned pread',
  setting: 'tuned, pread instead of mmap',
  settings: { ...LIBTORRENT_TUNED, ...LIBTORRENT_PREAD },
};
const PREAD: Variant = {
  name: 'libtorrent pread',
  setting: '2 hash threads, pread instead of mmap',
  settings: { ...LIBTORRENT_HASHERS, ...LIBTORRENT_PREAD },
};
const HASHERS: Variant = {
  name: 'libtorrent 2 hashers',
  setting: '2 hash threads',
  settings: LIBTORRENT_HASHERS,
};

/** The words that start the worker on a job. */
function worker(job: string, request: Readonly<Record<string, unknown>>): readonly string[] {
  return [nativeSource('libtorrent_worker.py'), job, JSON.stringify(request)];
}

function requestFor(torrent: Torrent, port: number, folder: string, settings: LibtorrentSettings) {
  return { torrent: torrent.path, folder, port, settings };
}

export function libtorrentVerifiers(python: string): readonly Verifier[] {
  return [PREAD, AS_IT_COMES, HASHERS].map(({ name, setting, settings }) => ({
    ...{ name, side: 'rival', setting, versions: VERSIONS, startupIncluded: true },
    // Where there is one large file, mapping it on two threads is slower than on one.
    manyFilesOnly: name === HASHERS.name,
    async verify(torrent) {
      const words = worker('verify', requestFor(torrent, 0, torrent.payload.folder, settings));
      const cost = await runCommand(python, words);
      if (cost.code !== 0) throw new Error(lastLines(cost.output));
      return cost;
    },
  }));
}

export function libtorrentCreator(python: string): Creator {
  return {
    ...{ name: AS_IT_COMES.name, side: 'rival', setting: AS_IT_COMES.setting, versions: VERSIONS },
    async create(path, kind, pieceBytes, out) {
      const cost = await runCommand(python, worker('create', { path, kind, pieceBytes, out }));
      if (cost.code !== 0 || !existsSync(out)) throw new Error(lastLines(cost.output));
      return cost;
    },
  };
}

export function libtorrentSeeders(python: string): readonly Seeder[] {
  return [TUNED, TUNED_PREAD].map(({ name, setting, settings }) => ({
    ...{ name, side: 'rival', setting },
    async start(torrent, port) {
      const daemon = new Daemon(
        python,
        worker('seed', requestFor(torrent, port, torrent.payload.folder, settings)),
      );
      await daemon.line((line) => line === 'READY', START_MS);
      return daemon;
    },
  }));
}

export function libtorrentLeechers(python: string): readonly Leecher[] {
  return [TUNED, TUNED_PREAD].map(({ name, setting, settings }) => ({
    ...{ name, side: 'rival', setting },
    async start(torrent, port, folder) {
      const daemon = new Daemon(python, worker('leech', requestFor(torrent, port, folder, settings)));
      const done = doneAt(daemon, (line) => line === 'DONE', DOWNLOAD_MS);
      await daemon.line((line) => line === 'READY', START_MS);
      return { daemon, done };
    },
  }));
}
