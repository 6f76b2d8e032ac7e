// Aim: announces carry raw bytes untouched and keep what the tracker's URL has already; answers of every kind (BEP 3,
// 7, 23, 24, 31) are understood, and whatever a tracker sends is bounded and harmless.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeBencode } from '../../../engine/codec/bencode.ts';
import {
  addressText,
  compactEndpoints,
  isLiteralAddress,
} from '../../../engine/discovery/tracker/address.ts';
import { decodeAnnounceAnswer } from '../../../engine/discovery/tracker/announce-answer.ts';
import { announceUrl, percentEncode } from '../../../engine/discovery/tracker/announce-url.ts';
import { TRACKERS_MAX, TrackerTiers } from '../../../engine/discovery/tracker/tiers.ts';
import {
  type AnnounceAnswer,
  type AnnounceRequest,
  PEERS_MAX,
} from '../../../engine/discovery/tracker/types.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';

const test = suite('tracker messages');

const request: AnnounceRequest = {
  infoHash: Uint8Array.from({ length: 32 }, (_, index) => index * 8),
  peerId: new TextEncoder().encode('-AL0001-~._-abcDEF09'),
  port: 6881,
  uploaded: 1,
  downloaded: 2,
  left: 3_000_000_000_000,
  event: 'started',
  peersWanted: 50,
  key: 0xabc,
};

function decode(answer: Parameters<typeof encodeBencode>[0]): AnnounceAnswer {
  const decoded = decodeAnnounceAnswer(encodeBencode(answer));
  if (decoded.kind !== 'answer') throw new Error(decoded.kind);
  return decoded.answer;
}

test('bytes are percent-encoded one by one, as they are', () => {
  assert.is(
    percentEncode(Uint8Array.of(0, 0x7f, 0x80, 0xff, 0x41, 0x2d, 0x7e, 0x25, 0x20)),
    '%00%7F%80%FFA-~%25%20',
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const text = percentEncode(bytes);
      const back = text.replaceAll(/%([0-9A-F]{2})/g, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      );
      assert.equal(new Uint8Array(Buffer.from(back, 'latin1')), bytes);
      assert.match(text, /^[A-Za-z0-9\-._~%]*$/);
    }),
  );
});

test('the URL of an announce has all that BEP 3 and BEP 23 ask for; a v2 hash is cut to 20 bytes', () => {
  assert.is(
    announceUrl('http://tracker.test/announce', request),
    'http://tracker.test/announce?info_hash=%00%08%10%18%20%2808%40HPX%60hpx%80%88%90%98' +
      '&peer_id=-AL0001-~._-abcDEF09&port=6881&uploaded=1&downloaded=2&left=3000000000000&compact=1&numwant=50' +
      '&key=00000ABC&event=started',
  );
});

test('a passkey and other words of the tracker’s URL stay', () => {
  const start = (url: string): string => announceUrl(url, request).split('info_hash', 1)[0]!;
  assert.is(start('http://t/announce?passkey=abc'), 'http://t/announce?passkey=abc&');
  assert.is(start('http://t/announce?'), 'http://t/announce?');
  assert.is(start('http://t/a?x=1&'), 'http://t/a?x=1&');
  assert.is(start('http://t/0123abc/announce#x'), 'http://t/0123abc/announce?');
});

test('further addresses and the tracker id go along (BEP 7)', () => {
  const url = announceUrl('http://t/', {
    ...request,
    event: undefined,
    ipv6: '2001::53aa:64c:0:7f83:bc43:dec9',
    ipv4: '10.0.0.1',
    trackerId: Uint8Array.of(0, 65),
  });
  assert.match(url, '&trackerid=%00A&ipv4=10.0.0.1&ipv6=2001%3A%3A53aa%3A64c%3A0%3A7f83%3Abc43%3Adec9');
  assert.not.match(url, 'event');
});

test('a compact answer is understood (BEP 23)', () => {
  const answer = decode({
    interval: 1800,
    'min interval': 900,
    complete: 5,
    incomplete: 3,
    'tracker id': 'abc',
    peers: Uint8Array.of(127, 0, 0, 1, 0x1a, 0xe1, 10, 1, 2, 3, 0, 80),
    'external ip': Uint8Array.of(1, 2, 3, 4),
  });
  assert.equal(answer, {
    intervalMs: 1_800_000,
    minIntervalMs: 900_000,
    peers: [
      { host: '127.0.0.1', port: 6881 },
      { host: '10.1.2.3', port: 80 },
    ],
    trackerId: new TextEncoder().encode('abc'),
    warning: undefined,
    complete: 5,
    incomplete: 3,
    externalAddress: '1.2.3.4',
  });
});

test('IPv6 peers are understood (BEP 7), next to IPv4 ones', () => {
  const six = new Uint8Array(18);
  six.set([0x20, 0x01, 0x0d, 0xb8]);
  six.set([1, 0x1a, 0xe1], 15);
  assert.equal(decode({ interval: 5, peers: Uint8Array.of(1, 2, 3, 4, 0, 9), peers6: six }).peers, [
    { host: '1.2.3.4', port: 9 },
    { host: '2001:db8::1', port: 6881 },
  ]);
  assert.equal(decode({ peers6: six }).peers.length, 1, 'the old key may be missing');
});

test('a list of dictionaries is understood (BEP 3); names and nonsense are left out', () => {
  const answer = decode({
    interval: 1,
    peers: [
      { 'peer id': 'x'.repeat(20), ip: '10.0.0.1', port: 1 },
      { ip: '2001:db8::7', port: 65535 },
      { ip: 'evil.example', port: 80 },
      { ip: '10.0.0.2', port: 0 },
      { ip: '10.0.0.2', port: 65536 },
      { ip: 7, port: 7 },
      { port: 7 },
      'no dictionary',
    ],
  });
  assert.equal(answer.peers, [
    { host: '10.0.0.1', port: 1 },
    { host: '2001:db8::7', port: 65535 },
  ]);
});

test('a refusal has its reason, clean for a terminal, and when to try again (BEP 31)', () => {
  const refused = (answer: Parameters<typeof encodeBencode>[0]) =>
    decodeAnnounceAnswer(encodeBencode(answer));
  assert.equal(refused({ 'failure reason': 'not\u001b[31m registered\n\u202e!', 'retry in': '5' }), {
    kind: 'refused',
    reason: 'not [31m registered !',
    retryAfterMs: 300_000,
  });
  assert.equal(refused({ 'failure reason': 'gone', 'retry in': 'never' }), {
    kind: 'refused',
    reason: 'gone',
    retryAfterMs: Number.POSITIVE_INFINITY,
  });
  assert.equal(refused({ 'failure reason': Uint8Array.of(0), 'retry in': -3 }), {
    kind: 'refused',
    reason: 'no reason given',
    retryAfterMs: undefined,
  });
  const long = refused({ 'failure reason': 'é'.repeat(5000) });
  assert.ok(long.kind === 'refused' && long.reason.length === 200);
});

test('a warning is passed on, an answer of another kind is no answer', () => {
  assert.is(decode({ interval: 1, 'warning message': 'slow down' }).warning, 'slow down');
  for (const text of ['', '<html>', 'de', 'le', 'i5e', 'd8:intervali']) {
    assert.equal(decodeAnnounceAnswer(new TextEncoder().encode(text)), { kind: 'malformed' });
  }
});

test('numbers of a wrong kind are left out; a tracker id too long is not given back', () => {
  const answer = decode({
    interval: -1,
    'min interval': 'x',
    complete: -5,
    peers: '',
    'tracker id': 'x'.repeat(257),
  });
  assert.is(answer.intervalMs, undefined);
  assert.is(answer.minIntervalMs, undefined);
  assert.is(answer.complete, undefined);
  assert.is(answer.trackerId, undefined);
});

test('no more peers are taken than allowed, in either form', () => {
  const four = Uint8Array.of(1, 2, 3, 4, 5, 6);
  const many = new Uint8Array(6 * (PEERS_MAX + 50));
  for (let at = 0; at < many.length; at += 6) many.set(four, at);
  assert.is(decode({ peers: many, peers6: new Uint8Array(180).fill(1) }).peers.length, PEERS_MAX);
  const list = Array.from({ length: PEERS_MAX + 50 }, () => ({ ip: '1.2.3.4', port: 5 }));
  assert.is(decode({ peers: list }).peers.length, PEERS_MAX);
});

test('addresses nobody can connect to are left out, and half an endpoint at the end', () => {
  const peers = [
    0, 0, 0, 0, 0, 1, 224, 0, 0, 1, 0, 1, 255, 255, 255, 255, 0, 1, 9, 9, 9, 9, 0, 0, 9, 9, 9, 9, 0, 1, 1, 2,
  ];
  assert.equal(compactEndpoints(Uint8Array.from(peers), 4, 100), [{ host: '9.9.9.9', port: 1 }]);
  const multicast = new Uint8Array(18).fill(0xff);
  assert.equal(
    compactEndpoints(new Uint8Array(Buffer.concat([new Uint8Array(18).fill(0, 0, 16), multicast])), 16, 9),
    [],
  );
});

test('IPv6 text is that of RFC 5952', () => {
  const text = (hex: string): string | undefined => addressText(new Uint8Array(Buffer.from(hex, 'hex')));
  assert.is(text('20010db8000000000000000000000001'), '2001:db8::1');
  assert.is(text('20010db8000000010001000100010001'), '2001:db8:0:1:1:1:1:1', 'one zero group is not cut');
  assert.is(text('20010000000000010000000000000001'), '2001:0:0:1::1', 'the longest run');
  assert.is(text('20010db8000000000001000000000001'), '2001:db8::1:0:0:1', 'the first of equal runs');
  assert.is(text('00000000000000000000000000000000'), '::');
  assert.is(text('7f000001'), '127.0.0.1');
  assert.is(text('7f0000'), undefined);
});

test('literal addresses are told from names', () => {
  for (const good of [
    '1.2.3.4',
    '255.255.255.255',
    '::',
    '::1',
    '1::',
    '2001:db8::1',
    '1:2:3:4:5:6:7:8',
    '::ffff:1.2.3.4',
  ]) {
    assert.ok(isLiteralAddress(good), good);
  }
  const wrong = [
    '',
    'localhost',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    ':1',
    '12345::',
    'g::',
    '1.2.3.4::',
    '1:2:3:4:5:6:7::8',
  ];
  for (const bad of wrong) assert.not(isLiteralAddress(bad), bad);
});

test('mutated answers: no exception, and never more peers than allowed', () => {
  const seed = encodeBencode({
    interval: 1800,
    peers: [{ ip: '10.0.0.1', port: 1 }],
    peers6: new Uint8Array(36).fill(3),
    'failure reason': undefined,
    complete: 7,
  });
  for (let round = 0; round < 10_000; round++) {
    const random = seededRandom(round);
    const bytes = seed.slice(0, random.below(3) === 0 ? random.below(seed.length) : seed.length);
    for (let count = random.below(4); count > 0 && bytes.length > 0; count--) {
      bytes[random.below(bytes.length)] = random.below(256);
    }
    const decoded = decodeAnnounceAnswer(bytes);
    assert.ok(decoded.kind !== 'answer' || decoded.answer.peers.length <= PEERS_MAX);
  }
});

test('BEP 12: tiers keep their order, each is shuffled once, who answers moves to the front of its tier', () => {
  const orders = new Set<string>();
  for (let seed = 0; seed < 50; seed++) {
    const tiers = new TrackerTiers([['a', 'b', 'c'], [], ['d', 'a'], ['e']], seededRandom(seed));
    const before = tiers.order;
    assert.equal([...before.slice(0, 3)].sort(), ['a', 'b', 'c']);
    assert.equal(before.slice(3), ['d', 'e'], 'no tracker twice');
    assert.equal(tiers.order, before, 'once');
    orders.add(before.join());
    const last = before[2]!;
    tiers.promote(last);
    tiers.promote('e');
    tiers.promote('nobody');
    assert.equal(tiers.order, [last, before[0], before[1], 'd', 'e']);
  }
  assert.is(orders.size, 6);
});

test('no more trackers are used than allowed', () => {
  const many = Array.from({ length: 500 }, (_, index) => [`t${index}`]);
  assert.is(new TrackerTiers(many, seededRandom(1)).order.length, TRACKERS_MAX);
});

test.run();
