// Aim: addresses are dialled new ones first, failed ones later and later, banned ones never; nothing grows beyond
// its bound.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PeerPool } from '../../../engine/bittorrent/torrent/peer-pool.ts';

const test = suite('peer pool');
const at = (index: number) => ({ host: `10.0.${index >> 8}.${index & 255}`, port: 6881 });
const id = (byte: number) => new Uint8Array(20).fill(byte);

test('an address is handed out once until its connection has ended', () => {
  const pool = new PeerPool({ candidatesMax: 10, bannedMax: 10 });
  pool.add(at(1));
  pool.add(at(1));
  assert.is(pool.size, 1);
  assert.equal(pool.next(0), at(1));
  assert.is(pool.next(0), undefined);
  pool.closed(at(1), 1000);
  assert.is(pool.next(1000), undefined, 'not at once again');
  assert.equal(pool.next(7000), at(1));
});

test('an address that fails is tried later and later, and after others', () => {
  const pool = new PeerPool({ candidatesMax: 10, bannedMax: 10 });
  pool.add(at(1));
  let now = 0;
  const waits: number[] = [];
  for (let i = 0; i < 9; i++) {
    while (pool.next(now) === undefined) now += 1000;
    waits.push(now);
    pool.failed(at(1), now);
  }
  const gaps = waits.slice(1).map((time, i) => time - waits[i]!);
  assert.equal(
    gaps,
    [5, 10, 20, 40, 80, 160, 320, 600].map((seconds) => seconds * 1000),
  );
  pool.add(at(2));
  assert.equal(pool.next(now + 3_600_000), at(2));
});

test('candidates are bounded: failed ones make room, good ones do not', () => {
  const pool = new PeerPool({ candidatesMax: 3, bannedMax: 10 });
  for (let i = 1; i <= 3; i++) pool.add(at(i));
  pool.add(at(4));
  assert.is(pool.size, 3);
  const failing = pool.next(0)!;
  pool.failed(failing, 0);
  pool.add(at(4));
  assert.is(pool.size, 3);
  const left = new Set([pool.next(1e9), pool.next(1e9), pool.next(1e9)].map((endpoint) => endpoint?.host));
  assert.not.ok(left.has(failing.host));
  assert.ok(left.has(at(4).host));
});

test('the last three peers that told of an address are remembered; one that is to be called now is claimed once', () => {
  const pool = new PeerPool({ candidatesMax: 10, bannedMax: 10 });
  for (const teller of [2, 3, 4, 5, 4]) pool.add(at(1), at(teller));
  pool.add(at(1));
  assert.equal(pool.introducersOf(at(1)), [at(3), at(5), at(4)]);
  assert.equal(pool.introducersOf(at(9)), []);
  assert.ok(pool.claim(at(1)) && pool.claim(at(9)), 'known or not');
  assert.not.ok(pool.claim(at(1)), 'it is being called');
  pool.ban(at(8), id(8));
  assert.not.ok(pool.claim(at(8)));
});

test('addresses nobody can dial are not taken', () => {
  const pool = new PeerPool({ candidatesMax: 3, bannedMax: 10 });
  pool.add({ host: '10.0.0.1', port: 0 });
  pool.add({ host: '10.0.0.1', port: 65_536 });
  assert.is(pool.size, 0);
});

test('a ban holds for a host, on the loopback for one peer id; the oldest is lifted beyond the bound', () => {
  const pool = new PeerPool({ candidatesMax: 10, bannedMax: 2 });
  pool.add(at(1));
  pool.ban(at(1), id(1));
  assert.is(pool.size, 0);
  pool.add({ host: at(1).host, port: 7000 });
  assert.is(pool.size, 0);
  assert.ok(pool.isBanned({ host: at(1).host, port: 1 }, id(9)));
  pool.ban({ host: '127.0.0.1', port: 5 }, id(2));
  assert.ok(pool.isBanned({ host: '127.0.0.1', port: 6 }, id(2)));
  assert.not.ok(pool.isBanned({ host: '127.0.0.1', port: 5 }, id(3)));
  pool.ban(at(3), id(3));
  assert.not.ok(pool.isBanned(at(1), id(1)), 'the oldest ban was lifted');
  assert.ok(pool.isBanned(at(3), id(0)));
});

test.run();
