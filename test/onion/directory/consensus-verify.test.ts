// Aim: a consensus is believed only within its time and with good signatures of more than half of the authorities that the
// operator knows; a refusal says which of these is missing and names the authorities.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseConsensus } from '../../../engine/onion/directory/consensus.ts';
import {
  consensusAge,
  type TrustOptions,
  verifyConsensus,
} from '../../../engine/onion/directory/consensus-verify.ts';
import { nextConsensusFetchMs } from '../../../engine/onion/directory/fetch-times.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';
import { altered, authorities, certificates, fixtureConsensus, NOW_MS, unwrap } from './support.ts';

const test = suite('consensus verification');
const HOUR_MS = 3_600_000;
const consensus = fixtureConsensus('microdesc');
const verdictOf = (trust: Partial<TrustOptions>, of = consensus) =>
  verifyConsensus(of, { authorities, certificates, nowMs: NOW_MS, ...trust });
const strangers = authorities.map((one, index) => ({ ...one, v3ident: String(index).repeat(40) }));

function refusalOf(trust: Partial<TrustOptions>, of = consensus) {
  const verdict = verdictOf(trust, of);
  if (verdict.ok) throw new Error('it should have been refused');
  return verdict;
}

test('both flavours of a real network verify', () => {
  for (const flavour of ['ns', 'microdesc'] as const) {
    const verdict = verdictOf({}, fixtureConsensus(flavour));
    assert.ok(verdict.ok);
    assert.equal([...verdict.signers].sort(), authorities.map((one) => one.v3ident).sort());
  }
});

test('two of three are enough, one of three and two of four are not', () => {
  assert.ok(verdictOf({ certificates: certificates.slice(0, 2) }).ok);
  const one = refusalOf({ certificates: certificates.slice(0, 1) });
  assert.is(one.fault, 'missing-certificates');
  assert.match(
    one.reason,
    /1 good signatures of 3 known authorities; 2 are needed; no valid certificate .* auth1 \(4740/,
  );
  assert.equal(one.missing.length, 2);
  const four = [...authorities, ...strangers.slice(0, 1)];
  assert.ok(verdictOf({ authorities: four }).ok);
  assert.is(
    refusalOf({ authorities: four, certificates: certificates.slice(0, 2) }).fault,
    'missing-certificates',
  );
});

test('too few signatures, with the names of those that are wrong', () => {
  const tampered = unwrap(parseConsensus(altered('consensus-microdesc', 'Bandwidth=52 ', 'Bandwidth=53 ')));
  const refusal = refusalOf({}, tampered);
  assert.is(refusal.fault, 'too-few-signatures');
  assert.match(
    refusal.reason,
    /0 good signatures of 3 .* the signature is wrong of auth1 \(.*auth3 \(.*auth2 \(/,
  );
  const alone = [authorities[0]!, ...strangers];
  const few = refusalOf({ authorities: alone });
  assert.is(few.fault, 'too-few-signatures');
  assert.match(few.reason, /1 good signatures of 4 .*3 are needed; unknown authorities: C73F\w+, D757/);
});

test('unknown authorities, and none configured', () => {
  const unknown = refusalOf({ authorities: strangers });
  assert.is(unknown.fault, 'unknown-authorities');
  assert.match(unknown.reason, /unknown authorities: 4740084E9127AB9C1C41B87B9487511B457726E8/);
  assert.is(refusalOf({ authorities: [] }).fault, 'no-authorities');
});

test('one authority that signs three times counts once', () => {
  const [first, ...others] = consensus.signatures;
  const repeated = {
    ...consensus,
    signatures: [first!, first!, { ...first!, signingKeyDigest: '0'.repeat(40) }],
  };
  assert.is(others.length, 2);
  assert.match(refusalOf({}, repeated).reason, /1 good signatures of 3/);
});

test('the certificate of another authority does not help, an expired one neither', () => {
  const swapped = certificates.map((one, index) => ({
    ...one,
    signingKey: certificates[(index + 1) % certificates.length]!.signingKey,
  }));
  assert.is(refusalOf({ certificates: swapped }).fault, 'too-few-signatures');
  const expired = certificates.map((one) => ({ ...one, expiresMs: NOW_MS - 1 }));
  assert.is(refusalOf({ certificates: expired }).fault, 'missing-certificates');
});

test('SHA-1 signatures do not count for the microdesc flavour', () => {
  const ns = fixtureConsensus('ns');
  const mixed = { ...ns, flavour: 'microdesc' as const };
  assert.is(refusalOf({}, mixed).fault, 'too-few-signatures');
});

test('expired and not yet valid, with an hour for slow clocks and a day of grace', () => {
  const { validAfterMs, validUntilMs, freshUntilMs } = consensus;
  const ageAt = (nowMs: number) => consensusAge(consensus, nowMs);
  assert.is(ageAt(validAfterMs - HOUR_MS - 1), 'not-yet-valid');
  assert.is(ageAt(validAfterMs - HOUR_MS), 'fresh');
  assert.is(ageAt(freshUntilMs), 'valid');
  assert.is(ageAt(validUntilMs + 1), 'stale');
  assert.is(ageAt(validUntilMs + 24 * HOUR_MS + 1), 'expired');
  assert.match(
    refusalOf({ nowMs: validUntilMs + 25 * HOUR_MS }).reason,
    /expired: it was valid until 2026-11-22 20:17:00/,
  );
  assert.match(
    refusalOf({ nowMs: validAfterMs - 2 * HOUR_MS }).reason,
    /only from 2026-11-22 20:16:00 UTC on/,
  );
  const stale = verdictOf({ nowMs: validUntilMs + HOUR_MS });
  assert.ok(stale.ok && stale.age === 'stale');
});

test('the next one is fetched between fresh-until and valid-until, at random', () => {
  const random = seededRandom(1);
  const life = { validAfterMs: 0, freshUntilMs: HOUR_MS, validUntilMs: 3 * HOUR_MS };
  const times = Array.from({ length: 500 }, () => nextConsensusFetchMs(life, 'client', random));
  assert.ok(Math.min(...times) >= 1.75 * HOUR_MS && Math.max(...times) < (1.75 + (1.25 * 7) / 8) * HOUR_MS);
  assert.ok(Math.max(...times) - Math.min(...times) > HOUR_MS);
  const cache = Array.from({ length: 500 }, () => nextConsensusFetchMs(life, 'cache', random));
  assert.ok(Math.min(...cache) >= HOUR_MS + 120_000 && Math.max(...cache) < 1.5 * HOUR_MS + 120_000);
});

test.run();
