/**
 * Aim: `allium get` downloads from, and `allium seed` seeds to, BitTorrent programs that other people wrote: v1, v2
 * and hybrid with libtorrent, v1 with Transmission and aria2. Every byte is compared.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { Aria2 } from './support/aria2.ts';
import { Libtorrent } from './support/libtorrent.ts';
import { makePayload, type Payload } from './support/payload.ts';
import { interopSuite } from './support/peers.ts';
import { freePort, RunningProgram, runToEnd, scratchFolder, until } from './support/program.ts';
import { proves } from './support/proves.ts';
import { Tracker } from './support/tracker.ts';
import { Transmission } from './support/transmission.ts';

const MAIN = fileURLToPath(new URL('../../engine/cli/main.js', import.meta.url));
const LOOPBACK = ['--host', '127.0.0.1', '--no-tracker'];
const swarm = interopSuite(
  'download from and seed to other programs',
  ['libtorrent', 'transmission-daemon', 'aria2c'],
  { atOnce: 4 },
);

async function get(payload: Payload, port: number): Promise<void> {
  const out = scratchFolder();
  const words = [
    'get',
    payload.torrent,
    '-o',
    out,
    '--peer',
    `127.0.0.1:${port}`,
    '--port',
    '0',
    ...LOOPBACK,
  ];
  const run = await runToEnd(process.execPath, [MAIN, ...words]);
  assert.is(run.code, 0, run.stderr);
  await payload.same(out);
  assert.ok(existsSync(join(out, 'payload', 'empty.bin')), 'the empty file is missing');
}

/** Starts `allium seed`; with `peer` it dials. */
async function seed(payload: Payload, peer?: number): Promise<{ port: number; program: RunningProgram }> {
  const port = await freePort();
  const dial = peer === undefined ? [] : ['--peer', `127.0.0.1:${peer}`];
  const words = ['seed', payload.torrent, payload.root, '--port', String(port), ...dial, ...LOOPBACK];
  const program = new RunningProgram(process.execPath, [MAIN, ...words]);
  await until('allium seeds', () => {
    if (!program.running) throw new Error(`allium seed has ended: ${program.stderr}`);
    return program.stderr.includes('serving');
  });
  return { port, program };
}

swarm(proves('from Transmission', ['v1: we download', 'Transmission']), async () => {
  const payload = await makePayload('v1');
  const seeder = await Transmission.start();
  const id = await seeder.add(payload.torrent, payload.root);
  await seeder.complete(id);
  await get(payload, seeder.port);
  await seeder.stop();
});

swarm(proves('to Transmission, which is dialled', ['v1: they download', 'Transmission']), async () => {
  const payload = await makePayload('v1');
  const out = scratchFolder();
  const leecher = await Transmission.start();
  const id = await leecher.add(payload.torrent, out);
  const { program } = await seed(payload, leecher.port);
  const status = await leecher.complete(id);
  assert.is(status.corruptEver, 0);
  await payload.same(out);
  await leecher.stop();
  await program.stop();
});

swarm(
  'through a tracker, all at once: libtorrent seeds, Allium, Transmission and aria2 download',
  async () => {
    const tracker = await Tracker.start();
    const payload = await makePayload('v1', tracker.url);
    const seeder = await Libtorrent.start();
    await seeder.add({ torrent: payload.torrent, folder: payload.root, seed: true, trackers: true });
    const [byTransmission, byAria2, byAllium] = [scratchFolder(), scratchFolder(), scratchFolder()];
    const transmission = await Transmission.start();
    const id = await transmission.add(payload.torrent, byTransmission);
    const aria2 = await Aria2.start(payload.torrent, byAria2);
    const words = ['get', payload.torrent, '-o', byAllium, '--port', '0', '--host', '127.0.0.1'];
    const [run] = await Promise.all([
      runToEnd(process.execPath, [MAIN, ...words]),
      transmission.complete(id),
      aria2.complete(),
    ]);
    assert.is(run.code, 0, run.stderr);
    for (const folder of [byTransmission, byAria2, byAllium]) await payload.same(folder);
    await Promise.all([seeder.stop(), transmission.stop(), aria2.stop(), tracker.stop()]);
  },
);

for (const kind of ['v1', 'v2', 'hybrid'] as const) {
  swarm(proves(`${kind}: from libtorrent`, [`${kind}: we download`, 'libtorrent']), async () => {
    const payload = await makePayload(kind);
    const seeder = await Libtorrent.start();
    await seeder.add({ torrent: payload.torrent, folder: payload.root, seed: true });
    await get(payload, seeder.port);
    await seeder.stop();
  });

  swarm(proves(`${kind}: to libtorrent`, [`${kind}: they download`, 'libtorrent']), async () => {
    const payload = await makePayload(kind);
    const { port, program } = await seed(payload);
    const out = scratchFolder();
    const leecher = await Libtorrent.start();
    await leecher.add({ torrent: payload.torrent, folder: out });
    await leecher.connect(port);
    const status = await leecher.complete();
    assert.is(status.failedBytes, 0);
    await payload.same(out);
    await leecher.stop();
    await program.stop();
  });
}

swarm(proves('from aria2', ['v1: we download', 'aria2']), async () => {
  const payload = await makePayload('v1');
  const seeder = await Aria2.start(payload.torrent, payload.root);
  await seeder.complete();
  await get(payload, seeder.port);
  await seeder.stop();
});

swarm(proves('to aria2, which is dialled', ['v1: they download', 'aria2']), async () => {
  const payload = await makePayload('v1');
  const out = scratchFolder();
  const leecher = await Aria2.start(payload.torrent, out);
  const { program } = await seed(payload, leecher.port);
  await leecher.complete();
  await payload.same(out);
  await leecher.stop();
  await program.stop();
});

swarm.run();
