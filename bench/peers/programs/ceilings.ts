import { fileURLToPath } from 'node:url';
import { Daemon } from '../../support/daemon.ts';
import type { Torrent } from '../torrents.ts';
import type { Seeder } from './program.ts';

const START_MS = 30_000;
const NODE_PUMP = fileURLToPath(new URL('../node-pump.js', import.meta.url));

/** What sink and source want to know about a torrent. */
export function torrentWords(torrent: Torrent): readonly string[] {
  return [
    `hash=${torrent.infoHash}`,
    `pieces=${torrent.pieceCount}`,
    `piece-length=${torrent.pieceLength}`,
    `total=${torrent.payload.totalBytes}`,
  ];
}

/** The least that a seeder can do, in C: a mapped file and writev. */
export function nativePump(source: string): Seeder {
  return {
    ...{ name: 'bare C pump', side: 'ceiling', setting: 'mmap and writev, one thread' },
    async start(torrent, port) {
      const words = [...torrentWords(torrent), `file=${torrent.payload.path}`, `port=${port}`];
      return ready(new Daemon(source, words));
    },
  };
}

/** The least that a seeder on one Node event loop can do. */
export const nodePump: Seeder = {
  ...{ name: 'bare Node pump', side: 'ceiling', setting: 'one event loop: node:net and node:fs' },
  async start(torrent, port) {
    const numbers = [torrent.pieceCount, torrent.pieceLength].map(String);
    return ready(
      new Daemon(process.execPath, [
        NODE_PUMP,
        String(port),
        torrent.payload.path,
        torrent.infoHash,
        ...numbers,
      ]),
    );
  },
};

async function ready(daemon: Daemon): Promise<Daemon> {
  await daemon.line((line) => line === 'READY', START_MS);
  return daemon;
}
