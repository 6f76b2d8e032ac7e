// Aim: X25519 over raw bytes gives what RFC 7748 says, refuses every secret of zeros, and takes its chance from outside.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  makeX25519KeyPair,
  X25519Key,
  x25519Peer,
  x25519PublicKey,
  x25519SharedSecret,
} from '../../../engine/onion/crypto/x25519.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';
import { fromHex, inSharedMemory, toHex } from './support.ts';

const test = suite('x25519');
const ALICE = seededRandom(1).bytes(32);

/** RFC 7748, section 6.1. */
const ALICE_PUBLIC = '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a';
const BOB = fromHex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb');
const BOB_PUBLIC = 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f';

test('the numbers of RFC 7748', () => {
  // Section 5.2: scalar, u, result.
  const cases = [
    [
      'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
      'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
      'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
    ],
    [
      '4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d',
      'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493',
      '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
    ],
  ] as const;
  for (const [scalar, u, result] of cases) {
    assert.is(toHex(x25519SharedSecret(fromHex(scalar), fromHex(u))!), result);
  }
  assert.is(toHex(x25519PublicKey(BOB)), BOB_PUBLIC);
  const secret = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742';
  assert.is(toHex(x25519SharedSecret(BOB, fromHex(ALICE_PUBLIC))!), secret);
});

test('both sides know the same, from ordinary and from shared memory', () => {
  const bob = new X25519Key(BOB);
  const alice = new X25519Key(inSharedMemory(ALICE));
  const secret = alice.agree(x25519Peer(inSharedMemory(bob.publicKey)));
  assert.ok(secret !== undefined);
  assert.equal(bob.agree(x25519Peer(alice.publicKey)), secret);
  assert.is(secret.constructor, Uint8Array);
});

test('the key does not change with the array it was made from', () => {
  const bytes = BOB.slice();
  const key = new X25519Key(bytes);
  bytes.fill(1);
  assert.is(toHex(key.publicKey), BOB_PUBLIC);
  assert.equal(key.agree(x25519Peer(x25519PublicKey(ALICE))), x25519SharedSecret(ALICE, fromHex(BOB_PUBLIC)));
});

test('points of small order give no secret', () => {
  const points = [
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ];
  for (const point of points) assert.is(x25519SharedSecret(BOB, fromHex(point)), undefined, point);
});

test('keys come from the chance that is given', () => {
  const [one, again] = [makeX25519KeyPair(seededRandom(7)), makeX25519KeyPair(seededRandom(7))];
  assert.equal(one, again);
  assert.equal(one.publicKey, x25519PublicKey(one.privateKey));
  assert.not.equal(makeX25519KeyPair(seededRandom(8)), one);
});

test('a key of another length is the caller’s mistake', () => {
  assert.throws(() => new X25519Key(new Uint8Array(31)), RangeError);
  assert.throws(() => x25519Peer(new Uint8Array(33)), RangeError);
});

test.run();
