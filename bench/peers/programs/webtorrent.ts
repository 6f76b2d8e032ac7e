import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runCommand } from '../../support/command.ts';
import { Daemon, doneAt, lastLines } from '../../support/daemon.ts';
import { nativeSource } from '../native.ts';
import type { Leecher, Verifier } from './program.ts';

const START_MS = 30_000;
const DOWNLOAD_MS = 120_000;
const facts = { name: 'WebTorrent', side: 'rival', setting: 'TCP only' } as const;

/** The folder named by ALLIUM_BENCH_WEBTORRENT, when webtorrent is in it. */
export function findWebtorrent(): string | undefined {
  const folder = process.env.ALLIUM_BENCH_WEBTORRENT;
  if (folder === undefined || folder === '') return undefined;
  return existsSync(join(folder, 'node_modules', 'webtorrent')) ? resolve(folder) : undefined;
}

function worker(job: string, torrent: string, folder: string, port: number, packages: string) {
  return [nativeSource('webtorrent_worker.mjs'), job, torrent, folder, String(port), packages];
}

export function webtorrentVerifier(packages: string): Verifier {
  return {
    ...facts,
    versions: ['v1'],
    startupIncluded: true,
    async verify(torrent) {
      const words = worker('verify', torrent.path, torrent.payload.folder, 0, packages);
      const cost = await runCommand(process.execPath, words);
      if (cost.code !== 0) throw new Error(lastLines(cost.output));
      return cost;
    },
  };
}

export function webtorrentLeecher(packages: string): Leecher {
  return {
    ...facts,
    async start(torrent, port, folder) {
      const words = worker('leech', torrent.path, folder, port, packages);
      const daemon = new Daemon(process.execPath, words);
      const done = doneAt(daemon, (line) => line === 'DONE', DOWNLOAD_MS);
      await daemon.line((line) => line === 'READY', START_MS);
      return { daemon, done };
    },
  };
}
