/**
 * Aim: the programs that other interop tests talk to work with one another through our helpers, so that a failure
 * elsewhere points at Allium and not at a daemon that did not start. All of it on 127.0.0.1.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { Aria2 } from './support/aria2.ts';
import { Libtorrent } from './support/libtorrent.ts';
import { interopSuite, peerPath } from './support/peers.ts';
import { runToEnd, scratchFolder } from './support/program.ts';
import { Tracker } from './support/tracker.ts';
import { Transmission } from './support/transmission.ts';

const peers = interopSuite('the peers among themselves', [
  'libtorrent',
  'transmission-daemon',
  'transmission-show',
  'aria2c',
  'mktorrent',
]);

peers('one seeds by libtorrent, the others find it by the tracker and download the same bytes', async () => {
  const folder = scratchFolder();
  const data = randomBytes(1_000_003);
  const source = join(folder, 'source');
  await mkdir(source);
  await writeFile(join(source, 'data.bin'), data);
  const torrent = join(folder, 'data.torrent');
  const tracker = await Tracker.start();
  const made = await runToEnd(peerPath('mktorrent'), [
    ...['-l', '16', '-a', tracker.url, '-o', torrent],
    join(source, 'data.bin'),
  ]);
  assert.is(made.code, 0, made.stdout);

  const seeder = await Libtorrent.start();
  const info = await seeder.info(torrent);
  assert.is(info.totalBytes, data.length);
  assert.is(info.pieces, 16);
  const shown = await runToEnd(peerPath('transmission-show'), [torrent]);
  assert.match(shown.stdout, info.v1 ?? 'an info-hash');
  await seeder.add({ torrent, folder: source, seed: true, trackers: true });

  const [byTransmission, byAria2, byLibtorrent] = ['a', 'b', 'c'].map((name) => join(folder, name));
  const transmission = await Transmission.start();
  const id = await transmission.add(torrent, byTransmission ?? '');
  const aria2 = await Aria2.start(torrent, byAria2 ?? '');
  const leecher = await Libtorrent.start();
  await leecher.add({ torrent, folder: byLibtorrent ?? '' });
  await leecher.connect(seeder.port);

  await Promise.all([transmission.complete(id), aria2.complete(), leecher.complete()]);
  for (const where of [byTransmission, byAria2, byLibtorrent]) {
    assert.ok(data.equals(await readFile(join(where ?? '', 'data.bin'))), `${where} holds other bytes`);
  }
  assert.ok((await seeder.status()).uploadedBytes >= data.length);
  await Promise.all([seeder.stop(), leecher.stop(), transmission.stop(), aria2.stop(), tracker.stop()]);
});

peers.run();
