// Aim: files can be chosen and dropped while a torrent runs, and pieces that two files share follow the one that is
// wanted; how many peers are connected and served can change while they are. A failure prints its seed.
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { makeTorrent } from '../support/make-torrent.ts';
import { hasContent, SIM_PORT, SIM_ROOT, type SimPeer, startSimPeer } from '../support/sim-peer.ts';

const test = suite('choice of files and peers');
const SEED = 11;
// The second piece holds the end of the first file and the beginning of the second.
const made = makeTorrent({ name: 'chosen', pieceLength: 65536, fileBytes: [100_000, 500_000, 300_000] });

async function start(counts: { readonly seeds: number; readonly leeches: number }) {
  const world = new SimWorld({ seed: SEED });
  const peers: SimPeer[] = [];
  const events: string[] = [];
  const boot = async (): Promise<void> => {
    for (let index = 0; index < counts.seeds + counts.leeches; index++) {
      const host = world.host({
        address: `10.2.0.${index + 1}`,
        access: { latencyMs: 10 },
        upBytesPerSec: 500_000,
      });
      const seeder = index < counts.seeds;
      const told = { onDone: () => events.push('done'), onUndone: () => events.push('undone') };
      peers.push(await startSimPeer(host, made, { seeder, events: seeder ? {} : told }));
    }
  };
  void boot();
  await world.run({ until: () => peers.length === counts.seeds + counts.leeches, forMs: 10_000 });
  const endpoints = peers.slice(0, counts.seeds).map(({ host }) => ({ host: host.address, port: SIM_PORT }));
  return {
    world,
    events,
    seeds: peers.slice(0, counts.seeds),
    leeches: peers.slice(counts.seeds),
    endpoints,
  };
}

test('only what is wanted is fetched, and more when more is wanted', async () => {
  const { world, events, leeches, endpoints } = await start({ seeds: 2, leeches: 1 });
  const { torrent, host } = leeches[0]!;
  torrent.choose(Uint8Array.of(2, 0, 0));
  assert.is(torrent.files.wantedBytes, 100_000);
  torrent.addCandidates(endpoints);
  await world.run({ until: () => torrent.picker.isDone, forMs: 30_000 });
  assert.equal(events, ['done'], `seed ${SEED}`);
  assert.is(torrent.files.doneBytes, 100_000);
  assert.is(torrent.have.count, 2);
  let third: unknown = 'not asked';
  void host.runtime.files.stat(join(SIM_ROOT, 'chosen/f002')).then((stat) => {
    third = stat;
  });
  await world.run({ forMs: 20_000 });
  assert.is(third, undefined, 'a file that is not wanted does not come into being');
  assert.is(torrent.have.count, 2, 'nothing else is fetched');

  torrent.choose(Uint8Array.of(2, 0, 3));
  assert.equal(events, ['done', 'undone']);
  assert.is(torrent.files.wantedBytes, 400_000);
  await world.run({ until: () => torrent.picker.isDone, forMs: 30_000 });
  assert.equal(events, ['done', 'undone', 'done'], `seed ${SEED}`);
  assert.is(torrent.files.doneBytes, 400_000);
  assert.not(torrent.have.isFull);

  torrent.choose(new Uint8Array(0));
  let same = false;
  await world.run({ until: () => torrent.have.isFull, forMs: 60_000 });
  void hasContent(host, made).then((is) => {
    same = is;
  });
  await world.run({ forMs: 1_000 });
  assert.ok(same, `seed ${SEED}`);
});

test('what is under way is given up when its file is dropped, and the torrent is done', async () => {
  const { world, events, leeches, endpoints } = await start({ seeds: 1, leeches: 1 });
  const { torrent, slab, shard } = leeches[0]!;
  torrent.addCandidates(endpoints);
  await world.run({ until: () => torrent.have.count > 0, forMs: 30_000 });
  torrent.choose(Uint8Array.of(0, 0, 0));
  assert.equal(events, ['done']);
  assert.is(torrent.files.wantedBytes, 0);
  await world.run({ forMs: 5_000 });
  const { count } = torrent.have;
  assert.ok(count < made.metainfo.pieceCount, 'not everything had come');
  await world.run({ forMs: 5_000 });
  assert.is(torrent.have.count, count);
  void shard.close();
  await world.run({ forMs: 5_000 });
  slab.assertAllReturned();
});

test('a higher wish is fetched first, and sequence is kept where it is asked for', async () => {
  const { world, leeches, endpoints } = await start({ seeds: 1, leeches: 1 });
  const { torrent } = leeches[0]!;
  const order: number[] = [];
  torrent.listeners.add({ onPiece: (piece) => order.push(piece), onStopped: () => order.push(-1) });
  torrent.picker.sequential = true;
  torrent.choose(Uint8Array.of(1, 2, 3));
  torrent.addCandidates(endpoints);
  await world.run({ until: () => torrent.have.isFull, forMs: 60_000 });
  const { pieceCount } = made.metainfo;
  const thirdFrom = Math.floor(600_000 / 65536);
  const expected = [
    ...Array.from({ length: pieceCount - thirdFrom }, (_, index) => thirdFrom + index),
    ...Array.from({ length: thirdFrom - 1 }, (_, index) => 1 + index),
    0,
  ];
  // What came before was allowed fast (BEP 6), while this side was choked.
  const fast = order.slice(0, order.indexOf(thirdFrom));
  assert.ok(fast.length < 5);
  assert.equal(
    order.slice(fast.length),
    expected.filter((piece) => !fast.includes(piece)),
    `seed ${SEED}`,
  );
  void torrent.stop();
  assert.is(order.at(-1), -1);
});

test('peers too many are let go, and those that have least of the upload are choked', async () => {
  const { world, seeds, leeches } = await start({ seeds: 1, leeches: 6 });
  const { torrent, host, shard } = seeds[0]!;
  for (const leech of leeches) leech.torrent.addCandidates([{ host: host.address, port: SIM_PORT }]);
  const served = () => [...torrent.peers.values()].filter(({ connection }) => !connection.amChoking).length;
  await world.run({ forMs: 600 });
  assert.is(torrent.peers.size, 6);
  assert.is(served(), 4);
  torrent.setRoom({ uploadSlots: 2 });
  assert.is(served(), 2);
  torrent.setRoom({ uploadSlots: 5 });
  assert.is(served(), 5);
  torrent.setRoom({ peersMax: 3 });
  await world.run({ forMs: 600 });
  assert.is(torrent.peers.size, 3);
  shard.setConnectionsMax(1);
  await world.run({ forMs: 600 });
  assert.is(shard.connectionCount, 1);
  assert.is(torrent.peers.size, 1);
});

test.run();
