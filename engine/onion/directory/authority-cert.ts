import { readHostPort } from '../address.ts';
import { joinBytes } from '../crypto/bytes.ts';
import { sha1 } from '../crypto/digest.ts';
import { decodeRsaPublicKey, RSA_EXPONENT } from '../crypto/rsa-key.ts';
import { rsaSign, rsaVerify } from '../crypto/rsa-signature.ts';
import { readTime, timeText } from '../time.ts';
import type { AuthorityCertificate } from './authority-types.ts';
import { type ItemRules, type Items, readItems } from './items.ts';
import type { DocumentLimits } from './line-reader.ts';
import { pemText } from './pem.ts';
import { failure, type Result, success } from './result.ts';
import { splitDocuments } from './split.ts';
import { encodeHex, latin1Bytes, latin1Text, readFingerprint } from './text.ts';

/** Bounds of one certificate; those of today have 2.3 kB. */
export const CERTIFICATE_LIMITS: DocumentLimits = {
  bytesMax: 16 * 1024,
  lineBytesMax: 1024,
  objectBytesMax: 4096,
  linesMax: 32,
};
/** Certificates in one answer. */
export const CERTIFICATES_PER_ANSWER_MAX = 128;

const KEY = 'RSA PUBLIC KEY';
const RULES: ItemRules = {
  'dir-key-certificate-version': { times: 'once', wordsMin: 1, place: 'first' },
  'dir-address': { times: 'at-most-once', wordsMin: 1 },
  fingerprint: { times: 'once', wordsMin: 1 },
  'dir-identity-key': { times: 'once', object: KEY },
  'dir-key-published': { times: 'once', wordsMin: 2 },
  'dir-key-expires': { times: 'once', wordsMin: 2 },
  'dir-signing-key': { times: 'once', object: KEY },
  // The label is “ID SIGNATURE” from C tor and “SIGNATURE” from others: dir-spec allows both.
  'dir-key-crosscert': { times: 'once' },
  'dir-key-certification': { times: 'once', object: 'SIGNATURE', place: 'last' },
};

/**
 * Reads a certificate and checks that both keys have signed: the identity key the whole, the signing key the identity.
 * Whether it has expired is for the one who uses it. dir-spec, creating key certificates.
 */
export function parseAuthorityCertificate(bytes: Uint8Array): Result<AuthorityCertificate> {
  if (bytes.length > CERTIFICATE_LIMITS.bytesMax) return failure('the authority certificate is too long');
  const text = latin1Text(bytes);
  const read = readItems(text, RULES, CERTIFICATE_LIMITS);
  if (!read.ok) return failure(`the authority certificate cannot be read: ${read.reason}`);
  const items = read.value;
  const fields = readFields(items);
  if (!fields.ok) return fields;
  const { identityKey, signingKey, v3ident } = fields.value;
  if (encodeHex(sha1(identityKey)) !== v3ident) {
    return failure(`the certificate of authority ${v3ident} holds another identity key`);
  }
  const crossCert = items.one('dir-key-crosscert').object;
  if (crossCert === undefined || !rsaVerify(signingKey, crossCert.bytes, sha1(identityKey))) {
    return failure(`the signing key of authority ${v3ident} has not signed its identity key`);
  }
  const certification = items.one('dir-key-certification');
  const signed = sha1(bytes.subarray(0, certification.lineEnd));
  if (!rsaVerify(identityKey, certification.object!.bytes, signed)) {
    return failure(`the certificate of authority ${v3ident} has a wrong signature`);
  }
  return success({ ...fields.value, signingKeyDigest: encodeHex(sha1(signingKey)), text: bytes.slice() });
}

function readFields(items: Items): Result<Omit<AuthorityCertificate, 'signingKeyDigest' | 'text'>> {
  const time = (keyword: string): number | undefined =>
    readTime(...(items.one(keyword).words as [string, string]));
  const v3ident = readFingerprint(items.one('fingerprint').words.join(''));
  const [publishedMs, expiresMs] = [time('dir-key-published'), time('dir-key-expires')];
  if (items.one('dir-key-certificate-version').words[0] !== '3') {
    return failure('the authority certificate is not of version 3');
  }
  if (v3ident === undefined) return failure('the authority certificate has no fingerprint');
  if (publishedMs === undefined || expiresMs === undefined || expiresMs <= publishedMs) {
    return failure(`the certificate of authority ${v3ident} has no right times`);
  }
  const identityKey = items.one('dir-identity-key').object!.bytes;
  const signingKey = items.one('dir-signing-key').object!.bytes;
  if (!isAuthorityKey(identityKey) || !isAuthorityKey(signingKey)) {
    return failure(`the certificate of authority ${v3ident} holds a key of a size that nobody uses`);
  }
  const place = readHostPort(items.first('dir-address')?.words[0] ?? '');
  const dirAddress = place === undefined ? undefined : `${place.host}:${place.port}`;
  return success({ v3ident, dirAddress, identityKey, signingKey, publishedMs, expiresMs });
}

function isAuthorityKey(der: Uint8Array): boolean {
  const key = decodeRsaPublicKey(der);
  return key.ok && key.value.exponent === RSA_EXPONENT;
}

/** Reads the certificates of an answer; the bad ones do not spoil the others. */
export function parseAuthorityCertificates(bytes: Uint8Array): readonly Result<AuthorityCertificate>[] {
  const parts = splitDocuments(bytes, 'dir-key-certificate-version', CERTIFICATES_PER_ANSWER_MAX);
  return parts.map(parseAuthorityCertificate);
}

/** What goes into a certificate. Private and public keys: PKCS#1 DER. */
export interface CertificateContent {
  readonly identityKey: Uint8Array;
  readonly identityPrivateKey: Uint8Array;
  readonly signingKey: Uint8Array;
  readonly signingPrivateKey: Uint8Array;
  readonly dirAddress: string | undefined;
  readonly publishedMs: number;
  readonly expiresMs: number;
}

/** The text of a certificate, signed by both keys; {@link parseAuthorityCertificate} takes it. */
export function buildAuthorityCertificate(content: CertificateContent): Uint8Array {
  const { identityKey, signingKey, dirAddress } = content;
  const crossCert = rsaSign(content.signingPrivateKey, sha1(identityKey));
  const signed = latin1Bytes(
    [
      'dir-key-certificate-version 3\n',
      dirAddress === undefined ? '' : `dir-address ${dirAddress}\n`,
      `fingerprint ${encodeHex(sha1(identityKey))}\n`,
      `dir-key-published ${timeText(content.publishedMs)}\n`,
      `dir-key-expires ${timeText(content.expiresMs)}\n`,
      `dir-identity-key\n${pemText(KEY, identityKey)}`,
      `dir-signing-key\n${pemText(KEY, signingKey)}`,
      `dir-key-crosscert\n${pemText('ID SIGNATURE', crossCert)}`,
      'dir-key-certification\n',
    ].join(''),
  );
  const signature = rsaSign(content.identityPrivateKey, sha1(signed));
  return joinBytes(signed, latin1Bytes(pemText('SIGNATURE', signature)));
}
