/**
 * Aim: a tracker takes whatever comes over UDP and HTTP: nothing throws, nothing grows beyond its bounds, and whoever has not
 * shown that it receives at its address gets no more than it sent.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeBencode } from '../../../engine/codec/bencode.ts';
import { percentEncode } from '../../../engine/discovery/tracker/announce-url.ts';
import {
  encodeUdpAnnounce,
  encodeUdpConnect,
  encodeUdpScrape,
  UDP_ACTION,
} from '../../../engine/discovery/tracker/udp-messages.ts';
import { HttpResponder } from '../../../engine/discovery/tracker-server/http-responder.ts';
import { RateGuard } from '../../../engine/discovery/tracker-server/rate-guard.ts';
import { applySwarmLog, SwarmLogWriter } from '../../../engine/discovery/tracker-server/swarm-log.ts';
import { TRACKER_DEFAULTS, Tracker } from '../../../engine/discovery/tracker-server/tracker.ts';
import { newTrackerCounts } from '../../../engine/discovery/tracker-server/tracker-counts.ts';
import { UdpResponder } from '../../../engine/discovery/tracker-server/udp-responder.ts';
import type { Milliseconds } from '../../../engine/runtime/port.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';

const test = suite('requests to a tracker');
const ROUNDS = 20_000;
const LIMITS = { torrentsMax: 200, peersMax: 400 };

function setUp(seed: number, log?: SwarmLogWriter) {
  const random = seededRandom(seed);
  const tracker = new Tracker({ ...TRACKER_DEFAULTS, ...LIMITS }, { random, log });
  const modules = {
    clock: { now: () => 1_000_000 as Milliseconds, wallClock: () => 0, setTimer: () => ({ cancel() {} }) },
    random,
    tracker,
    guard: new RateGuard({ perMinuteMax: 0 }, { random }),
    counts: newTrackerCounts(),
    gate: undefined,
  };
  return { random, tracker, udp: new UdpResponder(modules), http: new HttpResponder(modules), modules };
}

type Random = ReturnType<typeof seededRandom>;

function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const result = bytes.slice(0, random.below(8) === 0 ? random.below(bytes.length + 1) : bytes.length);
  for (let i = random.below(4); i > 0 && result.length > 0; i--)
    result[random.below(result.length)] = random.below(256);
  return result;
}

function address(random: Random): string {
  return random.below(2) === 0
    ? `10.0.${random.below(4)}.${random.below(256)}`
    : `2001:db8::${random.below(4).toString(16)}:${random.below(65_536).toString(16)}`;
}

const request = (random: Random) => ({
  infoHash: new Uint8Array(20).fill(random.below(256)),
  peerId: random.bytes(20),
  port: random.below(65_536),
  uploaded: 1,
  downloaded: 2,
  left: random.below(2),
  event: undefined,
  peersWanted: random.below(2 ** 32),
  key: 1,
});

test('mutated datagrams: no exception, no growth, no amplification', () => {
  const { random, tracker, udp } = setUp(5);
  let answered = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const from = { host: address(random), port: random.below(65_536) };
    const connected = udp.answer(encodeUdpConnect(round), from)?.slice(8, 16) ?? random.bytes(8);
    const isConnected = random.below(3) > 0;
    const id = isConnected ? connected : random.bytes(8);
    const kind = random.below(3);
    const bytes = mutate(
      kind === 0
        ? encodeUdpConnect(round)
        : kind === 1
          ? encodeUdpAnnounce(id, round, request(random), '/announce?x=y')
          : encodeUdpScrape(id, round, [random.bytes(20), random.bytes(20)]),
      random,
    );
    const answer = udp.answer(bytes, from);
    if (answer === undefined) continue;
    answered++;
    assert.ok(answer.length <= 1400);
    if (!isConnected || answer[3] === UDP_ACTION.connect)
      assert.ok(answer.length <= Math.max(16, bytes.length));
  }
  assert.ok(answered > ROUNDS / 4, `${answered}`);
  assert.ok(tracker.torrents.count <= LIMITS.torrentsMax);
  assert.ok(tracker.peerCount <= 2 * LIMITS.peersMax);
  assert.ok(tracker.refused > 0, 'the tables were full');
});

test('mutated requests over HTTP: no exception, and every answer is bencode', () => {
  const { random, tracker, http } = setUp(6);
  const pieces = [
    '&port=',
    '&left=',
    '&event=stopped',
    '%',
    '&numwant=99999999999',
    '=',
    '\u0101',
    '&compact=0',
    '&',
  ];
  let answered = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const { infoHash, port } = request(random);
    let path = `/${random.below(2) === 0 ? 'announce' : 'scrape'}?info_hash=${percentEncode(infoHash)}&port=${port}&left=1`;
    for (let i = random.below(4); i > 0; i--) {
      const at = random.below(path.length + 1);
      const piece = pieces[random.below(pieces.length)]!;
      path = path.slice(0, at) + piece + path.slice(at + random.below(3));
    }
    const answer = http.answer(path, { host: address(random), port: 1 });
    if (answer === undefined) continue;
    answered++;
    assert.ok(decodeBencode(Buffer.from(answer, 'latin1')).ok, path);
  }
  assert.ok(answered > ROUNDS / 4, `${answered}`);
  assert.ok(tracker.peerCount <= 2 * LIMITS.peersMax);
});

test('a log of changes makes another tracker know the same, and a mutated one does no harm', () => {
  const batches: Uint8Array[] = [];
  const writer = new SwarmLogWriter({ onBatch: (batch) => batches.push(batch) });
  const one = setUp(7, writer);
  const two = setUp(8);
  for (let round = 0; round < 500; round++) {
    const from = { host: address(one.random), port: 9 };
    const query = `info_hash=${percentEncode(new Uint8Array(20).fill(one.random.below(50)))}`;
    const event = one.random.below(4) === 0 ? 'stopped' : 'started';
    one.http.answer(
      `/announce?${query}&port=${1 + one.random.below(3)}&left=${one.random.below(2)}&event=${event}`,
      from,
    );
  }
  writer.flush();
  for (const batch of batches) assert.ok(applySwarmLog(two.tracker, batch, 1000));
  assert.is(two.tracker.peerCount, one.tracker.peerCount);
  for (let i = 0; i < 50; i++) {
    const hash = new Uint8Array(20).fill(i);
    const all = [one, two].map(({ tracker }) => {
      tracker.scrape(hash, 0);
      return [tracker.complete, tracker.incomplete];
    });
    assert.equal(all[0], all[1]);
  }
  for (let round = 0; round < 2000; round++)
    applySwarmLog(two.tracker, mutate(batches[0]!, two.random), 1000);
  assert.ok(two.tracker.peerCount <= 2 * LIMITS.peersMax);
  assert.not.ok(applySwarmLog(two.tracker, Uint8Array.of(9), 1000));
});

test.run();
