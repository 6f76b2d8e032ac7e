/**
 * Aim: tokens, peers, items, rate limits and addresses keep their rules and their bounds: whatever a stranger can make
 * grow is filled to the end here.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ExternalAddress } from '../../../engine/discovery/dht/external-address.ts';
import { makeItem } from '../../../engine/discovery/dht/item.ts';
import { ItemStore } from '../../../engine/discovery/dht/item-store.ts';
import { KnownNodes, PlainIdIndex } from '../../../engine/discovery/dht/known-nodes.ts';
import { PeerStore } from '../../../engine/discovery/dht/peer-store.ts';
import { AddressRateLimit } from '../../../engine/discovery/dht/rate-limit.ts';
import { TOKEN_PERIOD_MS, TokenKeeper } from '../../../engine/discovery/dht/tokens.ts';
import { SimRandom } from '../../../engine/runtime/sim/chance.ts';
import { contact, id } from './support/ids.ts';

const stores = suite('DHT stores');
const random = new SimRandom(7, 'stores');
const A = Uint8Array.of(192, 0, 2, 1);
const B = Uint8Array.of(192, 0, 2, 2);
const compact = (n: number, port = 6881): Uint8Array =>
  Uint8Array.of(60 + (n >> 16), (n >> 8) & 255, n & 255, 1, port >> 8, port & 255);

stores('BEP 5: the secret changes every 5 minutes and a token is accepted for 10', () => {
  const keeper = new TokenKeeper({ nowMs: 0 }, { random });
  const token = keeper.tokenFor('192.0.2.1', A, 0);
  assert.ok(keeper.isValid(token, A, 0));
  assert.ok(keeper.isValid(token, A, TOKEN_PERIOD_MS + 1));
  assert.ok(keeper.isValid(token, A, 2 * TOKEN_PERIOD_MS - 1));
  assert.not.equal(keeper.tokenFor('192.0.2.1', A, 2 * TOKEN_PERIOD_MS - 1), token, 'a new secret');
  assert.not.ok(keeper.isValid(token, A, 2 * TOKEN_PERIOD_MS));
});

stores('BEP 5: a token is no good at another address, nor after a long sleep', () => {
  const keeper = new TokenKeeper({ nowMs: 0 }, { random });
  const token = keeper.tokenFor('192.0.2.1', A, 0);
  assert.not.ok(keeper.isValid(token, B, 0));
  assert.not.ok(keeper.isValid(new Uint8Array(0), A, 0));
  assert.not.ok(keeper.isValid(token.subarray(1), A, 0));
  assert.not.ok(keeper.isValid(token, A, 1e9));
});

stores('tokens remembered are bounded', () => {
  const keeper = new TokenKeeper({ nowMs: 0 }, { random });
  for (let i = 0; i < 5000; i++) keeper.tokenFor(`host ${i}`, compact(i).subarray(0, 4), 0);
  assert.ok(keeper.remembered <= 1024);
});

stores('peers: one entry for each address, the newest port, gone when not announced again', () => {
  const store = new PeerStore({ lifetimeMs: 1000 }, { random });
  store.announce(id(1), compact(1, 1000), false, 0);
  store.announce(id(1), compact(1, 2000), true, 500);
  assert.equal(store.sample(id(1), 9, false, 600), [compact(1, 2000)]);
  assert.is(store.peerCount, 1);
  assert.equal(store.sample(id(1), 9, false, 1500), []);
  assert.is(store.infoHashCount, 0);
});

stores('BEP 33: noseed prefers leechers; the filters count both kinds', () => {
  const store = new PeerStore({}, { random });
  for (let i = 0; i < 30; i++) store.announce(id(1), compact(i), i < 10, 0);
  const leechers = store.sample(id(1), 20, true, 0);
  assert.is(leechers.length, 20);
  assert.ok(leechers.every((peer) => peer[2]! >= 10));
  assert.is(store.sample(id(1), 25, true, 0).length, 25, 'seeders where there are not enough');
  const filters = store.filters(id(1), 0)!;
  assert.ok(filters.seeds.some((byte) => byte !== 0) && filters.peers.some((byte) => byte !== 0));
  assert.is(store.filters(id(2), 0), undefined);
});

stores('peers: bounds of a torrent, of all torrents and of all peers', () => {
  const store = new PeerStore({ infoHashesMax: 50, peersPerHashMax: 20, peersMax: 300 }, { random });
  for (let i = 0; i < 100; i++) store.announce(id(1), compact(i), false, 0);
  assert.is(store.peerCount, 20);
  assert.not.ok(store.hasRoom(id(1)), 'BEP 33: no token is given out');
  for (let i = 0; i < 1000; i++) {
    for (let n = 0; n < 5; n++) store.announce(id(2, i >> 8, i), compact(n), false, 0);
  }
  assert.ok(store.infoHashCount <= 50);
  assert.ok(store.peerCount <= 300);
  assert.is(store.sample(id(2, 3, 231), 9, false, 0).length, 5, 'the newest are there');
  assert.equal(store.sample(id(1), 9, false, 0), [], 'the one announced longest ago is not');
});

stores('BEP 51: a sample is of what is there, by chance', () => {
  const store = new PeerStore({}, { random });
  for (let i = 0; i < 100; i++) store.announce(id(1, i), compact(1), false, 0);
  const sample = store.sampleInfoHashes(20);
  assert.is(sample.length, 400);
  const set = new Set(Array.from({ length: 20 }, (_, at) => sample[at * 20 + 1]));
  assert.is(set.size, 20);
});

const seed = new Uint8Array(32).fill(3);
const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(`${value.length}:${value}`));
const signed = (sequence: number, value: string, salt = '') =>
  makeItem({ seed, salt: new Uint8Array(Buffer.from(salt)), sequence, value: text(value) });

stores('BEP 44: sequence numbers only go up, cas has to match, signatures have to be right', () => {
  const store = new ItemStore();
  assert.is(store.put(signed(5, 'five'), undefined, 0), undefined);
  assert.is(store.put(signed(4, 'four'), undefined, 0)?.code, 302);
  assert.is(store.put(signed(5, 'other'), undefined, 0)?.code, 302);
  assert.is(store.put(signed(5, 'five'), undefined, 0), undefined, 'the same again keeps it alive');
  assert.is(store.put(signed(6, 'six'), 4, 0)?.code, 301);
  assert.is(store.put(signed(6, 'six'), 5, 0), undefined);
  const forged = signed(7, 'seven');
  assert.is(store.put({ ...forged, value: text('forged') }, undefined, 0)?.code, 206);
  assert.is(store.put({ value: new Uint8Array(1001) }, undefined, 0)?.code, 205);
  const salty = { ...forged, signed: { ...forged.signed!, salt: new Uint8Array(65) } };
  assert.is(store.put(salty, undefined, 0)?.code, 207);
  assert.is(store.count, 1);
});

stores('BEP 44: items expire after two hours, and their number is bounded', () => {
  const store = new ItemStore({ itemsMax: 10 });
  for (let i = 0; i < 30; i++) store.put({ value: text(`value ${i}`) }, undefined, i);
  assert.is(store.count, 10);
  store.expire(2 * 60 * 60_000 + 100);
  assert.is(store.count, 0);
});

stores('rate limits: an address gets its share, others are not touched, and time brings more', () => {
  const limit = new AddressRateLimit({ perSec: 100, burst: 500, places: 4096 }, { random });
  let taken = 0;
  while (limit.allows(A, 0)) {
    limit.take(A, 50, 0);
    taken += 50;
  }
  assert.is(taken, 500);
  assert.ok(limit.allows(B, 0));
  assert.ok(limit.allows(A, 1000));
});

stores('rate limits: all addresses of an IPv6 /64 share one place', () => {
  const limit = new AddressRateLimit({ perSec: 1, burst: 10, places: 4096 }, { random });
  const six = (last: number): Uint8Array => {
    const address = new Uint8Array(16);
    address.set([0x20, 1, 0xd, 0xb8, 0, 0, 0, 1]);
    address[15] = last;
    return address;
  };
  limit.take(six(1), 10, 0);
  assert.not.ok(limit.allows(six(2), 0));
});

stores('BEP 42: the own address is what most neighbourhoods see, and one liar is one vote', () => {
  const external = new ExternalAddress();
  const mine = Uint8Array.of(203, 0, 113, 5, 1, 1);
  const lie = Uint8Array.of(6, 6, 6, 6, 1, 1);
  for (let i = 0; i < 50; i++) assert.is(external.vote(`66.6.6.${i}`, lie), undefined, 'one /24');
  let decided: Uint8Array | undefined;
  for (let i = 0; i < 10; i++) decided ??= external.vote(`60.${i}.1.1`, mine);
  assert.equal(decided, mine.slice(0, 4));
  assert.is(external.decided, '203.0.113.5');
  for (let i = 0; i < 1000; i++) external.vote(`70.${i & 255}.${i >> 8}.1`, i % 3 === 0 ? lie : mine);
  assert.is(external.decided, '203.0.113.5');
  assert.ok(external.voters <= 64);
});

stores('nodes known beside the table are bounded; the oldest goes, and who fails is not named', () => {
  const known = new KnownNodes({ index: new PlainIdIndex({ capacity: 100 }) });
  for (let i = 0; i < 1000; i++) known.answered(contact(i & 255, i), 10, i);
  assert.is(known.size, 100);
  const target = contact(999 & 255, 999);
  assert.is(known.nearest(target.id, 1, 1000)[0]?.host, target.host);
  known.failed(target);
  assert.is.not(known.nearest(target.id, 1, 1000)[0]?.host, target.host);
  assert.equal(known.nearest(target.id, 5, 1e9), [], 'not heard of for long');
});

stores.run();
