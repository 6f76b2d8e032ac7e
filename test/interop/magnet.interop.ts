/**
 * Aim: a magnet link and the address of one peer are enough, both ways, with programs that other people wrote: v1, v2
 * and hybrid with libtorrent, v1 with Transmission and aria2; and peers tell each other of further ones (PEX).
 */
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { Aria2 } from './support/aria2.ts';
import { Libtorrent } from './support/libtorrent.ts';
import { makePayload, type Payload } from './support/payload.ts';
import { interopSuite } from './support/peers.ts';
import { freePort, RunningProgram, runToEnd, scratchFolder, until } from './support/program.ts';
import { proves } from './support/proves.ts';
import { Transmission } from './support/transmission.ts';

const MAIN = fileURLToPath(new URL('../../engine/cli/main.js', import.meta.url));
const LOOPBACK = ['--host', '127.0.0.1', '--no-tracker'];
const magnets = interopSuite(
  'magnet links with other programs',
  ['libtorrent', 'transmission-daemon', 'aria2c'],
  { atOnce: 4 },
);

async function linkOf(payload: Payload, port?: number): Promise<string> {
  const peer = port === undefined ? [] : ['--peer', `127.0.0.1:${port}`];
  const run = await runToEnd(process.execPath, [MAIN, 'magnet', payload.torrent, ...peer]);
  assert.is(run.code, 0, run.stderr);
  return run.stdout.trim();
}

async function getBy(link: string, payload: Payload): Promise<void> {
  const out = scratchFolder();
  const run = await runToEnd(process.execPath, [MAIN, 'get', link, '-o', out, '--port', '0', ...LOOPBACK]);
  assert.is(run.code, 0, run.stderr);
  await payload.same(out);
}

async function seed(payload: Payload, peers: readonly number[] = []) {
  const port = await freePort();
  const dial = peers.flatMap((peer) => ['--peer', `127.0.0.1:${peer}`]);
  const words = ['seed', payload.torrent, payload.root, '--port', String(port), ...dial, ...LOOPBACK];
  const program = new RunningProgram(process.execPath, [MAIN, ...words]);
  await until('allium seeds', () => {
    if (!program.running) throw new Error(`allium seed has ended: ${program.stderr}`);
    return program.stderr.includes('serving');
  });
  return { port, program };
}

magnets(proves('from Transmission', ['magnet only: we download', 'Transmission']), async () => {
  const payload = await makePayload('v1');
  const seeder = await Transmission.start();
  const id = await seeder.add(payload.torrent, payload.root);
  await seeder.complete(id);
  await getBy(await linkOf(payload, seeder.port), payload);
  await seeder.stop();
});

magnets(
  proves('to Transmission, which is dialled', ['magnet only: they download', 'Transmission']),
  async () => {
    const payload = await makePayload('v1');
    const out = scratchFolder();
    const leecher = await Transmission.start();
    const id = await leecher.add(await linkOf(payload), out);
    const { program } = await seed(payload, [leecher.port]);
    await leecher.complete(id);
    await payload.same(out);
    await leecher.stop();
    await program.stop();
  },
);

magnets(
  proves('peers that Allium knows are told to each other (PEX)', ['PEX between two of theirs', 'libtorrent']),
  async () => {
    const payload = await makePayload('v1');
    const [a, b] = [await Libtorrent.start(), await Libtorrent.start()];
    // Slow, so that they have a use for each other as long as this takes.
    for (const peer of [a, b]) {
      await peer.add({ torrent: payload.torrent, folder: scratchFolder(), downloadLimit: 10_000 });
    }
    const { program } = await seed(payload, [a.port, b.port]);
    await until(
      'one knows the other',
      async () =>
        (await a.peers()).some(({ port }) => port === b.port) ||
        (await b.peers()).some(({ port }) => port === a.port),
      90_000,
    );
    await Promise.all([a.stop(), b.stop(), program.stop()]);
  },
);

for (const kind of ['v1', 'v2', 'hybrid'] as const) {
  magnets(proves(`${kind}: from libtorrent`, ['magnet only: we download', 'libtorrent']), async () => {
    const payload = await makePayload(kind);
    const seeder = await Libtorrent.start();
    await seeder.add({ torrent: payload.torrent, folder: payload.root, seed: true });
    await getBy(await linkOf(payload, seeder.port), payload);
    await seeder.stop();
  });

  magnets(proves(`${kind}: to libtorrent`, ['magnet only: they download', 'libtorrent']), async () => {
    const payload = await makePayload(kind);
    const { port, program } = await seed(payload);
    const out = scratchFolder();
    const leecher = await Libtorrent.start();
    await leecher.add({ magnet: await linkOf(payload, port), folder: out });
    await leecher.complete();
    await payload.same(out);
    await leecher.stop();
    await program.stop();
  });
}

magnets(proves('from aria2', ['magnet only: we download', 'aria2']), async () => {
  const payload = await makePayload('v1');
  const seeder = await Aria2.start(payload.torrent, payload.root);
  await seeder.complete();
  await getBy(await linkOf(payload, seeder.port), payload);
  await seeder.stop();
});

magnets(proves('a seeder is found by PEX alone', ['PEX only: we download', 'libtorrent']), async () => {
  const payload = await makePayload('v1');
  const seeder = await Libtorrent.start();
  await seeder.add({ torrent: payload.torrent, folder: payload.root, seed: true });
  const hub = await Libtorrent.start();
  // It knows the seeder and has next to nothing itself.
  await hub.add({ torrent: payload.torrent, folder: scratchFolder(), downloadLimit: 1_000 });
  await hub.connect(seeder.port);
  await until('the hub has its peer', async () => (await hub.peers()).length > 0);
  await getBy(await linkOf(payload, hub.port), payload);
  const { progress } = await hub.status();
  assert.ok(progress < 0.5, 'the data did not come from the hub');
  await Promise.all([seeder.stop(), hub.stop()]);
});

magnets.run();
