/**
 * Aim: uTP works with implementations that other people wrote, both ways: libtorrent with TCP switched off downloads
 * from Allium and seeds to it, and Transmission seeds to an Allium without TCP. Every byte is compared.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { Bitfield } from '../../engine/bittorrent/bitfield.ts';
import type { Metainfo } from '../../engine/bittorrent/metainfo/types.ts';
import { TORRENT_DEFAULTS } from '../../engine/bittorrent/torrent/options.ts';
import type { Torrent } from '../../engine/bittorrent/torrent/torrent.ts';
import { createEngine, type Engine } from '../../engine/node/engine.ts';
import { loadTorrent } from '../../engine/node/load-torrent.ts';
import { Libtorrent } from './support/libtorrent.ts';
import { interopSuite } from './support/peers.ts';
import { freePort, scratchFolder } from './support/program.ts';
import { proves } from './support/proves.ts';
import { Transmission } from './support/transmission.ts';

const PAYLOAD_BYTES = 12_345_678;
const UTP_ONLY = {
  enable_outgoing_tcp: false,
  enable_incoming_tcp: false,
  enable_outgoing_utp: true,
  enable_incoming_utp: true,
};

const utp = interopSuite('uTP with other programs', ['libtorrent', 'transmission-daemon'], { atOnce: 3 });

interface Payload {
  /** Holds payload.bin. */
  readonly root: string;
  readonly torrent: string;
  readonly bytes: Buffer;
}

async function makePayload(): Promise<Payload> {
  const root = scratchFolder();
  const bytes = randomBytes(PAYLOAD_BYTES);
  await mkdir(root, { recursive: true });
  await writeFile(join(root, 'payload.bin'), bytes);
  const torrent = join(root, 'payload.torrent');
  const maker = await Libtorrent.start();
  await maker.create({ path: join(root, 'payload.bin'), out: torrent, kind: 'v1', pieceBytes: 262_144 });
  await maker.stop();
  return { root, torrent, bytes };
}

interface Side {
  readonly engine: Engine;
  readonly torrent: Torrent;
  readonly port: number;
  readonly done: Promise<void>;
}

async function allium(payload: Payload, root: string, isSeeder: boolean): Promise<Side> {
  const engine = createEngine({
    transports: ['utp'],
    slabBytes: 64 * 1024 * 1024,
    threadCount: 1,
    encryption: 'off',
  });
  const metainfo: Metainfo = await loadTorrent(payload.torrent, engine.runtime.files);
  let finish = (): void => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const have = isSeeder ? { have: Bitfield.full(metainfo.pieceCount) } : {};
  const torrent = engine.shard.add({ ...TORRENT_DEFAULTS, root, ...have }, metainfo, {
    onDone: () => finish(),
  });
  const { port } = await engine.shard.listen({ host: '127.0.0.1', port: await freePort() });
  torrent.start();
  return { engine, torrent, port, done };
}

utp(
  proves('libtorrent without TCP downloads from Allium, called by it and calling it', [
    'uTP only: they download',
    'libtorrent',
  ]),
  async () => {
    const payload = await makePayload();
    for (const theyCall of [true, false]) {
      const seeder = await allium(payload, payload.root, true);
      const leecher = await Libtorrent.start(UTP_ONLY);
      const folder = scratchFolder();
      await leecher.add({ torrent: payload.torrent, folder });
      if (theyCall) await leecher.connect(seeder.port);
      else seeder.torrent.addCandidates([{ host: '127.0.0.1', port: leecher.port }]);
      const status = await leecher.complete();
      assert.is(status.failedBytes, 0);
      assert.ok(payload.bytes.equals(await readFile(join(folder, 'payload.bin'))));
      await leecher.stop();
      await seeder.engine.close();
    }
  },
);

utp(
  proves('libtorrent without TCP seeds to Allium, called by it and calling it', [
    'uTP only: we download',
    'libtorrent',
  ]),
  async () => {
    const payload = await makePayload();
    for (const theyCall of [true, false]) {
      const seeder = await Libtorrent.start(UTP_ONLY);
      await seeder.add({ torrent: payload.torrent, folder: payload.root, seed: true });
      const folder = scratchFolder();
      const leecher = await allium(payload, folder, false);
      if (theyCall) await seeder.connect(leecher.port);
      else leecher.torrent.addCandidates([{ host: '127.0.0.1', port: seeder.port }]);
      await leecher.done;
      assert.ok(payload.bytes.equals(await readFile(join(folder, 'payload.bin'))));
      await leecher.engine.close();
      await seeder.stop();
    }
  },
);

utp(
  proves('Transmission seeds to an Allium that has no TCP', ['uTP only: we download', 'Transmission']),
  async () => {
    const payload = await makePayload();
    const seeder = await Transmission.start({ 'utp-enabled': true });
    const id = await seeder.add(payload.torrent, payload.root);
    await seeder.complete(id);
    const folder = scratchFolder();
    const leecher = await allium(payload, folder, false);
    leecher.torrent.addCandidates([{ host: '127.0.0.1', port: seeder.port }]);
    await leecher.done;
    assert.ok(payload.bytes.equals(await readFile(join(folder, 'payload.bin'))));
    await leecher.engine.close();
    await seeder.stop();
  },
);

utp.run();
