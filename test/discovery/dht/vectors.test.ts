/** Aim: the official test vectors of BEP 33, 42, 44 and 46. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readAddress } from '../../../engine/codec/address.ts';
import { hex as hexText } from '../../../engine/codec/hex.ts';
import { BloomFilter } from '../../../engine/discovery/dht/bloom.ts';
import { isSecureId, secureId } from '../../../engine/discovery/dht/id.ts';
import {
  immutableTarget,
  isItemOf,
  isSigned,
  makeItem,
  mutableTarget,
  publicKeyOf,
  signedBytes,
} from '../../../engine/discovery/dht/item.ts';
import { SimRandom } from '../../../engine/runtime/sim/chance.ts';

const vectors = suite('DHT vectors');
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
const latin = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

/** BEP 33: 192.0.2.0 – 192.0.2.255 and 2001:DB8:: – 2001:DB8::3E7. */
const FILTER =
  'F6C3F5EAA07FFD91BDE89F777F26FB2BFF37BDB8FB2BBAA2FD3DDDE7BACFFF75EE7CCBAEFE5EEDB1FBFAFF67F6ABFF5E43DDBCA3FD9B9FFDF4FFD3E9DFF12D1BDF59DB53DBE9FA5B7FF3B8FDFCDE1AFB8BEDD7BE2F3EE71EBBBFE93BCDEEFE148246C2BC5DBFF7E7EFDCF24FD8DC7ADFFD8FFFDFDDFFF7A4BBEEDF5CB95CE81FC7FCFF1FF4FFFFDFE5F7FDCBB7FD79B3FA1FC77BFE07FFF905B7B7FFC7FEFEFFE0B8370BB0CD3F5B7F2BD93FEB4386CFDD6F7FD5BFAF2E9EBFFFFEECD67ADBF7C67F17EFD5D75EBA6FFEBA7FFF47A91EB1BFBB53E8ABFB5762ABE8FF237279BFEFBFEEF5FFC5FEBFDFE5ADFFADFEE1FB737FFFFBFD9F6AEFFEEE76B6FD8F72EF';

vectors('BEP 33: the filter of 1,256 addresses, and its estimate', () => {
  const filter = new BloomFilter();
  for (let i = 0; i < 256; i++) filter.add(Uint8Array.of(192, 0, 2, i));
  for (let i = 0; i <= 0x3e7; i++) {
    const address = readAddress('2001:db8::')!.slice();
    address[14] = i >> 8;
    address[15] = i;
    filter.add(address);
  }
  assert.is(hexText(filter.bytes).toUpperCase(), FILTER);
  assert.ok(Math.abs(filter.estimate - 1224.9308) < 0.0001, String(filter.estimate));
  assert.ok(filter.mayHave(Uint8Array.of(192, 0, 2, 77)));
  const other = new BloomFilter();
  other.unite(filter.bytes);
  assert.equal(other.bytes, filter.bytes);
});

vectors('BEP 33: an empty filter is empty and a full one has an end', () => {
  assert.ok(new BloomFilter().estimate < 1);
  const full = new BloomFilter();
  full.bytes.fill(255);
  assert.ok(Number.isFinite(full.estimate));
});

vectors('BEP 42: the ids of the specification fit their addresses and no others', () => {
  const table: readonly (readonly [string, string])[] = [
    ['124.31.75.21', '5fbfbff10c5d6a4ec8a88e4c6ab4c28b95eee401'],
    ['21.75.31.124', '5a3ce9c14e7a08645677bbd1cfe7d8f956d53256'],
    ['65.23.51.170', 'a5d43220bc8f112a3d426c84764f8c2a1150e616'],
    ['84.124.73.14', '1b0321dd1bb1fe518101ceef99462b947a01ff41'],
    ['43.213.53.83', 'e56f6cbf5b7c4be0237986d5243b87aa6d51305a'],
  ];
  for (const [host, id] of table) {
    assert.ok(isSecureId(hex(id), readAddress(host)!), host);
    const others = table.filter(([other]) => other !== host);
    for (const [other] of others) assert.not.ok(isSecureId(hex(id), readAddress(other)!), other);
  }
});

vectors('BEP 42: ids made for an address fit it, in both families; local addresses are exempt', () => {
  const random = new SimRandom(1, 'ids');
  for (const host of ['203.0.113.9', '2001:db8:1:2::3']) {
    const address = readAddress(host)!;
    const ids = Array.from({ length: 20 }, () => secureId(address, random));
    assert.ok(ids.every((id) => isSecureId(id, address)));
    assert.is(new Set(ids.map(hexText)).size, 20);
  }
  for (const host of [
    '10.1.2.3',
    '172.31.0.1',
    '192.168.9.9',
    '169.254.1.1',
    '127.0.0.1',
    '::1',
    'fe80::1',
  ]) {
    assert.ok(isSecureId(new Uint8Array(20), readAddress(host)!), host);
  }
  assert.not.ok(isSecureId(new Uint8Array(20), readAddress('172.32.0.1')!));
});

const KEY = hex('77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548');
const VALUE = latin('12:Hello World!');

vectors('BEP 44: targets, signed bytes and signatures', () => {
  assert.is(hexText(immutableTarget(VALUE)), 'e5f96f6f38320f0f33959cb4d3d656452117aadb');
  assert.is(hexText(mutableTarget(KEY, latin(''))), '4a533d47ec9c7d95b1ad75f576cffc641853b750');
  assert.is(hexText(mutableTarget(KEY, latin('foobar'))), '411eba73b6f087ca51a3795d9c8c938d365e32c1');
  assert.is(Buffer.from(signedBytes(VALUE, latin(''), 1)).toString(), '3:seqi1e1:v12:Hello World!');
  assert.is(
    Buffer.from(signedBytes(VALUE, latin('foobar'), 1)).toString(),
    '4:salt6:foobar3:seqi1e1:v12:Hello World!',
  );
  const plain = hex(
    '305ac8aeb6c9c151fa120f120ea2cfb923564e11552d06a5d856091e5e853cff1260d3f39e4999684aa92eb73ffd136e6f4f3ecbfda0ce53a1608ecd7ae21f01',
  );
  const salted = hex(
    '6834284b6b24c3204eb2fea824d82f88883a3d95e8b4a21b8c0ded553d17d17ddf9a8a7104b1258f30bed3787e6cb896fca78c58f8e03b5f18f14951a87d9a08',
  );
  const item = (salt: string, signature: Uint8Array, sequence = 1) => ({
    value: VALUE,
    signed: { publicKey: KEY, salt: latin(salt), sequence, signature },
  });
  assert.ok(isSigned(item('', plain)));
  assert.ok(isSigned(item('foobar', salted)));
  assert.not.ok(isSigned(item('foobar', plain)));
  assert.not.ok(isSigned(item('', plain, 2)));
});

vectors('BEP 44: what we sign is valid, and found only where it belongs', () => {
  const seed = new Uint8Array(32).fill(5);
  const item = makeItem({ seed, salt: latin('x'), sequence: 7, value: VALUE });
  const target = mutableTarget(publicKeyOf(seed), latin('x'));
  assert.ok(isItemOf(target, item));
  assert.not.ok(isItemOf(mutableTarget(publicKeyOf(seed), latin('y')), item));
  assert.ok(isItemOf(immutableTarget(VALUE), { value: VALUE }));
  assert.not.ok(isItemOf(immutableTarget(VALUE), { value: latin('3:abc') }));
  assert.throws(() => makeItem({ seed, salt: new Uint8Array(65), sequence: 1, value: VALUE }), /salt/);
  assert.throws(() => makeItem({ seed, salt: latin(''), sequence: 1, value: new Uint8Array(1001) }), /value/);
  assert.throws(() => publicKeyOf(new Uint8Array(31)), /seed/);
});

vectors('BEP 46: the targets of its magnet links', () => {
  const key = hex('8543d3e6115f0f98c944077a4493dcd543e49c739fd998550a1f614ab36ed63e');
  assert.is(hexText(mutableTarget(key, latin(''))), 'cc3f9d90b572172053626f9980ce261a850d050b');
  assert.is(hexText(mutableTarget(key, hex('6e'))), '59ee7c2cb9b4f7eb1986ee2d18fd2fdb8a56554f');
});

vectors.run();
