// Aim: 30,000 mutated certificates, keys and handshakes from strangers: no exception, and nothing that was changed
// passes a check. ALLIUM_FUZZ_SEED replays a run.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  decodeHopGrant,
  decodeHopWishes,
  encodeHopWishes,
} from '../../../engine/onion/crypto/circuit-extensions.ts';
import { startHop } from '../../../engine/onion/crypto/create2-client.ts';
import { Create2Server } from '../../../engine/onion/crypto/create2-server.ts';
import { decodeEdCert } from '../../../engine/onion/crypto/ed-cert.ts';
import { checkEdCert } from '../../../engine/onion/crypto/ed-cert-check.ts';
import { checkRsaEdCert } from '../../../engine/onion/crypto/rsa-ed-cert.ts';
import { decodeRsaPublicKey, encodeRsaPublicKey } from '../../../engine/onion/crypto/rsa-key.ts';
import { rsaVerify } from '../../../engine/onion/crypto/rsa-signature.ts';
import { checkIdentityCertificate } from '../../../engine/onion/crypto/x509-identity.ts';
import { x25519PublicKey } from '../../../engine/onion/crypto/x25519.ts';
import { RECORDED_RELAY } from './recorded-relay.ts';
import { fuzzRandom, mutate } from './support.ts';

const { seed, random } = fuzzRandom(20_261_122);
const { recordedMs: nowMs, identity, rsaIdentityKey } = RECORDED_RELAY;
const test = suite('strangers’ bytes');

/** Whether both are the same bytes: a mutation may do nothing. */
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** Runs `look` on mutations of `bytes`; what it says is ok must be what it was. */
function fuzz(name: string, bytes: Uint8Array, count: number, look: (changed: Uint8Array) => boolean): void {
  test(`${name} (seed ${seed})`, () => {
    assert.ok(look(bytes), 'untouched');
    for (let index = 0; index < count; index++) {
      const changed = mutate(bytes, random);
      if (look(changed)) assert.ok(same(changed, bytes), `accepted: ${Buffer.from(changed).toString('hex')}`);
    }
  });
}

fuzz('signing certificate', RECORDED_RELAY.signingCert, 6000, (bytes) => {
  const decoded = decodeEdCert(bytes);
  if (decoded.ok) assert.is(decoded.value.signature.length, 64);
  return checkEdCert(bytes, { type: 4, keyType: 1, signedBy: identity, nowMs }).ok;
});

fuzz('RSA cross-certificate', RECORDED_RELAY.rsaEdCert, 6000, (bytes) => {
  return checkRsaEdCert(bytes, { rsaPublicKeyDer: rsaIdentityKey, identity, nowMs }).ok;
});

fuzz('identity certificate', RECORDED_RELAY.identityCertificate, 8000, (bytes) => {
  return checkIdentityCertificate(bytes, nowMs).ok;
});

test(`RSA keys: what is read is written the same, and can be used (seed ${seed})`, () => {
  for (let index = 0; index < 6000; index++) {
    const der = mutate(rsaIdentityKey, random);
    const key = decodeRsaPublicKey(der);
    if (key.ok) assert.equal(encodeRsaPublicKey(key.value), der);
    if (index % 10 === 0) rsaVerify(der, RECORDED_RELAY.onionKeyCrossCert, identity);
  }
});

test(`extensions (seed ${seed})`, () => {
  const message = encodeHopWishes({ congestionControl: true, cgo: true });
  for (let index = 0; index < 4000; index++) {
    const changed = mutate(message, random);
    assert.type(decodeHopWishes(changed).ok, 'boolean');
    assert.type(decodeHopGrant(changed).ok, 'boolean');
  }
});

test(`onion skins (seed ${seed})`, () => {
  const onionKeys = [random.bytes(32)];
  const fingerprint = random.bytes(20);
  const server = new Create2Server({ fingerprint, identity, onionKeys, sendmeIncrement: 31, cgo: true });
  const target = { fingerprint, identity, onionKey: x25519PublicKey(onionKeys[0]!) };
  for (const wishes of [undefined, { congestionControl: true, cgo: true }]) {
    const hop = startHop(target, wishes, random.bytes(32));
    assert.ok(hop.ok);
    const { type, onionSkin } = hop.value;
    for (let index = 0; index < 800; index++) {
      const job = { type, onionSkin: mutate(onionSkin, random), ephemeralPrivateKey: random.bytes(32) };
      const answer = server.answer(job);
      if (answer.ok && type === 3) assert.ok(same(job.onionSkin, onionSkin));
    }
  }
});

test.run();
