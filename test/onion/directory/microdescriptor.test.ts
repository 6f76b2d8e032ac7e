// Aim: microdescriptors have the digest of their exact text, families are canonical and must be mutual, and a bad one does
// not spoil the others of an answer.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  areFamily,
  FAMILY_MEMBERS_MAX,
  readFamily,
  readFamilyIds,
} from '../../../engine/onion/directory/family.ts';
import {
  MICRODESC_LIMITS,
  MICRODESCS_PER_ANSWER_MAX,
  parseMicrodescriptor,
  parseMicrodescriptors,
} from '../../../engine/onion/directory/microdescriptor.ts';
import { portSummaryText } from '../../../engine/onion/directory/port-summary.ts';
import { parseProtocols } from '../../../engine/onion/directory/protocols.ts';
import { altered, bytes, fixture, fixtureConsensus, reasonOf, text, unwrap } from './support.ts';

const test = suite('microdescriptors');
const A = 'AD3AEE9C28B6EB9E956F8B087ABFACD8389611C3';
const B = '959054E276F958D1FE5A6DEF5E7206373DD65DB9';

test('those of a network are the ones that its consensus names', () => {
  const parts = parseMicrodescriptors(fixture('microdescriptors'));
  const digests = parts.map(({ result }) => unwrap(result).digest).sort();
  assert.equal(
    digests,
    fixtureConsensus('microdesc')
      .routers.map((one) => one.microdescDigest)
      .sort(),
  );
  assert.is(parts.map((part) => text(part.bytes)).join(''), text(fixture('microdescriptors')));
  const exit = unwrap(parts[1]!.result);
  assert.is(portSummaryText(exit.policy), 'accept 1-65535');
  assert.is(portSummaryText(exit.policy6), 'reject 1-65535');
  assert.equal([exit.ntorOnionKey.length, exit.ed25519Id?.length], [32, 32]);
});

test('families, IPv6 ports and keys with padding', () => {
  const key = Buffer.alloc(32, 5).toString('base64');
  const made = unwrap(
    parseMicrodescriptor(
      bytes(
        `onion-key\nntor-onion-key ${key}\na [2001:db8::1]:9\nfamily $${A.toLowerCase()}~x Bob $${A}=y !\n` +
          `family-ids ed25519:b ed25519:a\np accept 80\np6 accept 443\nid rsa1024 x\nid ed25519 ${key.replace('=', '')}\n`,
      ),
    ),
  );
  assert.equal(made.family, [`$${A}`, 'bob']);
  assert.equal(made.familyIds, ['ed25519:a', 'ed25519:b']);
  assert.equal(made.ipv6, { host: '2001:db8::1', port: 9 });
  assert.is(portSummaryText(made.policy6), 'accept 443');
  assert.is(made.ed25519Id?.[0], 5);
});

test('bad ones are refused, the others stay', () => {
  const parts = parseMicrodescriptors(
    altered('microdescriptors', 'ntor-onion-key cetaq', 'ntor-onion-key c'),
  );
  assert.equal(
    parts.map(({ result }) => result.ok),
    [false, true, true, true, true, true],
  );
  assert.match(reasonOf(parts[0]!.result), /ntor key .* 32 bytes/);
  for (const bad of [
    '',
    'onion-key\n',
    'ntor-onion-key x\n',
    'onion-key\nntor-onion-key AA\n',
    'family a\nonion-key\n',
  ]) {
    assert.ok(reasonOf(parseMicrodescriptor(bytes(bad))), bad);
  }
});

test('length and number are bounded', () => {
  const long = bytes(`onion-key\nfamily ${'a '.repeat(MICRODESC_LIMITS.bytesMax / 2)}\n`);
  assert.match(reasonOf(parseMicrodescriptor(long)), /too long/);
  const many = bytes('onion-key\n'.repeat(MICRODESCS_PER_ANSWER_MAX + 9));
  assert.is(parseMicrodescriptors(many).length, MICRODESCS_PER_ANSWER_MAX);
  const names = Array.from({ length: FAMILY_MEMBERS_MAX + 9 }, (_, index) => `n${index}`);
  assert.is(readFamily(names).length, FAMILY_MEMBERS_MAX);
  assert.is(readFamilyIds(names).length, FAMILY_MEMBERS_MAX);
});

test('a family needs both sides, or a key', () => {
  const relay = (fingerprint: string, family: readonly string[], familyIds: readonly string[] = []) => ({
    fingerprint,
    nickname: `Nick${fingerprint.slice(0, 2)}`,
    family,
    familyIds,
  });
  assert.ok(areFamily(relay(A, [`$${B}`]), relay(B, [`$${A}`])));
  assert.ok(areFamily(relay(A, ['nick95']), relay(B, [`$${A}`])));
  assert.not(areFamily(relay(A, [`$${B}`]), relay(B, [])));
  assert.not(areFamily(relay(A, [`$${B}`]), relay(B, [`$${B}`])));
  assert.ok(areFamily(relay(A, [], ['ed25519:x', 'ed25519:y']), relay(B, [], ['ed25519:y'])));
  assert.not(areFamily(relay(A, [], ['ed25519:x']), relay(B, [], [])));
});

test('subprotocols: ranges, order, bounds', () => {
  const read = unwrap(parseProtocols('Relay=1-3,6 Link= Cons=2'));
  assert.equal(read.get('Relay'), [
    { low: 1, high: 3 },
    { low: 6, high: 6 },
  ]);
  for (const bad of [
    'Relay',
    '=1',
    'Relay=3-1',
    'Relay=64',
    'Relay=1 Relay=2',
    'Re lay=1',
    'Relay=1,,2',
    'Relay=-1',
  ]) {
    assert.ok(reasonOf(parseProtocols(bad)), bad);
  }
  const many = Array.from({ length: 65 }, (_, index) => `P${index}=1`).join(' ');
  assert.match(reasonOf(parseProtocols(many)), /more than 64/);
});

test.run();
