/**
 * Aim: `kill -9` at any moment loses no verified piece and believes no unverified one. A node downloads from a slow
 * seeder and is killed at random moments, at least 50 times. Each time it comes back, what it says it has must hold
 * every piece it had announced before, and each of these pieces must be right on the disk.
 * Time limit: 400 s.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type MadeTorrent, makeTorrent } from '../../bittorrent/support/make-torrent.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';
import { Tracker } from '../../interop/support/tracker.ts';
import { JOINED_MAIN, NodeProcess } from '../support/node-process.ts';
import { SlowSeeder } from '../support/slow-seeder.ts';

const KILLS = 50;
const PIECE_LENGTH = 16_384;
const PIECES = 6_000;
/** Fast enough to verify many pieces between two kills, slow enough not to be done too early. */
const RATE = { min: 500_000, spread: 5_000_000 };
/** A node is killed when it has announced so many pieces, at most, or after a while, whichever comes first. */
const LIFE = { piecesMax: 100, msMax: 3_000 };

const kill = suite('kill -9');

kill.after(() => NodeProcess.endAll());

kill('nothing verified is lost, nothing unverified believed', async () => {
  const seed = Number(process.env['ALLIUM_TEST_SEED'] ?? Date.now() % 1_000_000);
  const random = seededRandom(seed);
  const folder = mkdtempSync(join(tmpdir(), 'allium-kill-'));
  const tracker = await Tracker.start();
  const torrent = makeTorrent({
    name: 'payload',
    pieceLength: PIECE_LENGTH,
    fileBytes: [900, 0, PIECE_LENGTH * 700 + 17, PIECE_LENGTH * (PIECES - 701), 20_000],
    announce: tracker.url,
  });
  const payload = Buffer.concat([...torrent.content.values()]);
  const infoHash = torrent.metainfo.infoHashV1!;
  const served = { infoHash, payload, pieceLength: PIECE_LENGTH };
  const seeder = new SlowSeeder({ rate: RATE.min }, served);
  const onlooker = new SlowSeeder({ rate: 1, hasNothing: true }, served);
  for (const peer of [seeder, onlooker]) {
    tracker.know(Buffer.from(infoHash).toString('hex'), await peer.listen());
  }
  mkdirSync(join(folder, 'watch'));
  writeFileSync(join(folder, 'watch', 'payload.torrent'), torrent.bytes);
  const known = new Set<number>();
  let announced = 0;
  try {
    for (let kills = 1; kills <= KILLS; kills += 1) {
      const where = `kill ${kills}, seed ${seed}`;
      const before = [seeder.visits.length, onlooker.visits.length];
      seeder.rate = RATE.min + random.below(RATE.spread);
      const words = ['--no-status', '--log', 'error'];
      const node = new NodeProcess(folder, words, { ALLIUM_SAVE_INTERVAL: '1' }, JOINED_MAIN);
      // Some are killed while they start, before they have said anything.
      if (kills % 10 === 0) await sleep(random.below(400));
      else {
        const pieces = random.below(LIFE.piecesMax);
        await node.until('it connects', async () => seeder.visits[before[0]!], 20_000);
        const end = performance.now() + LIFE.msMax;
        const enough = (): boolean => (onlooker.visits[before[1]!]?.announced.size ?? 0) > pieces;
        while (!enough() && performance.now() < end) await sleep(1);
        await sleep(random.below(20));
      }
      await node.stop('SIGKILL');
      await sleep(20); // what it sent has been read by now
      const visits = [...seeder.visits.slice(before[0]), ...onlooker.visits.slice(before[1])];
      for (const visit of visits.filter(({ greeted }) => greeted)) {
        assert.equal(
          [...known].filter((piece) => !visit.believed.has(piece)),
          [],
          `${where}: lost pieces`,
        );
      }
      for (const { believed, announced: told } of visits) {
        for (const piece of [...believed, ...told]) known.add(piece);
        announced += told.size;
      }
      const wrong = wrongOnDisk(torrent, payload, join(folder, 'downloads'));
      assert.equal(
        [...known].filter((piece) => wrong.has(piece)),
        [],
        `${where}: wrong pieces`,
      );
      assert.ok(known.size < PIECES, `${where}: done too early, the seeder is too fast`);
    }
    assert.ok(announced > PIECES / 10, `only ${announced} pieces announced: hardly anything was tried`);
    seeder.rate = 1e9;
    const node = new NodeProcess(folder);
    const view = await node.untilState('seeding', 60_000);
    assert.is(view.pieceDoneCount, torrent.metainfo.pieceCount);
    assert.ok(view.downloadedBytes < payload.length * 1.5, `${view.downloadedBytes} bytes downloaded in all`);
    assert.is(await node.stop(), 0);
    assert.is(wrongOnDisk(torrent, payload, join(folder, 'downloads')).size, 0);
  } finally {
    await seeder.close();
    await onlooker.close();
    await tracker.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

/** The pieces of which the files below `root` hold other bytes than the torrent. */
function wrongOnDisk(torrent: MadeTorrent, payload: Buffer, root: string): Set<number> {
  const parts = [...torrent.content].map(([path, want]) => readAs(join(root, path), want.length));
  const disk = Buffer.concat(parts);
  const wrong = new Set<number>();
  for (let piece = 0; piece < torrent.metainfo.pieceCount; piece += 1) {
    const at = piece * PIECE_LENGTH;
    const end = Math.min(at + PIECE_LENGTH, payload.length);
    if (disk.compare(payload, at, end, at, end) !== 0) wrong.add(piece);
  }
  return wrong;
}

/** The file, cut or filled up with zeros to `length`. */
function readAs(path: string, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  if (existsSync(path)) readFileSync(path).copy(bytes);
  return bytes;
}

kill.run();
