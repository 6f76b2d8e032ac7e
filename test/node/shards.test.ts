/**
 * Aim: an engine whose payload is sent by several threads serves the same bytes as one whose loop sends them, over plain
 * connections and behind the handshake of MSE, also while peers leave in the middle; all slots, files and threads come
 * back.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Bitfield } from '../../engine/bittorrent/bitfield.ts';
import type { EncryptionMode } from '../../engine/bittorrent/mse/types.ts';
import { TORRENT_DEFAULTS } from '../../engine/bittorrent/torrent/options.ts';
import type { Torrent } from '../../engine/bittorrent/torrent/torrent.ts';
import { createEngine, type Engine } from '../../engine/node/engine.ts';
import { makeTorrent } from '../bittorrent/support/make-torrent.ts';

const MIB = 1024 * 1024;
const LOCAL = { host: '127.0.0.1', port: 0 };

const shards = suite<{ folder: string }>('shards');

shards.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'allium-shards-'));
});
shards.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

const made = makeTorrent({ name: 'data', pieceLength: MIB, fileBytes: [9 * MIB + 77, 5, 5 * MIB - 1] });

function start(engine: Engine, root: string, isSeed: boolean): Torrent {
  const { pieceCount } = made.metainfo;
  const have = isSeed ? { have: Bitfield.full(pieceCount) } : {};
  const choker = { ...TORRENT_DEFAULTS.choker, slots: Number.POSITIVE_INFINITY };
  const torrent = engine.shard.add({ ...TORRENT_DEFAULTS, choker, root, ...have }, made.metainfo, {});
  torrent.start();
  return torrent;
}

async function until(what: () => boolean): Promise<void> {
  const endMs = performance.now() + 20_000;
  while (!what() && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(what(), String(what));
}

for (const encryption of ['off', 'prefer', 'require'] as const satisfies readonly EncryptionMode[]) {
  shards(`three leechers, one of which leaves, encryption ${encryption}`, async ({ folder }) => {
    mkdirSync(join(folder, 'seed', 'data'), { recursive: true });
    for (const [path, bytes] of made.content) writeFileSync(join(folder, 'seed', path), bytes);
    const options = { threadCount: 1, slabBytes: 48 * MIB, transports: ['tcp'], encryption } as const;
    const seeder = createEngine({ ...options, shards: 2 });
    const leechers = [0, 1, 2].map(() => createEngine(options));
    try {
      await until(() => seeder.runtime.senders.loads.length === 2);
      const seed = start(seeder, join(folder, 'seed'), true);
      const at = await seeder.shard.listen(LOCAL);
      const torrents = leechers.map((engine, index) => start(engine, join(folder, `leech${index}`), false));
      let lent = 0;
      const counted = setInterval(() => {
        lent = Math.max(lent, ...seeder.runtime.senders.loads);
      }, 1);
      for (const torrent of torrents) torrent.addCandidates([at]);
      await until(() => torrents[2]!.have.count > 3);
      await torrents[2]!.stop();
      await until(() => torrents[0]!.picker.isDone && torrents[1]!.picker.isDone);
      clearInterval(counted);
      assert.ok(seed.upRate.totalBytes >= 2 * made.metainfo.totalBytes);
      // RC4's state is the loop's own.
      if (encryption !== 'require') assert.ok(lent > 0, 'somebody was served by a thread');
    } finally {
      await Promise.all([seeder, ...leechers].map((engine) => engine.close()));
    }
    for (const { slab } of [seeder, ...leechers]) slab.assertAllReturned();
    assert.is(seeder.shard.cache.openCount, 0);
    assert.equal(seeder.runtime.senders.loads, []);
  });
}

shards.run();
