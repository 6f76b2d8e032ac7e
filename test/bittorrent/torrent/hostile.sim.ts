// Aim: what goes wrong in a swarm stays small: a peer that sends bad blocks is found and banned alone, a full disk
// stops the torrent with its reason, vanished peers and a tiny slab only cost time. Seeds are in the messages.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { CloseReason } from '../../../engine/bittorrent/peer/peer-host.ts';
import { AlliumError } from '../../../engine/codec/error.ts';
import type { StreamHandler } from '../../../engine/runtime/port.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { type MadeTorrent, makeTorrent } from '../support/make-torrent.ts';
import { hasContent, SIM_PORT, type SimPeer, startSimPeer } from '../support/sim-peer.ts';
import { message, stranger } from '../support/stranger.ts';

const test = suite('hostile swarm');
const RATE = 1_250_000;

const made = makeTorrent({ name: 'hostile', pieceLength: 1 << 19, fileBytes: [6_000_000] });
const at = (address: string) => ({ host: address, port: SIM_PORT });

function newHost(world: SimWorld, index: number, capacityBytes?: number) {
  return world.host({
    address: `10.1.0.${index}`,
    upBytesPerSec: RATE,
    downBytesPerSec: 4 * RATE,
    disk: capacityBytes === undefined ? {} : { capacityBytes },
  });
}

/** The same torrent, but every byte of the content is another one. */
function corrupt(original: MadeTorrent): MadeTorrent {
  const content = new Map(
    [...original.content].map(([path, bytes]) => [path, bytes.map((byte) => byte ^ 1)] as const),
  );
  return { ...original, content };
}

for (const seed of [1, 2, 3]) {
  test(`the peer whose blocks are bad is banned, not those who helped with the same pieces (seed ${seed})`, async () => {
    const world = new SimWorld({ seed });
    const reasons: CloseReason[] = [];
    let leecher: SimPeer | undefined;
    const boot = async (): Promise<void> => {
      for (let index = 1; index <= 3; index++)
        await startSimPeer(newHost(world, index), made, { seeder: true });
      await startSimPeer(newHost(world, 66), corrupt(made), { seeder: true });
      leecher = await startSimPeer(newHost(world, 100), made, {
        events: { onClosed: (reason) => reasons.push(reason) },
      });
      leecher.torrent.addCandidates(['10.1.0.1', '10.1.0.66', '10.1.0.2', '10.1.0.3'].map(at));
    };
    void boot();
    await world.run({ untilMs: 300_000, until: () => leecher?.torrent.picker.isDone === true });
    assert.ok(leecher?.torrent.picker.isDone, 'it finishes');
    assert.ok(leecher.torrent.downloader.stats.failedPieces > 0, 'the bad peer did take part');
    assert.is(reasons.filter((reason) => reason === 'banned').length, 1);
    const nobody = new Uint8Array(20);
    assert.ok(leecher.torrent.pool.isBanned(at('10.1.0.66'), nobody), 'the bad one is banned');
    for (const good of ['10.1.0.1', '10.1.0.2', '10.1.0.3']) {
      assert.not.ok(leecher.torrent.pool.isBanned(at(good), nobody), `${good} is innocent`);
    }
    let same: boolean | undefined;
    void hasContent(leecher.host, made).then((result) => (same = result));
    await world.run({ until: () => same !== undefined, forMs: 10_000 });
    assert.is(same, true);
  });
}

test('a peer that sends a bad block and leaves is banned all the same', async () => {
  const world = new SimWorld({ seed: 9 });
  let leecher: SimPeer | undefined;
  const boot = async (): Promise<void> => {
    await startSimPeer(newHost(world, 1), made, { seeder: true });
    leecher = await startSimPeer(newHost(world, 100), made);
  };
  void boot();
  await world.run({ until: () => leecher !== undefined });
  const to = { target: at('10.1.0.100'), infoHash: made.metainfo.infoHashV1! };
  const poisoner = stranger(newHost(world, 66), to, { fast: true });
  await world.run({ forMs: 1000 });
  poisoner.stream.write(Buffer.concat([message(14), message(1)])); // have all, unchoke
  await world.run({ forMs: 1000 });
  const heard = Buffer.concat(poisoner.received);
  const request = heard.subarray(heard.indexOf(Buffer.from([0, 0, 0, 13, 6])));
  const block = Buffer.concat([
    message(7, request.readUInt32BE(5), request.readUInt32BE(9)),
    Buffer.alloc(16_384, 1),
  ]);
  block.writeUInt32BE(9 + 16_384, 0);
  poisoner.stream.write(block);
  await world.run({ forMs: 1000 });
  poisoner.stream.end();
  await world.run({ forMs: 1000 });
  assert.is(leecher!.torrent.peers.size, 0, 'it has left');
  leecher!.torrent.addCandidates([at('10.1.0.1')]);
  await world.run({ untilMs: 120_000, until: () => leecher!.torrent.picker.isDone });
  assert.ok(leecher!.torrent.have.isFull);
  assert.ok(leecher!.torrent.pool.isBanned(at('10.1.0.66'), new Uint8Array(20)));
  assert.not.ok(leecher!.torrent.pool.isBanned(at('10.1.0.1'), new Uint8Array(20)));
});

test('a full disk stops the torrent, says so, and returns every slot', async () => {
  const world = new SimWorld({ seed: 4 });
  let leecher: SimPeer | undefined;
  let failure: unknown;
  const boot = async (): Promise<void> => {
    await startSimPeer(newHost(world, 1), made, { seeder: true });
    const events = { onError: (error: unknown) => (failure = error) };
    leecher = await startSimPeer(newHost(world, 100, 2_000_000), made, { events });
    leecher.torrent.addCandidates([at('10.1.0.1')]);
  };
  void boot();
  await world.run({ untilMs: 120_000, until: () => failure !== undefined });
  assert.instance(failure, AlliumError);
  assert.is((failure as AlliumError).code, 'NO_SPACE');
  assert.ok(leecher!.torrent.isStopped);
  assert.ok(leecher!.torrent.have.count <= 4, 'no piece is believed that did not fit');
  void leecher!.shard.close();
  await world.run({ forMs: 10_000 });
  leecher!.slab.assertAllReturned();
});

test('peers that lose power only cost time', async () => {
  const world = new SimWorld({ seed: 5 });
  const seeders: SimPeer[] = [];
  let leecher: SimPeer | undefined;
  const boot = async (): Promise<void> => {
    for (let index = 1; index <= 3; index++)
      seeders.push(await startSimPeer(newHost(world, index), made, { seeder: true }));
    leecher = await startSimPeer(newHost(world, 100), made);
    leecher.torrent.addCandidates(['10.1.0.1', '10.1.0.2', '10.1.0.3'].map(at));
  };
  void boot();
  await world.run({ forMs: 500 });
  seeders[0]!.host.crash();
  await world.run({ forMs: 300 });
  seeders[1]!.host.crash();
  await world.run({ untilMs: 400_000, until: () => leecher!.torrent.picker.isDone });
  assert.ok(leecher!.torrent.picker.isDone);
  assert.ok(leecher!.torrent.have.isFull);
});

test('a slab of two pieces is enough, and a smaller one is refused with advice', async () => {
  const world = new SimWorld({ seed: 6 });
  let leecher: SimPeer | undefined;
  let refused: unknown;
  const boot = async (): Promise<void> => {
    for (let index = 1; index <= 4; index++)
      await startSimPeer(newHost(world, index), made, { seeder: true });
    leecher = await startSimPeer(newHost(world, 100), made, { slotCount: 64 });
    leecher.torrent.addCandidates(['10.1.0.1', '10.1.0.2', '10.1.0.3', '10.1.0.4'].map(at));
    await startSimPeer(newHost(world, 101), made, { slotCount: 48 }).catch(
      (error: unknown) => (refused = error),
    );
  };
  void boot();
  await world.run({
    untilMs: 200_000,
    until: () => leecher?.torrent.picker.isDone === true && refused !== undefined,
  });
  assert.ok(leecher!.torrent.have.isFull);
  assert.is((refused as AlliumError).code, 'SLAB_FULL');
  assert.match((refused as AlliumError).advice, /MiB/);
});

test('strangers that say nothing, or something else, are let go', async () => {
  const world = new SimWorld({ seed: 7 });
  let seeder: SimPeer | undefined;
  const boot = async (): Promise<void> => {
    seeder = await startSimPeer(newHost(world, 1), made, { seeder: true });
    const stranger = newHost(world, 50).runtime.network;
    const handler: StreamHandler = {
      onOpen() {},
      readTarget: () => new Uint8Array(100),
      onRead() {},
      onDrain() {},
      onClose() {},
    };
    stranger.connect(at('10.1.0.1'), handler, { timeoutMs: 5_000 });
    const talker = stranger.connect(
      at('10.1.0.1'),
      { ...handler, onOpen: () => talker.write(Buffer.from('GET / HTTP/1.1\r\n\r\n')) },
      { timeoutMs: 5_000 },
    );
    const foreign = Buffer.concat([
      Buffer.from('\x13BitTorrent protocol'),
      Buffer.alloc(8),
      Buffer.alloc(40, 1),
    ]);
    const other = stranger.connect(
      at('10.1.0.1'),
      { ...handler, onOpen: () => other.write(foreign) },
      { timeoutMs: 5_000 },
    );
  };
  void boot();
  await world.run({ forMs: 60_000 });
  assert.equal(Object.fromEntries(seeder!.shard.closeReasons), {
    'bad-handshake': 1,
    'unknown-torrent': 1,
    'handshake-timeout': 1,
  });
  assert.is(seeder!.shard.connectionCount, 0);
});

test.run();
