// Aim: the peer that sent a bad block is found and banned, only that peer, however many helped and however often the
// piece failed; what is remembered is bounded.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type BlockSource, SMART_BAN_DEFAULTS, SmartBan } from '../../engine/bittorrent/smart-ban.ts';
import { pieceIndex } from '../../engine/bittorrent/units.ts';
import { seededRandom } from './support/seeded-random.ts';

const test = suite('smart ban');
const piece = pieceIndex(7);

function digest(text: string): Uint8Array {
  return createHash('sha1').update(text).digest();
}

/** `peers[i]` sent block i, rightly or not. */
function blocks(peers: readonly number[], bad: readonly number[] = []): BlockSource[] {
  return peers.map((peer, block) => ({
    peer,
    digest: digest(bad.includes(block) ? `bad ${block}` : `good ${block}`),
  }));
}

const good = (block: number): Uint8Array => digest(`good ${block}`);

test('only the peer whose block differed is banned', () => {
  const ban = new SmartBan();
  assert.equal(ban.pieceFailed(piece, blocks([1, 2, 3, 1], [1])), { ban: [], parole: [], acquit: [] });
  assert.ok(ban.isOfInterest(piece));
  assert.equal(ban.pieceVerified(piece, [4, 4, 1, 3], good).ban, [2]);
  assert.not(ban.isOfInterest(piece));
  assert.is(ban.blockCount, 0);
});

test('several bad peers over several failures are all found', () => {
  const ban = new SmartBan({ paroleAfter: 9 });
  ban.pieceFailed(piece, blocks([1, 2, 3], [0]));
  ban.pieceFailed(piece, blocks([4, 5, 6], [2]));
  ban.pieceFailed(piece, blocks([3, 5, 7], [1]));
  assert.equal(ban.pieceVerified(piece, [2, 4, 7], good).ban, [1, 6, 5]);
});

test('a peer that sent all blocks of a bad piece is banned at once', () => {
  const ban = new SmartBan();
  assert.equal(ban.pieceFailed(piece, blocks([5, 5, 5], [1])).ban, [5]);
  assert.is(ban.blockCount, 0);
});

test('a peer with a part in too many failed pieces comes on parole, and a good piece of its own ends it', () => {
  const ban = new SmartBan();
  assert.equal(ban.pieceFailed(pieceIndex(1), blocks([1, 2], [0])).parole, []);
  assert.equal(ban.pieceFailed(pieceIndex(2), blocks([1, 3], [0])).parole, [1]);
  assert.equal(ban.pieceFailed(pieceIndex(3), blocks([1, 4], [0])).parole, [], 'it is on parole already');
  assert.ok(ban.isOfInterest(pieceIndex(9)));
  assert.equal(ban.pieceVerified(pieceIndex(9), [1, 2], good).acquit, [], 'not all by itself');
  assert.equal(ban.pieceVerified(pieceIndex(9), [1, 1], good).acquit, [1]);
  assert.equal(ban.pieceVerified(pieceIndex(9), [1, 1], good).acquit, []);
  assert.not(ban.isOfInterest(pieceIndex(9)));
});

test('digests are asked for only where they matter', () => {
  const ban = new SmartBan();
  const none = (): Uint8Array => {
    throw new Error('asked');
  };
  assert.equal(ban.pieceVerified(piece, [1, 2], none).ban, []);
  ban.pieceFailed(piece, blocks([1, 1, 2], [0]));
  const asked: number[] = [];
  ban.pieceVerified(piece, [3, 3, 3], (block) => {
    asked.push(block);
    return good(block);
  });
  assert.equal(asked, [0, 2], 'peer 1 is guilty by its first block');
});

test('no more blocks are remembered than allowed: the oldest pieces are forgotten', () => {
  const ban = new SmartBan({ blocksMax: 10 });
  for (let index = 0; index < 100; index++) {
    ban.pieceFailed(pieceIndex(index), blocks([1, 2, 3], [0]));
    assert.ok(ban.blockCount <= 10);
  }
  assert.equal(ban.pieceVerified(pieceIndex(3), [4], good).ban, []);
  assert.equal(ban.pieceVerified(pieceIndex(99), [4], good).ban, [1]);
  const one = new SmartBan({ blocksMax: 2 });
  one.pieceFailed(piece, blocks([1, 2, 3], [0]));
  assert.is(one.blockCount, 0, 'a piece too large is not remembered');
  for (let turn = 0; turn < 50; turn++) ban.pieceFailed(piece, blocks([1, 2, 3], [0]));
  assert.ok(ban.blockCount <= 10, 'nor the same piece without end');
});

test('no more peers are counted than allowed', () => {
  const ban = new SmartBan({ peersMax: 4, blocksMax: 0 });
  ban.pieceFailed(piece, blocks([1, 2], [0]));
  ban.pieceFailed(piece, blocks([3, 4], [0]));
  ban.pieceFailed(piece, blocks([5, 6], [0]));
  assert.equal(ban.pieceFailed(piece, blocks([1, 6], [0])).parole, [6], 'peer 1 was forgotten');
  assert.is(SMART_BAN_DEFAULTS.peersMax, 1024);
});

test('in any history no good peer is banned and no bad one of the last failures escapes', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 5 }), (seed, failures) => {
      const random = seededRandom(seed);
      const ban = new SmartBan({ paroleAfter: 1000 });
      const guilty = new Set<number>();
      for (let turn = 0; turn < failures; turn++) {
        const peers = Array.from({ length: 12 }, () => random.below(8));
        // Peers 0 to 3 are bad now and then, the others never.
        const bad = peers.flatMap((peer, block) => (peer < 4 && random.below(3) === 0 ? [block] : []));
        if (bad.length === 0 || new Set(peers).size === 1) continue;
        ban.pieceFailed(piece, blocks(peers, bad));
        for (const block of bad) guilty.add(peers[block]!);
      }
      const judged = ban.pieceVerified(piece, [9], good).ban;
      assert.equal([...judged].sort(), [...guilty].sort());
    }),
    { numRuns: 300 },
  );
});

test.run();
