// Aim: what is shown of a running torrent is what its peers, pieces, files and trackers really are. A failure prints
// its seed.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeBencode } from '../../../engine/codec/bencode.ts';
import { Announcer } from '../../../engine/discovery/tracker/announcer.ts';
import { createTrackerTransports } from '../../../engine/discovery/tracker/transports.ts';
import {
  availabilityOf,
  fetchingPieces,
  fileDetails,
  peerCounts,
  peerDetails,
  swarmCounts,
  trackerDetails,
} from '../../../engine/node/library/live-details.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { makeTorrent } from '../../bittorrent/support/make-torrent.ts';
import { SIM_PORT, type SimPeer, startSimPeer } from '../../bittorrent/support/sim-peer.ts';

const test = suite('details of a running torrent');
const SEED = 3;
const made = makeTorrent({ name: 'shown', pieceLength: 65536, fileBytes: [100_000, 2_000_000, 300_000] });

test('peers, pieces and files of a download under way', async () => {
  const world = new SimWorld({ seed: SEED });
  const peers: SimPeer[] = [];
  const boot = async (): Promise<void> => {
    for (let index = 0; index < 3; index++) {
      const host = world.host({ address: `10.3.0.${index + 1}`, upBytesPerSec: 300_000 });
      const shard = { encryption: 'require' } as const;
      peers.push(await startSimPeer(host, made, { seeder: index === 0, shard }));
    }
  };
  void boot();
  await world.run({ until: () => peers.length === 3, forMs: 5_000 });
  const [seed, first, second] = peers as [SimPeer, SimPeer, SimPeer];
  first.torrent.addCandidates([{ host: seed.host.address, port: SIM_PORT }]);
  second.torrent.addCandidates([{ host: first.host.address, port: SIM_PORT }]);
  await world.run({ forMs: 3_000 });
  const { torrent } = first;
  const nowMs = first.host.runtime.clock.now();
  const shown = peerDetails(torrent, nowMs);
  const [from, to] = [
    shown.find(({ host }) => host === '10.3.0.1')!,
    shown.find(({ incoming }) => incoming)!,
  ];
  assert.is(shown.length, 2, `seed ${SEED}`);
  assert.is(from.port, SIM_PORT);
  assert.is(from.transport, 'tcp');
  assert.is(from.encrypted, true);
  assert.is(from.incoming, false);
  assert.is(from.progress, 1);
  assert.is(from.amInterested, true);
  assert.is(from.peerChoking, false);
  assert.is(from.downloadedBytes, torrent.downRate.totalBytes);
  assert.ok(from.downBytesPerSec > 200_000 && from.downBytesPerSec < 350_000, `${from.downBytesPerSec}`);
  assert.is(from.uploadedBytes, 0);
  assert.is(to.host, '10.3.0.3');
  assert.is(to.peerInterested, true);
  assert.is(to.amChoking, false);
  assert.ok(to.uploadedBytes > 0 && to.progress > 0 && to.progress < 1);
  assert.equal(peerCounts(torrent), { peerCount: 2, seedCount: 1, servedCount: 1, servingCount: 1 });

  const availability = availabilityOf(torrent);
  for (const piece of second.torrent.have.pieces()) assert.is(availability[piece], 2);
  assert.is(Math.min(...availability), 1);
  const fetching = fetchingPieces(torrent);
  assert.ok(fetching.length > 0);
  assert.ok(fetching.every((piece) => !torrent.have.has(piece)));
  const files = fileDetails(torrent, torrent.have, Uint8Array.of(2, 0));
  assert.equal(
    files.map(({ index, path, byteLength, wish }) => ({ index, path, byteLength, wish })),
    [
      { index: 0, path: 'shown/f000', byteLength: 100_000, wish: 2 },
      { index: 1, path: 'shown/f001', byteLength: 2_000_000, wish: 0 },
      { index: 2, path: 'shown/f002', byteLength: 300_000, wish: 2 },
    ],
  );
  assert.is(
    files.reduce((sum, { doneBytes }) => sum + doneBytes, 0),
    torrent.files.doneBytes,
  );
  assert.equal([files[1]!.firstPiece, files[1]!.endPiece], [1, 33]);
  void torrent.stop();
  assert.is(availabilityOf(torrent).length, 0);
});

test('each tracker by itself, with what it said and when it is asked again', async () => {
  const world = new SimWorld({ seed: SEED });
  const { runtime } = world.host({ address: '10.0.0.1' });
  const answer = (fields: Parameters<typeof encodeBencode>[0]) => () => ({
    status: 200,
    body: encodeBencode(fields),
  });
  world.serveHttp('bad', answer({ 'failure reason': 'not today' }));
  const peers = Uint8Array.of(10, 0, 0, 2, 26, 225);
  world.serveHttp(
    'good',
    answer({ interval: 1800, complete: 7, incomplete: 3, peers, 'warning message': 'slow down' }),
  );
  const tiers = [['http://bad/announce'], ['http://good/announce'], ['http://spare/announce']];
  const announcers = [7, 8].map(
    (byte) =>
      new Announcer(
        { tiers, infoHash: new Uint8Array(20).fill(byte), peerId: new Uint8Array(20), port: 1 },
        {
          runtime,
          totals: () => ({ uploaded: 0, downloaded: 0, left: 1 }),
          onPeers: () => {},
          transports: createTrackerTransports(runtime).announce,
        },
      ),
  );
  const shown = () =>
    trackerDetails(
      announcers.map(({ status }) => status),
      runtime.clock,
    );
  assert.equal(
    shown().map(({ state, seeds, lastAnnounceMs }) => [state, seeds, lastAnnounceMs]),
    [
      ['idle', -1, 0],
      ['idle', -1, 0],
      ['idle', -1, 0],
    ],
  );
  assert.equal(swarmCounts(announcers.map(({ status }) => status)), { swarmSeeds: -1, swarmLeechers: -1 });
  for (const announcer of announcers) announcer.start();
  await world.run({ forMs: 60_000 });
  const [bad, good, spare] = shown();
  assert.is(bad!.state, 'failed');
  assert.match(bad!.message, 'not today');
  assert.is(good!.state, 'working');
  assert.is(good!.message, 'slow down');
  assert.equal(
    [good!.tier, good!.seeds, good!.leechers, good!.downloads, good!.peersGiven],
    [1, 7, 3, -1, 1],
  );
  assert.ok(good!.lastAnnounceMs > 0 && good!.lastAnnounceMs <= runtime.clock.wallClock());
  const nextInMs = good!.nextAnnounceMs - runtime.clock.wallClock();
  assert.ok(nextInMs > 1_730_000 && nextInMs <= 1_800_000, `${nextInMs}`);
  assert.equal([bad!.nextAnnounceMs, spare!.nextAnnounceMs, spare!.state], [0, 0, 'idle']);
  assert.equal(swarmCounts(announcers.map(({ status }) => status)), { swarmSeeds: 7, swarmLeechers: 3 });
});

test.run();
