// Aim: what lies ahead of a reader is fetched first, also after a jump; a slow peer that holds the next piece does not
// hold up the reader; who stops the torrent or waits in vain hears of it. A failure prints its seed.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fileIndex } from '../../../engine/bittorrent/units.ts';
import { AlliumError } from '../../../engine/codec/error.ts';
import { FileReader } from '../../../engine/node/stream/file-reader.ts';
import { STREAM_DEFAULTS } from '../../../engine/node/stream/stream-desk.ts';
import { TorrentReaders } from '../../../engine/node/stream/torrent-readers.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { makeTorrent } from '../../bittorrent/support/make-torrent.ts';
import { SIM_PORT, type SimPeer, startSimPeer } from '../../bittorrent/support/sim-peer.ts';

const test = suite('readers of a download');
const SEED = 9;
const PIECE = 262_144;
const made = makeTorrent({ name: 'film', pieceLength: PIECE, fileBytes: [100_000, 24_000_000] });
const film = made.content.get('film/f001')!;

/** Seeds with these upload rates, and a leech that knows them. */
async function start(rates: readonly number[], seed = SEED) {
  const world = new SimWorld({ seed });
  const peers: SimPeer[] = [];
  const boot = async (): Promise<void> => {
    for (const [index, upBytesPerSec] of [...rates, 1_000_000].entries()) {
      const host = world.host({ address: `10.4.0.${index + 1}`, upBytesPerSec, access: { latencyMs: 15 } });
      peers.push(await startSimPeer(host, made, { seeder: index < rates.length }));
    }
  };
  void boot();
  await world.run({ until: () => peers.length > rates.length, forMs: 60_000 });
  const leech = peers.at(-1)!;
  leech.torrent.addCandidates(peers.slice(0, -1).map(({ host }) => ({ host: host.address, port: SIM_PORT })));
  const readers = new TorrentReaders({ torrent: leech.torrent });
  const { clock } = leech.host.runtime;
  let closed = 0;
  const read = (from: number, to = film.length) =>
    new FileReader(
      { file: fileIndex(1), start: from, end: to, ...STREAM_DEFAULTS },
      { readers, clock, onClose: () => closed++ },
    );
  return { world, leech, readers, read, closedCount: () => closed };
}

/** Reads on until there are `byteLength` bytes, in virtual time; how long it took, and what came. */
async function take(world: SimWorld, reader: FileReader, byteLength: number) {
  const parts: Uint8Array[] = [];
  let count = 0;
  let failure: unknown;
  const begunMs = world.nowMs;
  const run = async (): Promise<void> => {
    while (count < byteLength) {
      const bytes = await reader.next();
      if (bytes === undefined) break;
      parts.push(bytes);
      count += bytes.length;
    }
  };
  let isOver = false;
  void run()
    .catch((error: unknown) => {
      failure = error;
    })
    .then(() => {
      isOver = true;
    });
  await world.run({ until: () => isOver, forMs: 400_000 });
  return { bytes: Buffer.concat(parts), tookMs: world.nowMs - begunMs, failure };
}

test('reading begins long before the download is over, and a jump to the end is answered at once', async () => {
  const { world, leech, readers, read, closedCount } = await start([1_000_000, 1_000_000]);
  const reader = read(0);
  const first = await take(world, reader, 2_000_000);
  assert.is(Buffer.compare(first.bytes, film.subarray(0, first.bytes.length)), 0, `seed ${SEED}`);
  assert.ok(first.tookMs < 6_000, `the first bytes took ${first.tookMs} ms`);
  const tail = read(film.length - 500_000);
  const last = await take(world, tail, 500_000);
  assert.is(Buffer.compare(last.bytes, film.subarray(-500_000)), 0);
  assert.ok(last.tookMs < 4_000, `the end took ${last.tookMs} ms`);
  assert.not(leech.torrent.picker.isDone);
  assert.is(closedCount(), 1, 'who is at the end is closed');
  const rest = await take(world, reader, film.length);
  assert.is(Buffer.compare(rest.bytes, film.subarray(first.bytes.length)), 0);
  assert.is(await reader.next(), undefined);
  assert.is(readers.count, 0);
  assert.is(leech.torrent.listeners.size, 0);
  assert.equal([leech.torrent.picker.urgent, leech.torrent.picker.late], [[], []]);
});

test('a peer that is slow with the next piece is overtaken', async () => {
  const { world, read } = await start([4_000, 600_000]);
  const reader = read(0);
  const { bytes, tookMs } = await take(world, reader, 4_000_000);
  assert.is(Buffer.compare(bytes, film.subarray(0, bytes.length)), 0, `seed ${SEED}`);
  assert.ok(tookMs < 25_000, `${bytes.length} bytes took ${tookMs} ms`);
  reader.close();
});

test('stopped while it waits, closed while it waits, nobody there: each ends the reader with a reason', async () => {
  const codeOf = (failure: unknown) => (failure instanceof AlliumError ? failure.code : String(failure));
  const lonely = await start([]);
  const waited = await take(lonely.world, lonely.read(0), 1);
  assert.is(codeOf(waited.failure), 'NETWORK_FAILED');
  assert.is(Math.round(waited.tookMs / 1000), STREAM_DEFAULTS.patienceMs / 1000);

  const left = lonely.read(0);
  lonely.leech.host.runtime.clock.setTimer(5_000, () => left.close());
  assert.is(codeOf((await take(lonely.world, left, 1)).failure), 'INTERRUPTED');
  assert.is(codeOf((await take(lonely.world, left, 1)).failure), 'INTERRUPTED', 'and remains so');

  const stopped = lonely.read(0);
  lonely.leech.host.runtime.clock.setTimer(5_000, () => void lonely.leech.torrent.stop());
  const result = await take(lonely.world, stopped, 1);
  assert.is(codeOf(result.failure), 'NOT_FOUND');
  assert.is(Math.round(result.tookMs / 1000), 5);
  assert.is(codeOf((await take(lonely.world, lonely.read(0), 1)).failure), 'NOT_FOUND');
  assert.is(lonely.closedCount(), 4);
  assert.is(lonely.readers.count, 0);
});

test.run();
