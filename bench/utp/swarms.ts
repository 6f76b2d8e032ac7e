import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bitfield } from '../../engine/bittorrent/bitfield.ts';
import { TORRENT_DEFAULTS } from '../../engine/bittorrent/torrent/options.ts';
import type { Torrent } from '../../engine/bittorrent/torrent/torrent.ts';
import { createEngine, type Engine } from '../../engine/node/engine.ts';
import { loadTorrent } from '../../engine/node/load-torrent.ts';
import { Libtorrent } from '../../test/interop/support/libtorrent.ts';
import { freePort } from '../../test/interop/support/program.ts';
import { findLibtorrentPython } from '../support/programs.ts';
import type { BenchCase, Run } from './types.ts';

const PAYLOAD_BYTES = 128 << 20;
const PIECE_BYTES = 1 << 20;
const HOST = '127.0.0.1';
const UTP_ONLY = {
  enable_outgoing_tcp: false,
  enable_incoming_tcp: false,
  enable_outgoing_utp: true,
  enable_incoming_utp: true,
};

/** A download of a torrent, pieces checked and written, with libtorrent at one end or both. */
export interface Swarms {
  readonly cases: readonly BenchCase[];
  close(): Promise<void>;
}

/** No cases where libtorrent is not installed. */
export async function openSwarms(): Promise<Swarms> {
  if (findLibtorrentPython() === undefined) return { cases: [], close: async () => {} };
  const root = mkdtempSync(join(tmpdir(), 'allium-utp-'));
  const torrent = join(root, 'payload.torrent');
  writeFileSync(join(root, 'payload.bin'), randomBytes(PAYLOAD_BYTES));
  const seeder = await Libtorrent.start(UTP_ONLY);
  await seeder.create({ path: join(root, 'payload.bin'), out: torrent, kind: 'v1', pieceBytes: PIECE_BYTES });
  await seeder.add({ torrent, folder: root, seed: true });
  let folders = 0;
  const folder = (): string => {
    const made = join(root, `to-${folders++}`);
    mkdirSync(made);
    return made;
  };
  return {
    cases: [
      {
        name: 'libtorrent to libtorrent, a torrent',
        run: () => toLibtorrent(torrent, folder(), (leecher) => leecher.connect(seeder.port)),
      },
      { name: 'Allium to libtorrent, a torrent', run: () => alliumSeeds(torrent, root, folder()) },
      { name: 'libtorrent to Allium, a torrent', run: () => alliumTakes(torrent, folder(), seeder.port) },
    ],
    async close() {
      await seeder.stop();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function since(beganMs: number): Run {
  const seconds = (performance.now() - beganMs) / 1000;
  return { megabytesPerSec: PAYLOAD_BYTES / 1e6 / seconds, cpuSecPerGigabyte: Number.NaN };
}

async function toLibtorrent(
  torrent: string,
  folder: string,
  begin: (leecher: Libtorrent) => Promise<void>,
): Promise<Run> {
  const leecher = await Libtorrent.start(UTP_ONLY);
  await leecher.add({ torrent, folder });
  const beganMs = performance.now();
  await begin(leecher);
  await leecher.complete();
  const run = since(beganMs);
  await leecher.stop();
  rmSync(folder, { recursive: true });
  return run;
}

interface Side {
  readonly engine: Engine;
  readonly torrent: Torrent;
  readonly done: Promise<void>;
}

async function allium(torrentPath: string, root: string, isSeeder: boolean): Promise<Side> {
  const engine = createEngine({ transports: ['utp'], encryption: 'off' });
  const metainfo = await loadTorrent(torrentPath, engine.runtime.files);
  let finish = (): void => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const have = isSeeder ? { have: Bitfield.full(metainfo.pieceCount) } : {};
  const events = { onDone: () => finish() };
  const torrent = engine.shard.add({ ...TORRENT_DEFAULTS, root, ...have }, metainfo, events);
  await engine.shard.listen({ host: HOST, port: await freePort() });
  engine.hashes.warmUp();
  torrent.start();
  return { engine, torrent, done };
}

async function alliumSeeds(torrent: string, root: string, folder: string): Promise<Run> {
  const side = await allium(torrent, root, true);
  const run = await toLibtorrent(torrent, folder, (leecher) =>
    leecher.connect(side.engine.shard.local?.port ?? 0),
  );
  await side.engine.close();
  return run;
}

async function alliumTakes(torrent: string, folder: string, port: number): Promise<Run> {
  const side = await allium(torrent, folder, false);
  const beganMs = performance.now();
  side.torrent.addCandidates([{ host: HOST, port }]);
  await side.done;
  const run = since(beganMs);
  await side.engine.close();
  rmSync(folder, { recursive: true });
  return run;
}
