// Aim: a consensus of C tor is read as it says, in either flavour, and what makes no sense is refused with a reason.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CONSENSUS_LIMITS, parseConsensus } from '../../../engine/onion/directory/consensus.ts';
import { hasFlag } from '../../../engine/onion/directory/consensus-types.ts';
import { summaryAllows } from '../../../engine/onion/directory/port-summary.ts';
import { supportsProtocol } from '../../../engine/onion/directory/protocols.ts';
import {
  altered,
  bytes,
  fixture,
  fixtureConsensus,
  largeConsensus,
  reasonOf,
  text,
  unwrap,
} from './support.ts';

const test = suite('consensus');
const MICRODESC = 'consensus-microdesc';
const reasonFor = (from: string | RegExp, to: string): string =>
  reasonOf(parseConsensus(altered(MICRODESC, from, to)));

test('the preamble: times, delays, protocols, shared random value, sources', () => {
  const consensus = fixtureConsensus('microdesc');
  assert.is(consensus.flavour, 'microdesc');
  assert.is(consensus.method, 35);
  assert.is(consensus.validAfterMs, Date.UTC(2026, 10, 22, 20, 16, 0));
  assert.is(consensus.freshUntilMs, Date.UTC(2026, 10, 22, 20, 16, 20));
  assert.is(consensus.validUntilMs, Date.UTC(2026, 10, 22, 20, 17, 0));
  assert.is(consensus.voteDelayMs, 4000);
  assert.ok(supportsProtocol(consensus.requiredRelayProtocols, 'Relay', 4));
  assert.not(supportsProtocol(consensus.requiredRelayProtocols, 'Relay', 5));
  assert.is(consensus.knownFlags.length, 12);
  assert.is(consensus.sharedRandomCurrent?.value.length, 32);
  assert.is(consensus.sharedRandomPrevious, undefined);
  assert.equal(
    consensus.sources.map(({ nickname, dirPort, orPort }) => [nickname, dirPort, orPort]),
    [
      ['auth1', 16228, 16227],
      ['auth3', 16234, 16233],
      ['auth2', 16231, 16230],
    ],
  );
  assert.is(consensus.sources[0]?.contact, 'private-net <nobody@invalid.test>');
  assert.is(consensus.sources[2]?.voteDigest, '2B0DA2229A5E1C77656EAE27977EA37F2DD7267F');
});

test('relays of the microdesc flavour, weights and signatures', () => {
  const { routers, bandwidthWeights, signatures } = fixtureConsensus('microdesc');
  const relay = routers[2]!;
  assert.is(routers.length, 6);
  assert.is(relay.nickname, 'relay1');
  assert.is(relay.fingerprint, 'AD3AEE9C28B6EB9E956F8B087ABFACD8389611C3');
  assert.is(relay.microdescDigest, '4T6p83PEFRMUoOwtt8n2q17of9WS3lEBEEcvkt26yOo');
  assert.is(relay.descriptorDigest, undefined);
  assert.equal([relay.host, relay.orPort, relay.dirPort], ['127.0.0.1', 16236, 0]);
  assert.equal([relay.bandwidthKb, relay.isUnmeasured], [52, true]);
  assert.ok(hasFlag(relay, 'Exit') && hasFlag(relay, 'Running') && !hasFlag(relay, 'BadExit'));
  assert.ok(supportsProtocol(relay.protocols, 'Relay', 6));
  assert.is(relay.protocols, routers[0]?.protocols, 'equal lines are shared');
  assert.is(bandwidthWeights.get('Wbg'), 4990);
  assert.is(bandwidthWeights.size, 19);
  assert.equal(
    signatures.map(({ algorithm, signature }) => [algorithm, signature.length]),
    Array.from({ length: 3 }, () => ['sha256', 256]),
  );
});

test('relays of the ns flavour have a descriptor digest and a policy', () => {
  const relay = fixtureConsensus('ns').routers[2]!;
  assert.is(relay.descriptorDigest, '2F5393436DA7BAAC3E5C8B6684213C33ABDDB51F');
  assert.is(relay.microdescDigest, undefined);
  assert.ok(summaryAllows(relay.policy!, 443));
  assert.is(fixtureConsensus('ns').signatures[0]?.algorithm, 'sha1');
});

test('parameters, IPv6 addresses and words of later versions', () => {
  const changed = text(altered(MICRODESC, 'known-flags', 'params circwindow=800 x=-2147483648\nknown-flags'))
    .replace('m kTz', 'a 1.2.3.4:5\na [2001:DB8::1]:443\nnews from=tomorrow\nm kTz')
    .replace('s Authority Fast', 's Authority Fast NewFlag');
  const { params, routers } = unwrap(parseConsensus(bytes(changed)));
  assert.equal([params.get('circwindow'), params.get('x')], [800, -2147483648]);
  assert.equal(routers[0]?.ipv6, { host: '2001:db8::1', port: 443 });
  assert.ok(hasFlag(routers[0]!, 'Fast'));
});

test('a relay that makes no sense is left out and counted, the others stay', () => {
  for (const [from, to] of [
    [/m kTz\S+/, 'm kTz'],
    ['m kTzpoTF0Zmr9X4xYFF3LI5CGeiDQ6kgJw7c2VY/1Pfs\n', ''],
    ['r auth2 UrIXr2ZpfVf2iztTzROrHpdpfwg', 'r auth2 UrIX'],
    ['Bandwidth=107', 'Bandwidth=lots'],
    ['2038-01-01 00:00:00 127.0.0.1 16230', '2038-01-01 00:00:00 127.0.0.256 16230'],
  ] as const) {
    const consensus = unwrap(parseConsensus(altered(MICRODESC, from, to)));
    assert.equal([consensus.routers.length, consensus.routersLeftOut], [5, 1], String(from));
  }
});

test('what spoils the whole is refused with what is wrong', () => {
  assert.match(reasonFor('network-status-version 3 microdesc', 'network-status-version 4'), /version 3/);
  assert.match(reasonFor('network-status-version', '\nnetwork-status-version'), /version 3/);
  assert.match(reasonFor('vote-status consensus', 'vote-status vote'), /no consensus/);
  assert.match(reasonFor(/valid-until .*\n/, ''), /“valid-until” is missing/);
  assert.match(reasonFor('fresh-until 2026-11-22', 'fresh-until 2026-11-21'), /do not follow/);
  assert.match(reasonFor('valid-after 2026-11-22', 'valid-after 2026-02-30'), /valid-after/);
  assert.match(
    reasonFor('consensus-method 35', 'consensus-method 35\nconsensus-method 35'),
    /more than once/,
  );
  assert.match(reasonFor('r relay3 lZB', 'r relay3 AAB'), /not in order/);
  assert.match(reasonFor('directory-footer\n', ''), /footer|makes no sense|signature/);
  assert.match(reasonFor('Wbd=0 ', 'Wbd=x '), /weights/);
  assert.match(reasonFor('-----END SIGNATURE-----\n', '-----END SIGNATURE-----\nparams x=1\n'), /unsigned/);
  assert.match(reasonFor('-----END SIGNATURE-----', '-----END SIGNATUR-----'), /does not end/);
  assert.match(reasonFor('contact private', 'contact \0private'), /zero byte/);
  assert.match(reasonOf(parseConsensus(fixture(MICRODESC).subarray(0, 3000))), /middle of a line|footer/);
  assert.match(reasonOf(parseConsensus(new Uint8Array(0))), /version 3/);
});

test('length, lines, line length, objects and relays are bounded', () => {
  const limited = (limits: Partial<typeof CONSENSUS_LIMITS>): string =>
    reasonOf(parseConsensus(fixture(MICRODESC), { ...CONSENSUS_LIMITS, ...limits }));
  assert.match(limited({ bytesMax: 5000 }), /longer than 5000 bytes/);
  assert.match(limited({ linesMax: 40 }), /too many lines/);
  assert.match(limited({ lineBytesMax: 100 }), /a line that is too long/);
  assert.match(limited({ objectBytesMax: 300 }), /behind “directory-signature” that is too long/);
  assert.match(limited({ routersMax: 5 }), /more than 5 relays/);
});

test('8,000 relays are read in well under a second', () => {
  const large = largeConsensus('microdesc', 8000);
  const startedMs = performance.now();
  assert.is(unwrap(parseConsensus(large)).routers.length, 8000);
  assert.ok(performance.now() - startedMs < 1000);
});

test.run();
