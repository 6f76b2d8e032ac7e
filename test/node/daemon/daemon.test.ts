/**
 * Aim: a node takes up where it stopped without hashing anew; whatever happened to its files while it was away is
 * noticed; files of other people are never written over; and nothing it believed before a power cut is taken on trust.
 */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { open } from 'lmdb';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { NodeDaemon } from '../../../engine/node/daemon/daemon.ts';
import { decodeRecord, encodeRecord } from '../../../engine/node/store/record.ts';
import { sessionSchema } from '../../../engine/node/store/schema.ts';
import { makeTorrent } from '../../bittorrent/support/make-torrent.ts';
import { PIECE_LENGTH, Scene, untilState, untilTorrent } from '../support/scene.ts';

const daemon = suite<{ scene: Scene }>('node');

daemon.before.each(async (context) => {
  context.scene = await Scene.open();
});
daemon.after.each(({ scene }) => scene.close());

/** Messages this node has hashed. */
const hashed = (node: NodeDaemon): number => node.view().hashing.messages;

/** Runs a node until the torrent is complete, and stops it. */
async function downloaded(scene: Scene): Promise<void> {
  scene.give();
  const node = await scene.node();
  await untilState(node, 'seeding');
  await node.close();
}

function assertComplete(scene: Scene): void {
  for (const [path, bytes] of scene.torrent.content) {
    assert.ok(readFileSync(scene.pathOf(path)).equals(bytes), `${path} is right`);
  }
}

daemon(
  'downloads what is put into the watch folder, then seeds at once after a restart, hashing nothing',
  async ({ scene }) => {
    await downloaded(scene);
    assertComplete(scene);
    assert.equal(readdirSync(join(scene.folder, 'watch')), ['data.torrent.added']);
    const node = await scene.node();
    const torrent = await untilState(node, 'seeding');
    assert.is(hashed(node), 0);
    assert.is(torrent.downloadedBytes, scene.torrent.metainfo.totalBytes, 'counters go on');
    assert.equal(node.view().problems, []);
    await node.close();
  },
);

daemon('stopped halfway, it goes on with what was missing', async ({ scene }) => {
  scene.seeder.rate = 600_000;
  scene.give();
  const first = await scene.node();
  const half = await untilTorrent(first, ({ pieceDoneCount }) => pieceDoneCount >= 8);
  await first.close();
  const second = await scene.node();
  const before = second.view().torrents[0]!;
  assert.ok(before.pieceDoneCount >= half.pieceDoneCount, 'nothing was lost');
  scene.seeder.rate = 1e9;
  await untilState(second, 'seeding');
  assert.ok(
    hashed(second) <= scene.torrent.metainfo.pieceCount - before.pieceDoneCount,
    'only new pieces were hashed',
  );
  await second.close();
  assertComplete(scene);
});

daemon(
  'a file that somebody changed is hashed again, and what is wrong is fetched again',
  async ({ scene }) => {
    await downloaded(scene);
    const path = scene.pathOf('data/f000');
    const bytes = readFileSync(path);
    bytes.fill(0, 5 * PIECE_LENGTH, 5 * PIECE_LENGTH + 1);
    writeFileSync(path, bytes);
    const node = await scene.node();
    await untilState(node, 'seeding');
    const visit = scene.seeder.visits.at(-1)!;
    assert.is(visit.believed.has(5), false, 'the wrong piece was not believed');
    assert.is(visit.believed.size, scene.torrent.metainfo.pieceCount - 1);
    await node.close();
    assertComplete(scene);
  },
);

daemon('a new time of change alone is reason enough to look', async ({ scene }) => {
  await downloaded(scene);
  utimesSync(scene.pathOf('data/f001'), new Date(), new Date(1_700_000_000_000));
  const node = await scene.node();
  await untilState(node, 'seeding');
  assert.ok(hashed(node) > 0);
  await node.close();
});

daemon(
  'a file that is gone: the torrent waits for it, nothing is fetched, nothing forgotten',
  async ({ scene }) => {
    await downloaded(scene);
    const path = scene.pathOf('data/f000');
    renameSync(path, `${path}.away`);
    for (const _ of [1, 2]) {
      const node = await scene.node();
      const torrent = await untilState(node, 'offline');
      assert.match(torrent.error, 'f000 is not there any more');
      assert.match(node.view().problems.join(), 'disk mounted');
      await node.close();
      assert.equal(readdirSync(scene.pathOf('data')).sort(), ['f000.away', 'f001']);
    }
    renameSync(`${path}.away`, path);
    const node = await scene.node();
    await untilState(node, 'seeding');
    assert.is(hashed(node), 0);
    await node.close();
  },
);

daemon('a file cut short while the node was away is completed again', async ({ scene }) => {
  await downloaded(scene);
  truncateSync(scene.pathOf('data/f000'), PIECE_LENGTH * 3 + 1);
  const node = await scene.node();
  await untilState(node, 'seeding');
  await node.close();
  assertComplete(scene);
});

daemon('data that was there before the torrent is checked and kept', async ({ scene }) => {
  mkdirSync(scene.pathOf('data'), { recursive: true });
  for (const [path, bytes] of scene.torrent.content) writeFileSync(scene.pathOf(path), bytes);
  scene.give();
  const node = await scene.node();
  const torrent = await untilState(node, 'seeding');
  assert.is(torrent.downloadedBytes, 0);
  await node.close();
});

daemon('files of the same name that are something else are never written over', async ({ scene }) => {
  mkdirSync(scene.pathOf('data'), { recursive: true });
  const diary = Buffer.from('my diary, the only copy');
  writeFileSync(scene.pathOf('data/f000'), diary);
  scene.give();
  for (const _ of [1, 2]) {
    const node = await scene.node();
    const torrent = await untilState(node, 'error');
    assert.match(torrent.error, 'is not the data of this torrent');
    await node.close();
    assert.ok(readFileSync(scene.pathOf('data/f000')).equals(diary));
  }
  rmSync(scene.pathOf('data/f000'));
  const node = await scene.node();
  await untilState(node, 'seeding');
  await node.close();
  assertComplete(scene);
});

daemon(
  'two torrents of one name get folders of their own; the same torrent twice is one',
  async ({ scene }) => {
    await downloaded(scene);
    const other = makeTorrent({ name: 'data', pieceLength: PIECE_LENGTH, fileBytes: [100, 200], seed: 5 });
    scene.give(other.bytes, 'other');
    scene.give(scene.torrent.bytes, 'again');
    const node = await scene.node();
    await untilTorrent(node, ({ root }) => root !== join(scene.folder, 'downloads'));
    await untilTorrent(node, () =>
      readdirSync(join(scene.folder, 'watch')).every((name) => name.endsWith('.added')),
    );
    assert.is(node.view().torrents.length, 2);
    assert.equal(node.view().problems, []);
    await node.close();
    assertComplete(scene);
  },
);

daemon(
  'after a power cut the pieces that were not saved are hashed before they are believed',
  async ({ scene }) => {
    scene.seeder.rate = 800_000;
    scene.give();
    const first = await scene.node({ saveInterval: 3600 });
    await untilTorrent(first, ({ pieceDoneCount }) => pieceDoneCount >= 8);
    const state = join(scene.folder, 'state');
    const copy = join(scene.folder, 'state-at-the-cut');
    // What a power cut leaves: the journal, the store, a folder lock of nobody, and a file with blocks missing.
    copyState(state, copy);
    await first.close();
    rmSync(state, { recursive: true });
    renameSync(copy, state);
    await pretendReboot(state);
    const path = scene.pathOf('data/f000');
    const bytes = readFileSync(path);
    bytes.fill(0, 0, bytes.length >> 1);
    writeFileSync(path, bytes);
    utimesSync(path, new Date(), new Date(Date.now() - 1_000));
    const visitsBefore = scene.seeder.visits.length;
    scene.seeder.rate = 1e9;
    const second = await scene.node();
    await untilState(second, 'seeding');
    const wrong = [...scene.seeder.visits[visitsBefore]!.believed].filter((piece) => {
      const at = piece * PIECE_LENGTH;
      const want = Buffer.concat([...scene.torrent.content.values()]).subarray(at, at + PIECE_LENGTH);
      return at + PIECE_LENGTH <= bytes.length && !bytes.subarray(at, at + PIECE_LENGTH).equals(want);
    });
    assert.equal(wrong, [], 'nothing wrong was believed');
    assert.ok(hashed(second) >= scene.torrent.metainfo.pieceCount, 'nothing was taken on trust');
    await second.close();
    assertComplete(scene);
  },
);

daemon(
  'a torrent with pieces larger than the memory is shown with the reason, and the node runs',
  async ({ scene }) => {
    const huge = makeTorrent({ name: 'huge', pieceLength: 32 * 1024 * 1024, fileBytes: [1000] });
    scene.give(huge.bytes, 'huge');
    const node = await scene.node();
    const torrent = await untilState(node, 'error');
    assert.is(torrent.name, 'huge');
    assert.is(node.view().problems.length, 1);
    scene.give();
    await untilState(node, 'seeding');
    await node.close();
    const again = await scene.node();
    await untilState(again, 'error');
    await again.close();
  },
);

daemon('a start that fails leaves nothing running and nothing changed', async ({ scene }) => {
  await downloaded(scene);
  const node = await scene.node({ port: 0 });
  const port = Number(node.view().listening.split(':')[1]);
  const other = await scene
    .node({ state: join(scene.folder, 'other'), port })
    .catch((error: unknown) => error);
  assert.is((other as { code: string }).code, 'ADDRESS_IN_USE');
  const same = await scene.node().catch((error: unknown) => error);
  assert.is((same as { code: string }).code, 'BAD_STATE');
  await node.close();
  const again = await scene.node();
  await untilState(again, 'seeding');
  assert.is(hashed(again), 0);
  await again.close();
});

function copyState(from: string, to: string): void {
  mkdirSync(join(to, 'db'), { recursive: true });
  for (const name of readdirSync(from)) {
    if (name === 'lock' || name === 'db') continue;
    writeFileSync(join(to, name), readFileSync(join(from, name)));
  }
  writeFileSync(join(to, 'db', 'data.mdb'), readFileSync(join(from, 'db', 'data.mdb')));
}

/** Makes the store believe that its last run was before the machine was started. */
async function pretendReboot(state: string): Promise<void> {
  const root = open<Buffer, string>({ path: join(state, 'db'), maxDbs: 8, encoding: 'binary' });
  const meta = root.openDB<Buffer, string>({ name: 'meta', encoding: 'binary' });
  const session = decodeRecord(sessionSchema, meta.get('session')!, 'session');
  await meta.put('session', encodeRecord({ ...session, boot: 'the one before' }));
  await root.close();
}

daemon.run();
