// Aim: Ed25519 by seed and by scalar gives the signatures of RFC 8032, and an X25519 key becomes the Ed25519 key that
// C tor makes of it.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ed25519PublicKey,
  ed25519Sign,
  ed25519Verify,
  makeEd25519KeyPair,
} from '../../../engine/onion/crypto/ed25519.ts';
import {
  ed25519FromX25519,
  ed25519PublicFromX25519,
  ed25519SignExpanded,
  expandEd25519Seed,
} from '../../../engine/onion/crypto/ed25519-expanded.ts';
import { x25519PublicKey } from '../../../engine/onion/crypto/x25519.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';
import { RECORDED_RELAY } from './recorded-relay.ts';
import { flipBit, fromHex, inSharedMemory, toHex } from './support.ts';

const test = suite('ed25519');

/** RFC 8032, section 7.1: seed, public key, message, signature. */
const VECTORS = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
] as const;

test('the numbers of RFC 8032, by seed and by scalar', () => {
  for (const [seedHex, publicHex, messageHex, signatureHex] of VECTORS) {
    const [seed, message, signature] = [fromHex(seedHex), fromHex(messageHex), fromHex(signatureHex)];
    assert.is(toHex(ed25519PublicKey(seed)), publicHex);
    assert.is(toHex(ed25519Sign(seed, message)), signatureHex);
    assert.ok(ed25519Verify(fromHex(publicHex), message, signature));
    const expanded = expandEd25519Seed(seed);
    assert.is(toHex(expanded.publicKey), publicHex);
    assert.is(toHex(ed25519SignExpanded(expanded, message)), signatureHex);
  }
});

test('every changed bit of key, message or signature is seen', () => {
  const seed = seededRandom(3).bytes(32);
  const [key, message] = [ed25519PublicKey(seed), fromHex('0102030405')];
  const signature = ed25519Sign(seed, message);
  assert.ok(ed25519Verify(key, inSharedMemory(message), signature));
  for (let bit = 0; bit < 512; bit += 7) {
    assert.not.ok(ed25519Verify(key, message, flipBit(signature, bit)), `signature bit ${bit}`);
    assert.not.ok(ed25519Verify(flipBit(key, bit % 256), message, signature), `key bit ${bit % 256}`);
    assert.not.ok(ed25519Verify(key, flipBit(message, bit % 40), signature), `message bit ${bit % 40}`);
  }
});

test('arrays of a wrong length verify as nothing', () => {
  const { seed, publicKey } = makeEd25519KeyPair(seededRandom(5));
  const signature = ed25519Sign(seed, seed);
  assert.ok(ed25519Verify(publicKey, seed, signature));
  assert.not.ok(ed25519Verify(publicKey.subarray(1), seed, signature));
  assert.not.ok(ed25519Verify(publicKey, seed, signature.subarray(0, 63)));
  assert.not.ok(ed25519Verify(publicKey, seed, new Uint8Array(65)));
  assert.throws(() => ed25519Sign(new Uint8Array(31), seed), RangeError);
});

test('an X25519 key and its public half become the same Ed25519 key', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (privateKey) => {
      const { key, signBit } = ed25519FromX25519(privateKey);
      assert.equal(ed25519PublicFromX25519(x25519PublicKey(privateKey), signBit), key.publicKey);
      const signature = ed25519SignExpanded(key, privateKey);
      assert.ok(ed25519Verify(key.publicKey, privateKey, signature));
      const other = ed25519PublicFromX25519(x25519PublicKey(privateKey), signBit === 0 ? 1 : 0)!;
      assert.not.ok(ed25519Verify(other, privateKey, signature));
    }),
    { numRuns: 12 },
  );
});

test('the sign of the point is the one C tor finds', () => {
  const { onionPrivateKey, onionKey, ntorCrossCertSign } = RECORDED_RELAY;
  assert.equal(x25519PublicKey(onionPrivateKey), onionKey);
  assert.is(ed25519FromX25519(onionPrivateKey).signBit, ntorCrossCertSign);
});

test('what is no key becomes none', () => {
  const minusOne = fromHex(`ec${'ff'.repeat(30)}7f`);
  assert.is(ed25519PublicFromX25519(minusOne, 0), undefined);
  assert.is(ed25519PublicFromX25519(new Uint8Array(31), 0), undefined);
  assert.throws(() => ed25519FromX25519(new Uint8Array(31)), RangeError);
});

test.run();
