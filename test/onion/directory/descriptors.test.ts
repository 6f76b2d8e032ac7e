// Aim: descriptors, extra-info and microdescriptors of C tor are read and verified whole; ours say what they should and verify
// the same way; no byte of a signed text can be changed.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ED_CERT_TYPE } from '../../../engine/onion/crypto/ed-cert.ts';
import { buildServerDescriptor } from '../../../engine/onion/directory/descriptor-build.ts';
import { DESCRIPTOR_LIMITS, EXTRA_INFO_LIMITS } from '../../../engine/onion/directory/descriptor-rules.ts';
import { buildExitPolicy } from '../../../engine/onion/directory/exit-policy.ts';
import { buildExtraInfo, historyLine, parseExtraInfo } from '../../../engine/onion/directory/extra-info.ts';
import { policyAllowsText } from '../../../engine/onion/directory/policy-check.ts';
import { portSummaryText } from '../../../engine/onion/directory/port-summary.ts';
import { missingProtocols } from '../../../engine/onion/directory/protocols.ts';
import {
  parseServerDescriptor,
  parseServerDescriptors,
} from '../../../engine/onion/directory/server-descriptor.ts';
import { encodeBase64 } from '../../../engine/onion/directory/text.ts';
import { certificateOf, familyKey, makeRelayKeys, PLAIN_CONTENT } from './descriptor-keys.ts';
import { altered, bytes, fixture, fixtureConsensus, NOW_MS, reasonOf, text, unwrap } from './support.ts';

const test = suite('descriptors');
const keys = makeRelayKeys();
const DAY_MS = 86_400_000;
const first = (from: string | RegExp, to: string): string =>
  reasonOf(parseServerDescriptors(altered('descriptors', from, to), NOW_MS)[0]!);

test('those of C tor verify and have the digests that the consensus names', () => {
  const [relay, authority] = parseServerDescriptors(fixture('descriptors'), NOW_MS).map(unwrap);
  const { routers } = fixtureConsensus('ns');
  for (const one of [relay!, authority!]) {
    const status = routers.find(({ fingerprint }) => fingerprint === one.fingerprint);
    assert.is(one.digest, status?.descriptorDigest);
  }
  assert.equal([relay!.nickname, relay!.orPort, relay!.dirPort], ['relay1', 16236, 0]);
  assert.equal(relay!.bandwidth, {
    rateBytesPerSec: 1073741824,
    burstBytesPerSec: 1073741824,
    observedBytesPerSec: 52870,
  });
  assert.ok(policyAllowsText(relay!.policy, '8.8.8.8', 80));
  assert.not(policyAllowsText(authority!.policy, '8.8.8.8', 80));
  assert.ok(relay!.isTunnelledDirServer && relay!.isHiddenServiceDir);
  assert.is(relay!.contact, 'private-net <nobody@invalid.test>');
  const info = unwrap(
    parseExtraInfo(fixture('extra-info'), { nowMs: NOW_MS, identityKey: relay!.identityKey }),
  );
  assert.equal(info.digest, relay!.extraInfoDigest);
});

test('every signature of a descriptor is looked at', () => {
  assert.match(first('uptime 73', 'uptime 74'), /wrong Ed25519 signature/);
  assert.match(first(/lEIMvIv5/, 'lEIMvIv6'), /RSA onion key has not signed/);
  assert.match(first(/(ntor-onion-key-crosscert )1/, '$10'), /ntor key has not signed the identity/);
  assert.match(first('ntor-onion-key zbYL', 'ntor-onion-key zbYM'), /ntor key has not signed the identity/);
  assert.match(
    first('master-key-ed25519 5e2', 'master-key-ed25519 5e3'),
    /master-key-ed25519 is another key/,
  );
  assert.match(first('AQQAB57tAaKM', 'AQQAB57tAaKN'), /signing key is not good \(wrong-signature\)/);
  assert.match(first('fingerprint AD3A', 'fingerprint AD3B'), /fingerprint is another/);
  assert.match(first('Csjr/dxr', 'Csjr/dxs'), /wrong RSA signature/);
  const [relay] = parseServerDescriptors(fixture('descriptors'), NOW_MS + 400 * DAY_MS);
  assert.match(reasonOf(relay!), /expired/);
  const late = altered('descriptors', 'tunnelled-dir-server\nrouter-sig', 'router-sig');
  assert.match(reasonOf(parseServerDescriptors(late, NOW_MS)[0]!), /wrong Ed25519 signature/);
});

test('of an answer only what was asked for is read, and that once', () => {
  const answer = fixture('descriptors');
  const [relay] = parseServerDescriptors(answer, NOW_MS).map(unwrap);
  const wanted = new Set([relay!.digest]);
  const twice = bytes(`${text(answer)}${text(answer)}`);
  const read = parseServerDescriptors(twice, NOW_MS, wanted).map(unwrap);
  assert.equal(
    read.map(({ digest }) => digest),
    [relay!.digest],
  );
  assert.is(wanted.size, 1, 'the list of the caller stays as it is');
  assert.equal(parseServerDescriptors(answer, NOW_MS, new Set(['00'.repeat(20)])), []);
  // What is changed has another digest, so it is not even looked at.
  assert.equal(parseServerDescriptors(altered('descriptors', 'uptime 73', 'uptime 74'), NOW_MS, wanted), []);
});

test('lines that are missing, twice or out of place are named', () => {
  assert.match(first(/published .*\n/, ''), /“published” is missing/);
  assert.match(first('uptime 73', 'uptime 73\nuptime 74'), /“uptime” stands there more than once/);
  assert.match(first('bandwidth 1073741824', 'bandwidth much'), /no three numbers/);
  assert.match(first('accept *:*', 'accept everything'), /no address or network/);
  assert.match(first('router relay1', 'router relay-1'), /nickname/);
  const appended = `${text(fixture('extra-info'))}more 1\n`;
  assert.match(
    reasonOf(parseExtraInfo(bytes(appended), { nowMs: NOW_MS, identityKey: undefined })),
    /follows/,
  );
});

test('one of ours says all that it is told, and verifies', () => {
  const { fingerprint } = keys;
  const info = unwrap(
    buildExtraInfo(
      {
        nickname: 'plain',
        fingerprint,
        publishedMs: NOW_MS,
        lines: [historyLine('write-history', { endMs: NOW_MS, intervalSeconds: 86400, bytes: [1, 2] })],
      },
      keys,
    ),
  );
  const policy = unwrap(
    buildExitPolicy({
      isExit: true,
      rules: ['accept *:80', 'accept 9.9.9.9:53'],
      isReduced: false,
      allowPrivate: false,
      allowIpv6: true,
      ownAddresses: [],
    }),
  );
  const other = 'AD3AEE9C28B6EB9E956F8B087ABFACD8389611C3';
  const made = unwrap(
    buildServerDescriptor(
      {
        ...PLAIN_CONTENT,
        ipv6: { host: '2001:db8::7', port: 9001 },
        policy,
        family: [fingerprint, other, `$${other.toLowerCase()}`],
        familyCerts: [certificateOf(familyKey, ED_CERT_TYPE.family, keys.ed25519Id)],
        contact: 'Jürgen <j@invalid.test>',
        isHibernating: true,
        isHiddenServiceDir: true,
        cachesExtraInfo: true,
        extraInfoDigest: info.digest,
        overloadGeneral: { version: 1, sinceMs: NOW_MS },
      },
      keys,
    ),
  );
  const read = unwrap(parseServerDescriptor(made, NOW_MS));
  assert.equal(read.ipv6, { host: '2001:db8::7', port: 9001 });
  assert.equal(read.family, [`$${other}`]);
  assert.equal(read.familyIds, [`ed25519:${encodeBase64(familyKey.publicKey)}`]);
  assert.is(read.contact, 'Jürgen <j@invalid.test>');
  assert.is(portSummaryText(read.policy6), 'accept 80');
  assert.ok(policyAllowsText(read.policy, '9.9.9.9', 53) && !policyAllowsText(read.policy, '10.0.0.1', 80));
  assert.equal(read.overloadGeneral, { version: 1, sinceMs: Date.UTC(2026, 10, 22, 20) });
  assert.equal([read.uptimeSeconds, read.cachesExtraInfo, read.isHiddenServiceDir], [7, true, true]);
  assert.equal(read.extraInfoDigest, info.digest);
  assert.equal([...read.ntorOnionKey], [...keys.ntorOnionKey]);
  assert.match(text(made), /\nhibernating 1\n/);
  assert.not.match(text(made), /accept6|reject6|\[::/);
  const again = unwrap(parseExtraInfo(info.bytes, { nowMs: NOW_MS, identityKey: keys.rsaIdentityKey }));
  assert.equal(again.digest, info.digest);
  assert.equal(missingProtocols(fixtureConsensus('ns').requiredClientProtocols, read.protocols), []);
});

test('a family certificate about another relay is nothing', () => {
  const familyCerts = [certificateOf(familyKey, ED_CERT_TYPE.family, familyKey.publicKey)];
  const made = unwrap(buildServerDescriptor({ ...PLAIN_CONTENT, familyCerts }, keys));
  assert.equal(unwrap(parseServerDescriptor(made, NOW_MS)).familyIds, []);
});

test('no single changed byte goes unnoticed', () => {
  const made = unwrap(buildServerDescriptor(PLAIN_CONTENT, keys));
  for (let at = 0; at < made.length - 1; at += 37) {
    const changed = made.slice();
    changed[at]! ^= 2;
    const result = parseServerDescriptor(changed, NOW_MS);
    assert.not(result.ok, `byte ${at}`);
  }
});

test('words of the operator that fit into no descriptor are refused', () => {
  const wrong = (change: Partial<typeof PLAIN_CONTENT>): string =>
    reasonOf(buildServerDescriptor({ ...PLAIN_CONTENT, ...change }, keys));
  assert.match(wrong({ nickname: 'two words' }), /nickname/);
  assert.match(wrong({ contact: 'a\nrouter-signature' }), /line break/);
  assert.match(wrong({ host: '::1' }), /not IPv4/);
  assert.match(wrong({ platform: 'x\ny' }), /platform/);
  assert.match(wrong({ family: ['me'] }), /family/);
  assert.match(wrong({ contact: 'x'.repeat(DESCRIPTOR_LIMITS.bytesMax) }), /20,000 are allowed/);
  const content = { nickname: 'plain', fingerprint: keys.fingerprint, publishedMs: NOW_MS };
  assert.match(reasonOf(buildExtraInfo({ ...content, lines: ['a\nb'] }, keys)), /line that is none/);
  const long = [`x ${'y'.repeat(EXTRA_INFO_LIMITS.bytesMax)}`];
  assert.match(reasonOf(buildExtraInfo({ ...content, lines: long }, keys)), /50,000/);
});

test('documents that are too long are refused unread', () => {
  const long = bytes(`router x\n${'a\n'.repeat(DESCRIPTOR_LIMITS.bytesMax)}`);
  assert.match(reasonOf(parseServerDescriptor(long, NOW_MS)), /20,000 bytes/);
  const info = bytes('a'.repeat(EXTRA_INFO_LIMITS.bytesMax + 1));
  assert.match(reasonOf(parseExtraInfo(info, { nowMs: NOW_MS, identityKey: undefined })), /50,000 bytes/);
});

test.run();
