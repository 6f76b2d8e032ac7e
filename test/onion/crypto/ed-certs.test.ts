// Aim: Ed25519 certificates and cross-certificates are those of C tor, both ways, and each of the checks a verifier
// has to make refuses what it is for.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { joinBytes } from '../../../engine/onion/crypto/bytes.ts';
import {
  checkNtorCrossCert,
  checkOnionKeyCrossCert,
  makeNtorCrossCert,
  makeOnionKeyCrossCert,
} from '../../../engine/onion/crypto/descriptor-cross-cert.ts';
import { sha256 } from '../../../engine/onion/crypto/digest.ts';
import {
  CERTIFIED_KEY,
  decodeEdCert,
  ED_CERT_TYPE,
  encodeEdCert,
} from '../../../engine/onion/crypto/ed-cert.ts';
import { checkEdCert, expirationHoursAt, makeEdCert } from '../../../engine/onion/crypto/ed-cert-check.ts';
import { ed25519PublicKey, ed25519Sign } from '../../../engine/onion/crypto/ed25519.ts';
import { checkRsaEdCert, makeRsaEdCert } from '../../../engine/onion/crypto/rsa-ed-cert.ts';
import { RECORDED_RELAY } from './recorded-relay.ts';
import { flipBit, fromHex } from './support.ts';

const test = suite('ed25519 certificates');
const { recordedMs: nowMs, identity, rsaIdentityKey: rsaPublicKeyDer } = RECORDED_RELAY;
const HOUR_MS = 3_600_000;
const SEED = new Uint8Array(32).fill(9);
const SIGNER = ed25519PublicKey(SEED);
const CONTENT = {
  type: ED_CERT_TYPE.linkAuth,
  expirationHours: 500_000,
  keyType: CERTIFIED_KEY.ed25519,
  certifiedKey: new Uint8Array(32).fill(3),
};
const DEMAND = { type: 6, keyType: 1, signedBy: SIGNER, nowMs };

/** A certificate with these extensions (and that many by its own account), signed. */
function withExtensions(hex: string, count: number): Uint8Array {
  const head = encodeEdCert({ ...CONTENT, signedWith: undefined }, () => new Uint8Array(0));
  head[39] = count;
  const signedPart = joinBytes(head, fromHex(hex));
  return joinBytes(signedPart, ed25519Sign(SEED, signedPart));
}

test('the chain of a C tor relay: identity, signing key, TLS certificate', () => {
  const signing = checkEdCert(RECORDED_RELAY.signingCert, { type: 4, keyType: 1, signedBy: identity, nowMs });
  assert.ok(signing.ok);
  assert.equal(signing.value.signedWith, identity);
  const unnamed = checkEdCert(RECORDED_RELAY.signingCert, {
    type: 4,
    keyType: 1,
    signedBy: undefined,
    nowMs,
  });
  assert.ok(unnamed.ok);
  const link = checkEdCert(RECORDED_RELAY.tlsLinkCert, {
    type: ED_CERT_TYPE.tlsLink,
    keyType: CERTIFIED_KEY.x509Sha256,
    signedBy: signing.value.certifiedKey,
    nowMs,
  });
  assert.ok(link.ok);
  assert.equal(link.value.certifiedKey, sha256(RECORDED_RELAY.tlsCertificate));
});

test('a certificate that is made reads as what was put in', () => {
  for (const nameSigner of [true, false]) {
    const bytes = makeEdCert(CONTENT, { seed: SEED, nameSigner });
    assert.is(bytes.length, nameSigner ? 140 : 104);
    const checked = checkEdCert(bytes, DEMAND);
    assert.ok(checked.ok);
    const { type, expirationHours, keyType, certifiedKey, signedWith } = checked.value;
    assert.equal({ type, expirationHours, keyType, certifiedKey }, CONTENT);
    assert.equal(signedWith, SIGNER);
  }
  const again = decodeEdCert(RECORDED_RELAY.signingCert);
  assert.ok(again.ok);
  assert.equal(
    encodeEdCert(again.value, () => again.value.signature),
    RECORDED_RELAY.signingCert,
  );
});

test('each demand is looked at', () => {
  const bytes = makeEdCert(CONTENT, { seed: SEED, nameSigner: true });
  const bare = makeEdCert(CONTENT, { seed: SEED, nameSigner: false });
  const endMs = CONTENT.expirationHours * HOUR_MS;
  const cases = [
    [bytes, { ...DEMAND, type: 5 }, 'wrong-type'],
    [bytes, { ...DEMAND, keyType: 3 }, 'wrong-key-type'],
    [bytes, { ...DEMAND, nowMs: endMs }, 'ok'],
    [bytes, { ...DEMAND, nowMs: endMs + 1 }, 'expired'],
    [bytes, { ...DEMAND, signedBy: identity }, 'wrong-signer'],
    [bare, { ...DEMAND, signedBy: identity }, 'wrong-signature'],
    [bare, { ...DEMAND, signedBy: undefined }, 'no-signer'],
    [bytes.subarray(0, 103), DEMAND, 'bad-length'],
    [Uint8Array.from(bytes, (byte, index) => (index === 0 ? 2 : byte)), DEMAND, 'bad-version'],
  ] as const;
  for (const [cert, demand, expected] of cases) {
    const checked = checkEdCert(cert, demand);
    assert.is(checked.ok ? 'ok' : checked.reason, expected);
  }
});

test('no bit can be changed', () => {
  const bytes = makeEdCert(CONTENT, { seed: SEED, nameSigner: true });
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    assert.not.ok(checkEdCert(flipBit(bytes, bit), DEMAND).ok, `bit ${bit}`);
  }
});

test('unknown extensions pass unless they are said to matter; the number of them must be right', () => {
  const key = `0020 04 00 ${Buffer.from(SIGNER).toString('hex')}`;
  const cases = [
    ['', 0, 'ok'],
    [key, 1, 'ok'],
    [`0002 aa 00 0102 ${key}`, 2, 'ok'],
    ['0000 aa 00'.repeat(255), 255, 'ok'],
    ['0000 aa 01', 1, 'unknown-extension'],
    ['0000 aa ff', 1, 'unknown-extension'],
    ['0000 aa fe', 1, 'ok'],
    [`${key} ${key}`, 2, 'bad-extension'],
    [`001f 04 00 ${'00'.repeat(31)}`, 1, 'bad-extension'],
    ['0000 aa 00', 0, 'bad-extension'],
    ['0000 aa 00', 2, 'bad-extension'],
    ['0001 aa 00', 1, 'bad-extension'],
    ['ffff aa 00', 1, 'bad-extension'],
    ['0000 aa', 1, 'bad-extension'],
  ] as const;
  for (const [hex, count, expected] of cases) {
    const checked = checkEdCert(withExtensions(hex, count), DEMAND);
    assert.is(checked.ok ? 'ok' : checked.reason, expected, `${count} × ${hex.slice(0, 40)}`);
  }
});

test('RSA → Ed25519: C tor’s is taken, ours is the same', () => {
  const demand = { rsaPublicKeyDer, identity, nowMs };
  const theirs = RECORDED_RELAY.rsaEdCert;
  assert.equal(checkRsaEdCert(theirs, demand), { ok: true, value: identity });
  assert.ok(checkRsaEdCert(theirs, { ...demand, identity: undefined }).ok);
  const expirationHours = new DataView(theirs.buffer, theirs.byteOffset).getUint32(32);
  assert.equal(makeRsaEdCert(RECORDED_RELAY.rsaIdentityPrivateKey, { identity, expirationHours }), theirs);
  const cases = [
    [theirs, { ...demand, identity: SIGNER }, 'wrong-identity'],
    [theirs, { ...demand, nowMs: expirationHours * HOUR_MS + 1 }, 'expired'],
    [theirs, { ...demand, rsaPublicKeyDer: RECORDED_RELAY.rsaOnionKey }, 'wrong-signature'],
    [theirs, { ...demand, rsaPublicKeyDer: SIGNER }, 'wrong-signature'],
    [theirs.subarray(0, 164), demand, 'bad-length'],
    [joinBytes(theirs, SIGNER), demand, 'bad-length'],
    [new Uint8Array(0), demand, 'bad-length'],
  ] as const;
  for (const [cert, wanted, reason] of cases)
    assert.equal(checkRsaEdCert(cert, wanted), { ok: false, reason });
  for (let bit = 0; bit < theirs.length * 8; bit += 5) {
    assert.not.ok(checkRsaEdCert(flipBit(theirs, bit), demand).ok, `bit ${bit}`);
  }
});

test('onion-key-crosscert: C tor’s is taken, ours is the same', () => {
  const of = { rsaPublicKeyDer, identity };
  const { onionKeyCrossCert, rsaOnionKey, rsaOnionPrivateKey } = RECORDED_RELAY;
  assert.ok(checkOnionKeyCrossCert(onionKeyCrossCert, rsaOnionKey, of));
  assert.equal(makeOnionKeyCrossCert(rsaOnionPrivateKey, of), onionKeyCrossCert);
  assert.not.ok(checkOnionKeyCrossCert(onionKeyCrossCert, rsaOnionKey, { ...of, identity: SIGNER }));
  assert.not.ok(checkOnionKeyCrossCert(onionKeyCrossCert, rsaPublicKeyDer, of));
});

test('ntor-onion-key-crosscert: C tor’s is taken, and ours by the same check', () => {
  const { ntorCrossCert, ntorCrossCertSign: signBit, onionKey, onionPrivateKey } = RECORDED_RELAY;
  const demand = { onionKey, signBit, identity, nowMs };
  assert.equal(checkNtorCrossCert(ntorCrossCert, demand), { ok: true, value: identity });
  const theirs = decodeEdCert(ntorCrossCert);
  assert.ok(theirs.ok);
  const { expirationHours } = theirs.value;
  const ours = makeNtorCrossCert(onionPrivateKey, { identity, expirationHours });
  assert.is(ours.signBit, signBit);
  assert.equal(ours.bytes.subarray(0, 40), ntorCrossCert.subarray(0, 40));
  assert.ok(checkNtorCrossCert(ours.bytes, demand).ok);
  const cases = [
    [{ ...demand, signBit: 0 }, 'wrong-signature'],
    [{ ...demand, identity: SIGNER }, 'wrong-identity'],
    [{ ...demand, onionKey: fromHex(`ec${'ff'.repeat(30)}7f`) }, 'no-such-key'],
    [{ ...demand, nowMs: expirationHours * HOUR_MS + 1 }, 'expired'],
  ] as const;
  for (const [wanted, reason] of cases) {
    assert.equal(checkNtorCrossCert(ours.bytes, wanted), { ok: false, reason });
  }
});

test('time is counted in hours that have begun', () => {
  assert.is(expirationHoursAt(0, 1), 1);
  assert.is(expirationHoursAt(HOUR_MS, HOUR_MS), 2);
  assert.is(expirationHoursAt(HOUR_MS + 1, HOUR_MS), 3);
});

test.run();
