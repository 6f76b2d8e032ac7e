// Aim: the RSA keys of simulated relays are right ones, no two alike, the same in every run, and found as the list of
// steps to their primes says.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isRelayRsaKey, rsaPublicKeyOf } from '../../../engine/onion/crypto/rsa-key.ts';
import { rsaSign, rsaVerify } from '../../../engine/onion/crypto/rsa-signature.ts';
import { findPrimeSteps, makeRsaKeys, PRIME_STEPS } from './rsa-keys.ts';

const test = suite('RSA keys for simulations');
const COUNT = PRIME_STEPS.length / 2;

test('every key of the list is one, and no two are alike', () => {
  const keys = makeRsaKeys(COUNT);
  const digest = new Uint8Array(20).fill(7);
  for (const { privateKeyDer, publicKeyDer } of keys) {
    assert.ok(isRelayRsaKey(publicKeyDer));
    assert.equal(rsaPublicKeyOf(privateKeyDer), new Uint8Array(publicKeyDer));
    assert.ok(rsaVerify(publicKeyDer, rsaSign(privateKeyDer, digest), digest));
  }
  assert.is(new Set(keys.map(({ publicKeyDer }) => Buffer.from(publicKeyDer).toString('hex'))).size, COUNT);
});

test('the list is what the search finds', () => {
  assert.equal(findPrimeSteps(2), PRIME_STEPS.slice(0, 4));
});

test.run();
