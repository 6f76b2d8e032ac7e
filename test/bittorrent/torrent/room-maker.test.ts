/**
 * Aim: in a full torrent a newcomer of higher canonical priority takes the place of the lowest (BEP 40), but never that
 * of a peer that moves data or is new, and not many at once.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { peerPriority } from '../../../engine/bittorrent/peer-priority.ts';
import { RoomMaker } from '../../../engine/bittorrent/torrent/room-maker.ts';
import type { TorrentPeer } from '../../../engine/bittorrent/torrent/torrent-peer.ts';

const test = suite('BEP 40: room for a newcomer');
const OWN = { host: '80.1.2.3', port: 6881 };
const HOSTS = Array.from({ length: 12 }, (_, index) => `${20 + index * 9}.7.${index}.5`);
/** By rising priority. */
const ranked = HOSTS.map((host) => ({ host, port: 6881 })).sort(
  (a, b) => peerPriority(OWN, a) - peerPriority(OWN, b),
);

interface Words {
  readonly rate?: number;
  readonly ageMs?: number;
  readonly web?: boolean;
}

/** A torrent with peers of the ranks 1 to 10; rank 0 and 11 are outside. */
function setUp(words: (rank: number) => Words = () => ({}), isKnown = true) {
  let nowMs = 1_000_000;
  const closed: number[] = [];
  const peers = new Map<number, TorrentPeer>();
  for (let rank = 1; rank <= 10; rank++) {
    const { rate = 0, ageMs = 120_000, web = false } = words(rank);
    const connection = {
      remote: ranked[rank],
      transport: web ? 'web' : 'tcp',
      closed: false,
      close() {
        closed.push(rank);
        peers.delete(rank);
      },
    };
    const meter = { bytesPerSec: () => rate };
    const peer = { connection, connectedAtMs: nowMs - ageMs, downRate: meter, upRate: meter };
    peers.set(rank, peer as unknown as TorrentPeer);
  }
  const room = new RoomMaker({
    clock: { now: () => nowMs } as never,
    peers,
    own: () => (isKnown ? OWN : undefined),
  });
  return {
    closed,
    come: (rank: number) => room.make(ranked[rank]!),
    wait(ms: number) {
      nowMs += ms;
    },
  };
}

test('the lowest goes for one that is higher; one that is lower than all is not taken', () => {
  const { closed, come, wait } = setUp();
  assert.not.ok(come(0));
  assert.ok(come(11));
  assert.equal(closed, [1]);
  wait(10_000);
  assert.not.ok(come(1), 'what had to go does not come back');
});

test('one in ten seconds, however many come', () => {
  const { closed, come, wait } = setUp();
  for (let round = 0; round < 100; round++) {
    come(11);
    wait(500);
  }
  assert.equal(closed, [1, 2, 3, 4, 5]);
});

test('peers that move data, new ones and web seeds stay', () => {
  const { closed, come, wait } = setUp((rank) =>
    rank === 1 ? { rate: 1 } : rank === 2 ? { ageMs: 59_000 } : rank === 3 ? { web: true } : {},
  );
  assert.ok(come(11));
  assert.equal(closed, [4]);
  wait(10_000);
  assert.ok(come(11));
  assert.equal(closed, [4, 2], 'it has had its time');
});

test('nobody goes while this node does not know how others see it', () => {
  const { come } = setUp(() => ({}), false);
  assert.not.ok(come(11));
});

test.run();
