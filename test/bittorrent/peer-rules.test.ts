// Aim: canonical peer priority gives the numbers of BEP 40, peer ids name the programs of BEP 20, and super-seeding
// (BEP 16) shows each piece once before any twice and goes on only when a piece has travelled.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { clientOf } from '../../engine/bittorrent/peer-id.ts';
import { peerPriority } from '../../engine/bittorrent/peer-priority.ts';
import { SuperSeed } from '../../engine/bittorrent/super-seed.ts';
import { PeerPool } from '../../engine/bittorrent/torrent/peer-pool.ts';
import { type PieceIndex, pieceIndex } from '../../engine/bittorrent/units.ts';
import { seededRandom } from './support/seeded-random.ts';

const test = suite('rules about peers');

test('BEP 40: the vectors, and the same seen from both ends', () => {
  const at = (host: string, port = 1) => ({ host, port });
  assert.is(peerPriority(at('123.213.32.10'), at('98.76.54.32')), 0xec2d7224);
  assert.is(peerPriority(at('98.76.54.32'), at('123.213.32.10')), 0xec2d7224);
  assert.is(peerPriority(at('123.213.32.10'), at('123.213.32.234')), 0x99568189);
  assert.is(
    peerPriority(at('1.2.3.4', 5), at('1.2.3.4', 6)),
    peerPriority(at('1.2.3.4', 6), at('1.2.3.4', 5)),
  );
  assert.is(peerPriority(at('1.2.3.4'), at('::1')), 0);
  assert.is(peerPriority(at('name'), at('1.2.3.4')), 0);
  const [a, b] = [at('2001:db8:1:2::3'), at('2001:db8:9:2::3')];
  assert.is(peerPriority(a, b), peerPriority(b, a));
  assert.is.not(peerPriority(a, b), 0);
});

test('BEP 40: who is dialled first', () => {
  const pool = new PeerPool({ candidatesMax: 10, bannedMax: 10 });
  const own = { host: '123.213.32.10', port: 6881 };
  const all = ['98.76.54.32', '5.6.7.8', '77.1.2.3'].map((host) => ({ host, port: 1 }));
  for (const endpoint of all) pool.add(endpoint);
  const expected = [...all].sort((a, b) => peerPriority(own, b) - peerPriority(own, a));
  assert.equal([pool.next(0, own), pool.next(0, own), pool.next(0, own)], expected);
});

test('BEP 20: names of clients', () => {
  const id = (text: string): Uint8Array => Buffer.from(text.padEnd(20, 'x'), 'latin1');
  assert.is(clientOf(id('-qB4630-')), 'qBittorrent 4.6.3');
  assert.is(clientOf(id('-TR4050-')), 'Transmission 4.0.5');
  assert.is(clientOf(id('-lt0D80-')), 'libTorrent (rakshasa) 0.13.8');
  assert.is(clientOf(id('A2-1-37-0-')), 'aria2 1.37.0');
  assert.is(clientOf(id('M7-10-5--')), 'BitTorrent 7.10.5');
  assert.is(clientOf(id('-ZZ1234-')), '');
  assert.is(clientOf(new Uint8Array(20)), '');
  assert.is(clientOf(new Uint8Array(3)), '');
});

test('BEP 16: pieces go out once before any goes out twice', () => {
  const seed = new SuperSeed({ pieceCount: 8 }, { random: seededRandom(3) });
  const shown = [1, 2, 3, 4, 5, 6, 7, 8].map((peer) => seed.next(peer, () => false));
  assert.is(new Set(shown).size, 8);
});

test('BEP 16: a peer sees the next piece when somebody else has the one it was shown', () => {
  const seed = new SuperSeed({ pieceCount: 4 }, { random: seededRandom(1) });
  const first = seed.next(1, () => false)!;
  assert.equal(seed.onHave(1, first, false), [], 'having it is not enough');
  assert.equal(seed.onHave(2, first, false), [1]);
  const had = new Set<PieceIndex>([first]);
  const second = seed.next(1, (piece) => had.has(piece))!;
  assert.is.not(second, first);
  assert.equal(seed.onHave(1, second, true), [1], 'alone it would wait for ever');
  seed.gone(1);
  assert.equal(seed.onHave(2, second, false), []);
  assert.is(
    seed.next(3, () => true),
    undefined,
  );
  assert.ok(seed.next(3, (piece) => piece !== pieceIndex(0)) === 0);
});

test('a torrent of empty files alone has nothing to show (BEP 16)', () => {
  const below = (bound: number): number => {
    if (bound < 1) throw new RangeError(`bound ${bound}`);
    return 0;
  };
  const seed = new SuperSeed(
    { pieceCount: 0 },
    { random: { below, bytes: (length) => new Uint8Array(length) } },
  );
  assert.is(
    seed.next(1, () => false),
    undefined,
  );
});

test.run();
