// Aim: the X.509 certificates of links: C tor's identity certificate passes, ours pass there, here, with OpenSSL and in
// TLS; and each thing a verifier looks at is looked at.
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { joinBytes } from '../../../engine/onion/crypto/bytes.ts';
import { sha256 } from '../../../engine/onion/crypto/digest.ts';
import { checkEdCert } from '../../../engine/onion/crypto/ed-cert-check.ts';
import { ed25519PublicKey } from '../../../engine/onion/crypto/ed25519.ts';
import { makeLinkCertificates } from '../../../engine/onion/crypto/link-certificates.ts';
import { makeLinkOutfit, makeSigningCert } from '../../../engine/onion/crypto/link-credentials.ts';
import { checkRsaEdCert } from '../../../engine/onion/crypto/rsa-ed-cert.ts';
import { makeCertificate, rsaPublicKeyInfo } from '../../../engine/onion/crypto/x509.ts';
import {
  checkIdentityCertificate,
  IDENTITY_CERTIFICATE_BYTES_MAX,
} from '../../../engine/onion/crypto/x509-identity.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';
import { RECORDED_RELAY } from './recorded-relay.ts';
import { flipBit } from './support.ts';

const test = suite('x509');
const { rsaIdentityPrivateKey: rsaPrivateKeyDer, rsaIdentityKey, recordedMs: nowMs } = RECORDED_RELAY;
const DAY_MS = 86_400_000;

function newRsaKey(modulusLength: number): Uint8Array {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength });
  return new Uint8Array(privateKey.export({ type: 'pkcs1', format: 'der' }));
}

/** A self-signed certificate, or one of `key` signed by `signer`. */
function certificateOf(
  key: Uint8Array,
  { signer = key, notBeforeMs = nowMs - DAY_MS, notAfterMs = nowMs + DAY_MS, name = 'www.a.com' } = {},
): Uint8Array {
  const content = {
    subject: name,
    issuer: name,
    serial: Uint8Array.of(1),
    notBeforeMs: Math.floor(notBeforeMs / 1000) * 1000,
    notAfterMs: Math.floor(notAfterMs / 1000) * 1000,
    publicKeyInfo: rsaPublicKeyInfo(key),
  };
  return makeCertificate(content, signer);
}

/** What the check says in one word. */
function verdict(der: Uint8Array, atMs = nowMs): string {
  const checked = checkIdentityCertificate(der, atMs);
  return checked.ok ? 'ok' : checked.reason;
}

test('C tor’s identity certificate is taken, and gives its identity key', () => {
  const checked = checkIdentityCertificate(RECORDED_RELAY.identityCertificate, nowMs);
  assert.equal(checked, { ok: true, value: rsaIdentityKey });
  assert.is(verdict(RECORDED_RELAY.tlsCertificate), 'not-1024-bits');
});

test('what is made passes the check and OpenSSL', () => {
  for (let seed = 0; seed < 20; seed++) {
    const made = makeLinkCertificates({ rsaPrivateKeyDer, nowMs }, { random: seededRandom(seed) });
    assert.equal(checkIdentityCertificate(made.identityCertificate, nowMs), {
      ok: true,
      value: rsaIdentityKey,
    });
    const [id, tls] = [made.identityCertificate, made.tls.certificateDer].map(
      (der) => new X509Certificate(der),
    );
    assert.match(tls!.subject, /^CN=www\.[a-z2-7]{8,20}\.net$/);
    assert.match(tls!.issuer, /^CN=www\.[a-z2-7]{8,20}\.com$/);
    assert.is(id!.subject, tls!.issuer);
    assert.is(id!.issuer, id!.subject);
    assert.ok(id!.verify(id!.publicKey) && tls!.verify(id!.publicKey));
    for (const { validFrom, validTo } of [id!, tls!]) {
      assert.ok(Date.parse(validFrom) <= nowMs && Date.parse(validTo) > nowMs + 2 * DAY_MS);
      assert.is(Date.parse(validFrom) % DAY_MS, 0);
    }
    const key = createPrivateKey({ key: Buffer.from(made.tls.privateKeyDer), format: 'der', type: 'pkcs8' });
    assert.is(key.asymmetricKeyDetails?.namedCurve, 'prime256v1');
    assert.ok(tls!.checkPrivateKey(key));
  }
});

test('TLS takes the key with its certificate', () => {
  const { tls } = makeLinkCertificates({ rsaPrivateKeyDer, nowMs }, { random: seededRandom(1) });
  const pem = (label: string, der: Uint8Array): string =>
    `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64')}\n-----END ${label}-----\n`;
  createSecureContext({
    key: pem('PRIVATE KEY', tls.privateKeyDer),
    cert: pem('CERTIFICATE', tls.certificateDer),
  });
});

test('the same chance makes the same certificates', () => {
  const make = (seed: number) =>
    makeLinkCertificates({ rsaPrivateKeyDer, nowMs }, { random: seededRandom(seed) });
  assert.equal(make(4), make(4));
  assert.not.equal(make(4).tls.privateKeyDer, make(5).tls.privateKeyDer);
});

test('key, size, signature, dates and length are looked at', () => {
  const good = certificateOf(rsaPrivateKeyDer);
  const ec = makeLinkCertificates({ rsaPrivateKeyDer, nowMs }, { random: seededRandom(1) }).tls
    .certificateDer;
  assert.is(verdict(good), 'ok');
  assert.is(verdict(ec), 'not-rsa');
  assert.is(verdict(certificateOf(newRsaKey(1032))), 'not-1024-bits');
  assert.is(verdict(certificateOf(newRsaKey(768))), 'not-1024-bits');
  assert.is(verdict(certificateOf(rsaPrivateKeyDer, { signer: newRsaKey(1024) })), 'wrong-signature');
  assert.is(verdict(joinBytes(good, Uint8Array.of(0))), 'bad-der');
  assert.is(verdict(certificateOf(rsaPrivateKeyDer, { name: 'x'.repeat(1700) })), 'ok');
  assert.is(verdict(certificateOf(rsaPrivateKeyDer, { name: 'x'.repeat(2000) })), 'too-long');
  assert.is(verdict(new Uint8Array(IDENTITY_CERTIFICATE_BYTES_MAX)), 'bad-der');
  assert.is(verdict(new Uint8Array(IDENTITY_CERTIFICATE_BYTES_MAX + 1)), 'too-long');
});

test('clocks may be wrong by 30 days at the beginning and 2 at the end', () => {
  const [notBeforeMs, notAfterMs] = [nowMs, nowMs + 365 * DAY_MS];
  const der = certificateOf(rsaPrivateKeyDer, { notBeforeMs, notAfterMs });
  const moments = [
    [notBeforeMs - 30 * DAY_MS, 'ok'],
    [notBeforeMs - 30 * DAY_MS - 1000, 'not-yet-valid'],
    [notAfterMs + 2 * DAY_MS, 'ok'],
    [notAfterMs + 2 * DAY_MS + 1000, 'expired'],
  ] as const;
  for (const [atMs, expected] of moments) assert.is(verdict(der, atMs), expected);
});

test('years beyond 2049 are written and read in four digits', () => {
  const notAfterMs = Date.UTC(2050, 0, 1, 1, 2, 3);
  const der = certificateOf(rsaPrivateKeyDer, { notAfterMs });
  assert.is(Date.parse(new X509Certificate(der).validTo), notAfterMs);
  assert.is(verdict(der, notAfterMs + 2 * DAY_MS), 'ok');
  assert.is(verdict(der, notAfterMs + 2 * DAY_MS + 1000), 'expired');
});

test('no bit can be changed', () => {
  const { identityCertificate } = RECORDED_RELAY;
  for (let bit = 0; bit < identityCertificate.length * 8; bit += 3) {
    assert.is.not(verdict(flipBit(identityCertificate, bit)), 'ok', `bit ${bit}`);
  }
});

test('all that a link shows fits together', () => {
  const random = seededRandom(6);
  const [identitySeed, signingSeed] = [random.bytes(32), random.bytes(32)];
  const [identity, signingKey] = [ed25519PublicKey(identitySeed), ed25519PublicKey(signingSeed)];
  const signingCert = makeSigningCert(identitySeed, { signingKey, expirationHours: 600_000 });
  const options = { rsaPrivateKeyDer, identity, signingSeed, signingCert, nowMs };
  const { tls, credentials } = makeLinkOutfit(options, { random });
  const { tlsLinkCert, linkAuthCert, linkAuthSeed } = credentials;
  const demand = { keyType: 1, nowMs };
  assert.equal(credentials.rsaIdentityDer, rsaIdentityKey);
  assert.is(verdict(credentials.rsaIdentityCert), 'ok');
  const signing = checkEdCert(credentials.signingCert, { ...demand, type: 4, signedBy: undefined });
  assert.ok(signing.ok);
  assert.equal([signing.value.signedWith, signing.value.certifiedKey], [identity, signingKey]);
  const link = checkEdCert(tlsLinkCert, { type: 5, keyType: 3, signedBy: signingKey, nowMs });
  assert.ok(link.ok);
  assert.equal(link.value.certifiedKey, sha256(tls.certificateDer));
  const auth = checkEdCert(linkAuthCert, { ...demand, type: 6, signedBy: signingKey });
  assert.ok(auth.ok);
  assert.equal(auth.value.certifiedKey, ed25519PublicKey(linkAuthSeed));
  const cross = checkRsaEdCert(credentials.crossCert, { rsaPublicKeyDer: rsaIdentityKey, identity, nowMs });
  assert.equal(cross, { ok: true, value: identity });
  const late = nowMs + 2 * DAY_MS + 3_600_000;
  assert.equal(checkEdCert(tlsLinkCert, { type: 5, keyType: 3, signedBy: signingKey, nowMs: late }), {
    ok: false,
    reason: 'expired',
  });
});

test.run();
