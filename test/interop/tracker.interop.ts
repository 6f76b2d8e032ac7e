/**
 * Aim: other people's programs find each other by our tracker, over HTTP and over UDP, and Allium finds peers by a tracker
 * that other people wrote. Every byte is compared.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { AlliumTracker } from './support/allium-tracker.ts';
import { Aria2 } from './support/aria2.ts';
import { Libtorrent } from './support/libtorrent.ts';
import { interopSuite, peerPath } from './support/peers.ts';
import { freePort, RunningProgram, runToEnd, scratchFolder, until } from './support/program.ts';
import { proves } from './support/proves.ts';
import { Transmission } from './support/transmission.ts';

const MAIN = fileURLToPath(new URL('../../engine/cli/main.js', import.meta.url));

const test = interopSuite('trackers', ['libtorrent', 'transmission-daemon', 'aria2c', 'opentracker'], {
  atOnce: 4,
});

interface Payload {
  readonly torrent: string;
  readonly folder: string;
  readonly infoHash: string;
  same(folder: string): Promise<void>;
}

async function payload(trackers: readonly string[]): Promise<Payload> {
  const root = scratchFolder();
  const folder = join(root, 'source');
  await mkdir(folder);
  const data = randomBytes(700_001);
  await writeFile(join(folder, 'data.bin'), data);
  const torrent = join(root, 'data.torrent');
  const libtorrent = await Libtorrent.start();
  await libtorrent.create({ path: join(folder, 'data.bin'), out: torrent, kind: 'v1', trackers });
  const { v1 } = await libtorrent.info(torrent);
  await libtorrent.stop();
  return {
    torrent,
    folder,
    infoHash: v1 ?? '',
    async same(where) {
      assert.ok(data.equals(await readFile(join(where, 'data.bin'))), `${where} holds other bytes`);
    },
  };
}

async function scrape(tracker: AlliumTracker, infoHash: string): Promise<string> {
  const hash = infoHash.replaceAll(/../g, '%$&');
  const answer = await fetch(`http://127.0.0.1:${tracker.port}/scrape?info_hash=${hash}`);
  return Buffer.from(await answer.arrayBuffer()).toString('latin1');
}

function get(torrent: string, out: string): ReturnType<typeof runToEnd> {
  return runToEnd(process.execPath, [
    ...[MAIN, 'get', torrent, '-o', out, '--port', '0', '--host', '127.0.0.1'],
  ]);
}

async function seed(torrent: string, folder: string): Promise<RunningProgram> {
  const port = String(await freePort());
  const program = new RunningProgram(process.execPath, [
    ...[MAIN, 'seed', torrent, folder, '--port', port, '--host', '127.0.0.1'],
  ]);
  await until('allium seeds', () => {
    if (!program.running) throw new Error(`allium seed has ended: ${program.stderr}`);
    return program.stderr.includes('serving');
  });
  return program;
}

const seeds = (count: number) => (answer: string) => answer.includes(`8:completei${count}e`);

test(
  proves(
    'ours over HTTP: libtorrent seeds, Transmission, aria2 and Allium find it',
    ['our tracker over HTTP', 'libtorrent'],
    ['our tracker over HTTP', 'Transmission'],
    ['our tracker over HTTP', 'aria2'],
  ),
  async () => {
    const tracker = await AlliumTracker.start();
    const { torrent, folder, infoHash, same } = await payload([tracker.http]);
    const seeder = await Libtorrent.start();
    await seeder.add({ torrent, folder, seed: true, trackers: true });
    await until('announced', () => scrape(tracker, infoHash).then(seeds(1)));
    const [byTransmission, byAria2, byAllium] = [scratchFolder(), scratchFolder(), scratchFolder()];
    const transmission = await Transmission.start();
    const id = await transmission.add(torrent, byTransmission);
    const aria2 = await Aria2.start(torrent, byAria2);
    const [run] = await Promise.all([get(torrent, byAllium), transmission.complete(id), aria2.complete()]);
    assert.is(run.code, 0, run.stderr);
    for (const where of [byTransmission, byAria2, byAllium]) await same(where);
    // Ended by a signal these two tell the tracker nothing; libtorrent takes its leave.
    await Promise.all([transmission.stop(), aria2.stop()]);
    const [, complete] = /8:completei(\d+)e/.exec(await scrape(tracker, infoHash)) ?? [];
    await seeder.leave();
    await until('the seeder has left', () => scrape(tracker, infoHash).then(seeds(Number(complete) - 1)));
    assert.is(await tracker.stop(), 0);
  },
);

// aria2 asks trackers over UDP only while its DHT is on, which would ask its own routers. Transmission 3.00 announces over
// UDP, but dials nobody of 127.0.0.1 it hears of there (neither by opentracker): so here it seeds.
test(
  proves(
    'ours over UDP: Transmission and libtorrent seed, libtorrent and Allium find them',
    ['our tracker over UDP', 'libtorrent'],
    ['our tracker over UDP', 'Transmission'],
  ),
  async () => {
    const tracker = await AlliumTracker.start();
    const { torrent, folder, infoHash, same } = await payload([tracker.udp]);
    const transmission = await Transmission.start();
    await transmission.add(torrent, folder);
    await until('Transmission has announced', () => scrape(tracker, infoHash).then(seeds(1)));
    const byAllium = scratchFolder();
    const run = await get(torrent, byAllium);
    assert.is(run.code, 0, run.stderr);
    await same(byAllium);
    await transmission.stop();
    await until(
      'Transmission has left',
      async () => !/:completei[1-9]/.test(await scrape(tracker, infoHash)),
    );
    const seeder = await seed(torrent, folder);
    await until('Allium has announced', () => scrape(tracker, infoHash).then(seeds(1)));
    const leecher = await Libtorrent.start();
    const byLibtorrent = scratchFolder();
    await leecher.add({ torrent, folder: byLibtorrent, trackers: true });
    await leecher.complete();
    await same(byLibtorrent);
    await Promise.all([leecher.stop(), seeder.stop()]);
    assert.is(await tracker.stop(), 0);
  },
);

for (const protocol of ['http', 'udp'] as const) {
  test(
    proves(`opentracker over ${protocol}: Allium seeds, Allium finds it`, [
      protocol === 'http' ? 'their tracker over HTTP' : 'their tracker over UDP',
      'opentracker',
    ]),
    async () => {
      const port = await freePort();
      const url = `${protocol}://127.0.0.1:${port}/announce`;
      const { torrent, folder, infoHash, same } = await payload([url]);
      const root = scratchFolder();
      // It gives up its rights and reads its list afterwards.
      chmodSync(root, 0o755);
      await writeFile(join(root, 'list'), `${infoHash.toUpperCase()}\n`, { mode: 0o644 });
      const opentracker = new RunningProgram(peerPath('opentracker'), [
        ...[
          '-i',
          '127.0.0.1',
          '-p',
          String(port),
          '-P',
          String(port),
          '-d',
          root,
          '-w',
          'list',
          '-u',
          'nobody',
        ],
      ]);
      await until('opentracker listens', async () => {
        if (!opentracker.running) throw new Error(`opentracker has ended: ${opentracker.stderr}`);
        return (await fetch(`http://127.0.0.1:${port}/stats`).catch(() => undefined)) !== undefined;
      });
      const seeder = await seed(torrent, folder);
      await until('announced', async () => {
        const hash = infoHash.replaceAll(/../g, '%$&');
        const answer = await fetch(`http://127.0.0.1:${port}/scrape?info_hash=${hash}`);
        return Buffer.from(await answer.arrayBuffer())
          .toString('latin1')
          .includes('8:completei1e');
      });
      const out = scratchFolder();
      const run = await get(torrent, out);
      assert.is(run.code, 0, run.stderr);
      await same(out);
      await seeder.stop();
      await opentracker.stop();
    },
  );
}

test.run();
