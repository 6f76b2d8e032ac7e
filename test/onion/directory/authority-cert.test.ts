// Aim: certificates of authorities are believed only when both keys have signed, and the lines of a configuration that name
// authorities are read or refused with what is wrong.
import { generateKeyPairSync } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  buildAuthorityCertificate,
  CERTIFICATE_LIMITS,
  CERTIFICATES_PER_ANSWER_MAX,
  parseAuthorityCertificate,
  parseAuthorityCertificates,
} from '../../../engine/onion/directory/authority-cert.ts';
import {
  AUTHORITIES_MAX,
  dirAuthorityText,
  parseDirAuthorities,
  parseDirAuthority,
} from '../../../engine/onion/directory/dir-authority.ts';
import { altered, authorities, bytes, certificates, fixture, reasonOf, text, unwrap } from './support.ts';

const test = suite('authority certificates');
const first = (from: string | RegExp, to: string): string =>
  reasonOf(parseAuthorityCertificates(altered('certificates', from, to))[0]!);
const LINE =
  'moria orport=9101 v3ident=F533C81CEF0BC0267857C99B2F471ADF249FA232 128.31.0.39:9231 1A25C6358DB91342AA51720A5038B72742732498';

test('three of a real network', () => {
  assert.equal(certificates.map((one) => one.v3ident).sort(), authorities.map((one) => one.v3ident).sort());
  const one = certificates[0]!;
  assert.is(one.dirAddress, '127.0.0.1:16231');
  assert.is(one.publishedMs, Date.UTC(2026, 10, 22, 20, 14, 21));
  assert.is(one.expiresMs, Date.UTC(2027, 10, 22, 20, 14, 21));
  assert.is(certificates.map((each) => text(each.text)).join(''), text(fixture('certificates')));
});

test('what is not signed by both keys is refused, the others of the answer stay', () => {
  assert.match(first('dir-key-expires 2027', 'dir-key-expires 2028'), /wrong signature/);
  assert.match(first('fingerprint D7', 'fingerprint D8'), /holds another identity key/);
  assert.match(first('JesLuFy+9', 'JesLuFy+8'), /signing key .* has not signed/);
  assert.match(first('dir-key-certificate-version 3', 'dir-key-certificate-version 4'), /version 3/);
  assert.match(first('dir-key-expires 2027', 'dir-key-expires 2025'), /right times/);
  assert.match(first(/dir-signing-key\n/, 'dir-other-key\n'), /“dir-signing-key” is missing/);
  const both = parseAuthorityCertificates(altered('certificates', 'JesLuFy+9', 'JesLuFy+8'));
  assert.equal(
    both.map((one) => one.ok),
    [false, true, true],
  );
});

test('a key with another exponent is refused', () => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 1024, publicExponent: 3 });
  const [identityKey, identityPrivateKey] = [pair.publicKey, pair.privateKey].map(
    (key) => new Uint8Array(key.export({ type: 'pkcs1', format: 'der' }) as Buffer),
  );
  const made = buildAuthorityCertificate({
    identityKey: identityKey!,
    identityPrivateKey: identityPrivateKey!,
    signingKey: identityKey!,
    signingPrivateKey: identityPrivateKey!,
    dirAddress: undefined,
    publishedMs: 0,
    expiresMs: 1000,
  });
  assert.match(reasonOf(parseAuthorityCertificate(made)), /a size that nobody uses/);
});

test('one that is made here is read', () => {
  const [identity, signing] = [2048, 1024].map((modulusLength) =>
    generateKeyPairSync('rsa', { modulusLength }),
  );
  const der = (key: typeof identity, half: 'publicKey' | 'privateKey'): Uint8Array =>
    new Uint8Array(key![half].export({ type: 'pkcs1', format: 'der' }) as Buffer);
  const made = buildAuthorityCertificate({
    identityKey: der(identity, 'publicKey'),
    identityPrivateKey: der(identity, 'privateKey'),
    signingKey: der(signing, 'publicKey'),
    signingPrivateKey: der(signing, 'privateKey'),
    dirAddress: '127.0.0.1:80',
    publishedMs: 1000,
    expiresMs: 5000,
  });
  const read = unwrap(parseAuthorityCertificate(made));
  assert.equal([read.dirAddress, read.publishedMs, read.expiresMs], ['127.0.0.1:80', 1000, 5000]);
});

test('length and number are bounded', () => {
  const long = bytes(`${text(certificates[0]!.text)}${'x\n'.repeat(CERTIFICATE_LIMITS.bytesMax / 2)}`);
  assert.match(reasonOf(parseAuthorityCertificate(long)), /too long/);
  const many = bytes('dir-key-certificate-version 3\n'.repeat(CERTIFICATES_PER_ANSWER_MAX + 50));
  assert.is(parseAuthorityCertificates(many).length, CERTIFICATES_PER_ANSWER_MAX);
});

test('lines of a configuration, with and without their parts', () => {
  const full = unwrap(parseDirAuthority(`DirAuthority ${LINE.replace('128', 'ipv6=[2001:DB8::9]:443 128')}`));
  assert.equal(full, {
    nickname: 'moria',
    host: '128.31.0.39',
    dirPort: 9231,
    orPort: 9101,
    v3ident: 'F533C81CEF0BC0267857C99B2F471ADF249FA232',
    ipv6: { host: '2001:db8::9', port: 443 },
    fingerprint: '1A25C6358DB91342AA51720A5038B72742732498',
  });
  assert.is(dirAuthorityText(unwrap(parseDirAuthority(LINE))), LINE);
  assert.equal(unwrap(parseDirAuthority(dirAuthorityText(full))), full);
  const bare = unwrap(parseDirAuthority('1.2.3.4:80 1A25 C635 8DB9 1342 AA51 720A 5038 B727 4273 2498'));
  assert.equal([bare.nickname, bare.v3ident, bare.orPort], ['', undefined, 0]);
});

test('lines that make no sense are refused, with the number of the line', () => {
  assert.match(reasonOf(parseDirAuthority('moria orport=1')), /no IPv4 address and DirPort/);
  assert.match(reasonOf(parseDirAuthority(LINE.replace('1A25', '1A2'))), /fingerprint of 40 hex digits/);
  assert.match(reasonOf(parseDirAuthority(LINE.replace('9101', '0'))), /“orport=0” is no port/);
  assert.match(reasonOf(parseDirAuthority(LINE.replace('F533', 'G533'))), /no fingerprint/);
  assert.match(reasonOf(parseDirAuthority(LINE.replace('.39:', '.399:'))), /no IPv4 address/);
  assert.match(reasonOf(parseDirAuthorities(`# two\n${LINE}\n\n${LINE}`)), /^line 4: .*moria a second time/);
  const many = Array.from({ length: AUTHORITIES_MAX + 1 }, (_, index) =>
    LINE.replace('F533C8', String(index).padStart(6, '0')),
  );
  assert.match(reasonOf(parseDirAuthorities(many.join('\n'))), /more than 64 authorities/);
});

test.run();
