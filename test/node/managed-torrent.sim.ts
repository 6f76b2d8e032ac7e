// Aim: commands to a torrent that come while the disk still answers the one before: the last one counts.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TORRENT_DEFAULTS } from '../../engine/bittorrent/torrent/options.ts';
import { SHARD_DEFAULTS, Shard } from '../../engine/bittorrent/torrent/shard.ts';
import { InlineHashService } from '../../engine/kernels/hash-service.ts';
import { Slab } from '../../engine/kernels/slab.ts';
import { ManagedTorrent } from '../../engine/node/managed-torrent.ts';
import { SimWorld } from '../../engine/runtime/sim/world.ts';
import { makeTorrent } from '../bittorrent/support/make-torrent.ts';

const test = suite('managed torrent');
const made = makeTorrent({ name: 'm', pieceLength: 65_536, fileBytes: [65_536 * 4] });

function setUp() {
  const world = new SimWorld({ seed: 1 });
  const { runtime } = world.host({ address: '10.0.0.1' });
  const slab = new Slab({ slotCount: 64, threadCountMax: 1 });
  const peerId = new Uint8Array(20).fill(65);
  const shard = new Shard(
    { ...SHARD_DEFAULTS, peerId },
    { runtime, slab, hashes: new InlineHashService({}, { slab }) },
  );
  const managed = new ManagedTorrent(
    {
      torrent: { ...TORRENT_DEFAULTS, root: '/d' },
      addedAtMs: 0,
      sources: { trackers: false, dht: false, pex: false, lsd: false },
      peerId,
    },
    { shard, runtime, metainfo: made.metainfo, events: {}, finders: { transports: {} } },
  );
  return { world, runtime, managed };
}

test('a torrent that is stopped while it starts stays stopped', async () => {
  const { world, managed } = setUp();
  void managed.start();
  void managed.stop();
  await world.run({ forMs: 5000 });
  assert.is(managed.state, 'stopped');
  assert.ok(managed.torrent.isStopped);
});

test('started twice at once it runs once, and can be stopped, checked and started again', async () => {
  const { world, managed } = setUp();
  void managed.start();
  void managed.start();
  await world.run({ forMs: 5000 });
  assert.is(managed.state, 'downloading');
  void managed.stop();
  await world.run({ forMs: 5000 });
  assert.is(managed.state, 'stopped');
  void managed.check();
  void managed.stop();
  await world.run({ forMs: 5000 });
  assert.is(managed.state, 'stopped');
  let checked = 0;
  void managed.check((done) => (checked = done));
  await world.run({ forMs: 5000 });
  assert.is(checked, 4);
  void managed.start();
  await world.run({ forMs: 5000 });
  assert.is(managed.state, 'downloading');
  assert.not.ok(managed.torrent.isStopped);
});

test('what the disk refuses leaves it in error with the reason, and it may be started again', async () => {
  const { world, runtime, managed } = setUp();
  void runtime.files.makeDirectory('/d/m');
  await world.run({ forMs: 1000 });
  void managed.start();
  await world.run({ forMs: 5000 });
  assert.is(managed.state, 'error');
  assert.match(managed.failure?.message ?? '', /not a file/);
  void runtime.files.remove('/d/m');
  await world.run({ forMs: 1000 });
  void managed.start();
  await world.run({ forMs: 5000 });
  assert.is(managed.state, 'downloading');
  assert.is(managed.failure, undefined);
});

test('with nothing wanted it seeds what it has; when more is wanted it downloads again', async () => {
  const { world, managed } = setUp();
  void managed.start();
  await world.run({ forMs: 1000 });
  managed.torrent.choose(Uint8Array.of(0));
  assert.is(managed.state, 'seeding');
  managed.torrent.choose(Uint8Array.of(1));
  assert.is(managed.state, 'downloading');
  void managed.stop();
  await world.run({ forMs: 1000 });
  managed.torrent.choose(Uint8Array.of(0));
  assert.is(managed.state, 'stopped');
  void managed.start();
  await world.run({ forMs: 1000 });
  assert.is(managed.state, 'seeding');
});

test.run();
