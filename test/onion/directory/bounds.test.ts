// Aim: the lists inside of directory documents are bounded: each is filled to its bound, and one more.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ED_CERT_TYPE } from '../../../engine/onion/crypto/ed-cert.ts';
import { parseConsensus } from '../../../engine/onion/directory/consensus.ts';
import { CONSENSUS_SIGNATURES_MAX } from '../../../engine/onion/directory/consensus-footer.ts';
import { buildServerDescriptor } from '../../../engine/onion/directory/descriptor-build.ts';
import {
  DESCRIPTORS_PER_ANSWER_MAX,
  parseServerDescriptor,
  parseServerDescriptors,
} from '../../../engine/onion/directory/server-descriptor.ts';
import { certificateOf, familyKey, makeRelayKeys, PLAIN_CONTENT } from './descriptor-keys.ts';
import { altered, bytes, fixture, NOW_MS, reasonOf, text, unwrap } from './support.ts';

const test = suite('bounds of documents');
const MICRODESC = 'consensus-microdesc';

function withLine(line: string): Uint8Array {
  return altered(MICRODESC, 'known-flags', `${line}\nknown-flags`);
}

test('signatures of a consensus', () => {
  const whole = text(fixture(MICRODESC));
  const at = whole.indexOf('directory-signature');
  const one = whole.slice(at, whole.indexOf('directory-signature', at + 1));
  const signed = (count: number): Uint8Array => bytes(whole.slice(0, at) + one.repeat(count));
  assert.is(
    unwrap(parseConsensus(signed(CONSENSUS_SIGNATURES_MAX))).signatures.length,
    CONSENSUS_SIGNATURES_MAX,
  );
  assert.match(reasonOf(parseConsensus(signed(CONSENSUS_SIGNATURES_MAX + 1))), /more than 64 signatures/);
});

test('parameters, versions and sources of a consensus', () => {
  const params = (count: number): string =>
    `params ${Array.from({ length: count }, (_, index) => `p${index}=1`).join(' ')}`;
  assert.is(unwrap(parseConsensus(withLine(params(1000)))).params.size, 1000);
  assert.match(reasonOf(parseConsensus(withLine(params(1001)))), /“params”/);
  const flags = altered(MICRODESC, 'known-flags', `known-flags ${'F '.repeat(1001)}`);
  assert.match(reasonOf(parseConsensus(flags)), /more than 1000 entries/);
  const source = `dir-source x ${'A'.repeat(40)} h 127.0.0.1 1 2`;
  assert.match(reasonOf(parseConsensus(withLine(`${source}\n`.repeat(62).trimEnd()))), /more than 64 times/);
});

test('descriptors of an answer, and families looked at in one', () => {
  const many = bytes('router x\n'.repeat(DESCRIPTORS_PER_ANSWER_MAX + 5));
  assert.is(parseServerDescriptors(many, NOW_MS).length, DESCRIPTORS_PER_ANSWER_MAX);
  const keys = makeRelayKeys();
  const good = certificateOf(familyKey, ED_CERT_TYPE.family, keys.ed25519Id);
  const wrong = certificateOf(familyKey, ED_CERT_TYPE.family, familyKey.publicKey);
  const idsOf = (wrongCount: number): readonly string[] => {
    const familyCerts = [...Array.from({ length: wrongCount }, () => wrong), good];
    const made = unwrap(buildServerDescriptor({ ...PLAIN_CONTENT, familyCerts }, keys));
    return unwrap(parseServerDescriptor(made, NOW_MS)).familyIds;
  };
  assert.equal([idsOf(15).length, idsOf(16).length], [1, 0]);
});

test.run();
