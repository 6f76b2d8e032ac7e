// Aim: RSA the way Tor uses it: PKCS#1 keys, fingerprints, and signatures of type 1 padding without DigestInfo, the
// very bytes that C tor makes.
import {
  constants,
  createHash,
  createPublicKey,
  generateKeyPairSync,
  publicDecrypt,
  sign,
} from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { joinBytes } from '../../../engine/onion/crypto/bytes.ts';
import {
  decodeRsaPublicKey,
  encodeRsaPublicKey,
  isRelayRsaKey,
  rsaFingerprint,
  rsaPublicKeyOf,
} from '../../../engine/onion/crypto/rsa-key.ts';
import { rsaRecover, rsaSign, rsaVerify } from '../../../engine/onion/crypto/rsa-signature.ts';
import { RECORDED_RELAY } from './recorded-relay.ts';
import { flipBit, fromHex, toHex } from './support.ts';

const test = suite('rsa');
const { rsaIdentityPrivateKey: privateKey, rsaIdentityKey: publicKey } = RECORDED_RELAY;
const digest = fromHex('00'.repeat(3) + 'ab'.repeat(17));

/** A modulus of so many bits, odd; not a product of anything. */
function modulusOf(bits: number): Uint8Array {
  const modulus = new Uint8Array(Math.ceil(bits / 8)).fill(0x55);
  modulus[0] = 1 << ((bits - 1) & 7);
  return modulus;
}

test('a key of C tor: public half, parts, fingerprint', () => {
  assert.equal(rsaPublicKeyOf(privateKey), publicKey);
  assert.is(toHex(rsaFingerprint(publicKey)), toHex(RECORDED_RELAY.fingerprint));
  const decoded = decodeRsaPublicKey(publicKey);
  assert.ok(decoded.ok);
  assert.is(decoded.value.modulusBits, 1024);
  assert.is(decoded.value.exponent, 65537);
  assert.equal(encodeRsaPublicKey(decoded.value), publicKey);
  assert.ok(isRelayRsaKey(publicKey));
});

test('the signature is type 1 padding around the digest and nothing else', () => {
  const signature = rsaSign(privateKey, digest);
  assert.is(signature.length, 128);
  const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'pkcs1' });
  const block = publicDecrypt({ key, padding: constants.RSA_NO_PADDING }, signature);
  assert.is(toHex(block), `0001${'ff'.repeat(105)}00${toHex(digest)}`);
  assert.equal(rsaRecover(publicKey, signature), digest);
  assert.ok(rsaVerify(publicKey, signature, digest));
});

test('another digest, key or signature does not verify', () => {
  const signature = rsaSign(privateKey, digest);
  assert.not.ok(rsaVerify(publicKey, signature, digest.subarray(1)));
  assert.not.ok(rsaVerify(publicKey, signature, joinBytes(digest, Uint8Array.of(0))));
  assert.not.ok(rsaVerify(RECORDED_RELAY.rsaOnionKey, signature, digest));
  assert.not.ok(rsaVerify(publicKey.subarray(1), signature, digest));
  for (let bit = 0; bit < 1024; bit += 31)
    assert.not.ok(rsaVerify(publicKey, flipBit(signature, bit), digest));
  assert.is(rsaRecover(publicKey, signature.subarray(1)), undefined);
  assert.is(rsaRecover(publicKey, new Uint8Array(0)), undefined);
  assert.is(rsaRecover(publicKey, new Uint8Array(128).fill(0xff)), undefined);
});

test('an ordinary signature, with DigestInfo, is not one of these', () => {
  const { privateKey: key, publicKey: half } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const der = new Uint8Array(half.export({ type: 'pkcs1', format: 'der' }));
  const ordinary = new Uint8Array(sign('sha1', digest, key));
  assert.not.ok(rsaVerify(der, ordinary, new Uint8Array(createHash('sha1').update(digest).digest())));
});

test('a relay has exactly 1024 bits and the exponent 65537', () => {
  for (const [bits, exponent, is] of [
    [1024, 65537, true],
    [1025, 65537, false],
    [1032, 65537, false],
    [2048, 65537, false],
    [1024, 3, false],
  ] as const) {
    const der = encodeRsaPublicKey({ modulus: modulusOf(bits), exponent });
    const decoded = decodeRsaPublicKey(der);
    assert.ok(decoded.ok);
    assert.is(decoded.value.modulusBits, bits);
    assert.is(isRelayRsaKey(der), is, `${bits} bits, exponent ${exponent}`);
  }
});

test('keys from 1024 to 4096 bits are read, others not', () => {
  const reasonFor = (bits: number, exponent = 65537): string => {
    const decoded = decodeRsaPublicKey(encodeRsaPublicKey({ modulus: modulusOf(bits), exponent }));
    return decoded.ok ? 'ok' : decoded.reason;
  };
  assert.equal(
    [1023, 1024, 4096, 4097].map((bits) => reasonFor(bits)),
    ['bad-size', 'ok', 'ok', 'bad-size'],
  );
  assert.is(reasonFor(1024, 1), 'bad-size');
  assert.is(reasonFor(1024, 65536), 'bad-size');
  const even = modulusOf(1024);
  even[127] = 0x54;
  assert.equal(decodeRsaPublicKey(encodeRsaPublicKey({ modulus: even, exponent: 3 })).ok, false);
});

test('DER that is not the shortest, or not all there is, is refused', () => {
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ['empty', new Uint8Array(0)],
    ['cut', publicKey.subarray(0, 139)],
    ['one byte more', joinBytes(publicKey, Uint8Array.of(0))],
    ['long length', joinBytes(fromHex('308200'), Uint8Array.of(publicKey[2]!), publicKey.subarray(3))],
    ['no sequence', joinBytes(fromHex('31'), publicKey.subarray(1))],
    ['negative modulus', fromHex(`308186028180${'ff'.repeat(128)}0203010001`)],
    ['a zero too many', fromHex(`30818902828182${'00'.repeat(2)}${'55'.repeat(128)}0203010001`)],
    ['three integers', fromHex(`30060201050201030201 01`)],
  ];
  for (const [name, der] of cases)
    assert.equal(decodeRsaPublicKey(der), { ok: false, reason: 'bad-der' }, name);
});

test.run();
