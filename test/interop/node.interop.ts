/**
 * Aim: the seedbox node lives among other people's programs: given a torrent in its watch folder it finds a libtorrent
 * seeder by the tracker and downloads from it, and after a restart it seeds to libtorrent, Transmission and aria2,
 * which find it the same way. All of it on 127.0.0.1.
 */
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { NodeProcess } from '../node/support/node-process.ts';
import { Aria2 } from './support/aria2.ts';
import { Libtorrent } from './support/libtorrent.ts';
import { interopSuite, peerPath } from './support/peers.ts';
import { runToEnd, scratchFolder } from './support/program.ts';
import { proves } from './support/proves.ts';
import { Tracker } from './support/tracker.ts';
import { Transmission } from './support/transmission.ts';

const node = interopSuite('the node among others', [
  'libtorrent',
  'transmission-daemon',
  'aria2c',
  'mktorrent',
]);

node.after(() => NodeProcess.endAll());

node(
  proves(
    'downloads from libtorrent, then seeds to libtorrent, Transmission and aria2',
    ['v1: we download', 'libtorrent'],
    ['v1: they download', 'libtorrent'],
    ['v1: they download', 'Transmission'],
    ['v1: they download', 'aria2'],
  ),
  async () => {
    const folder = scratchFolder();
    const source = join(folder, 'source');
    const files = {
      'a.bin': randomBytes(5_000_011),
      'b.bin': randomBytes(77),
      'c.bin': randomBytes(3_000_000),
    };
    await mkdir(join(source, 'album'), { recursive: true });
    await mkdir(join(folder, 'node', 'watch'), { recursive: true });
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(source, 'album', name), bytes);
    const torrent = join(folder, 'album.torrent');
    const tracker = await Tracker.start();
    await runToEnd(peerPath('mktorrent'), [
      '-l',
      '16',
      '-a',
      tracker.url,
      '-o',
      torrent,
      join(source, 'album'),
    ]);
    const assertSame = async (root: string): Promise<void> => {
      for (const [name, bytes] of Object.entries(files)) {
        assert.ok(bytes.equals(await readFile(join(root, 'album', name))), `${root} holds another ${name}`);
      }
    };

    const seeder = await Libtorrent.start();
    await seeder.add({ torrent, folder: source, seed: true, trackers: true });
    const infoHash = (await seeder.info(torrent)).v1 ?? '';
    await copyFile(torrent, join(folder, 'node', 'watch', 'album.torrent'));
    const first = new NodeProcess(join(folder, 'node'));
    await first.untilState('seeding', 60_000);
    assert.is(await first.stop(), 0);
    await assertSame(join(folder, 'node', 'downloads'));
    await seeder.stop();
    const events = tracker.announces
      .filter((announce) => announce.infoHash === infoHash)
      .map(({ event }) => event);
    for (const event of ['started', 'completed', 'stopped']) assert.ok(events.includes(event), `no ${event}`);

    const again = new NodeProcess(join(folder, 'node'));
    await again.untilState('seeding');
    const [byLibtorrent, byTransmission, byAria2] = ['l', 't', 'a'].map((name) => join(folder, name));
    const leecher = await Libtorrent.start();
    await leecher.add({ torrent, folder: byLibtorrent ?? '', trackers: true });
    const transmission = await Transmission.start();
    const id = await transmission.add(torrent, byTransmission ?? '');
    const aria2 = await Aria2.start(torrent, byAria2 ?? '');
    await Promise.all([leecher.complete(), transmission.complete(id), aria2.complete()]);
    for (const root of [byLibtorrent, byTransmission, byAria2]) await assertSame(root ?? '');
    const { uploadedBytes } = (await again.view()).torrents[0] ?? { uploadedBytes: 0 };
    assert.ok(uploadedBytes >= 8_000_088, `${uploadedBytes} bytes uploaded`);
    assert.is(await again.stop(), 0);
    await Promise.all([leecher.stop(), transmission.stop(), aria2.stop(), tracker.stop()]);
  },
);

node.run();
