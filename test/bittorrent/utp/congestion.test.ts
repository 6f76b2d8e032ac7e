// Aim: the decisions of congestion control: what a delay, a loss and a silence do to the window, and what is measured.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DelayHistory } from '../../../engine/bittorrent/utp/delay-history.ts';
import { Ledbat } from '../../../engine/bittorrent/utp/ledbat.ts';
import { RoundTrip } from '../../../engine/bittorrent/utp/round-trip.ts';

const test = suite('congestion control of uTP');
const PACKET = 1380;

/** A window out of slow start. */
function steady(windowBytes: number): Ledbat {
  const ledbat = new Ledbat({ packetBytes: PACKET, windowBytesMax: 1 << 24 });
  while (ledbat.windowBytes < windowBytes) ledbat.onAck(PACKET, ledbat.windowBytes, 0, true);
  ledbat.onAck(1, ledbat.windowBytes, 60, true);
  return ledbat;
}

/** A round trip in which all of the window arrives. */
function round(ledbat: Ledbat, queueMs: number, isLimited = true): number {
  const before = ledbat.windowBytes;
  for (let sent = 0; sent < before; sent += PACKET) {
    ledbat.onAck(Math.min(PACKET, before - sent), before, queueMs, isLimited);
  }
  return ledbat.windowBytes - before;
}

test('BEP 29: with no queue the window grows by 3,000 bytes in a round trip, at the target not at all', () => {
  const grown = round(steady(200_000), 0);
  assert.ok(Math.abs(grown - 3000) < 100, `${grown}`);
  assert.ok(Math.abs(round(steady(200_000), 100)) < 1);
  const half = round(steady(200_000), 50);
  assert.ok(Math.abs(half - 1500) < 50, `${half}`);
});

test('BEP 29: beyond the target of 100 ms it shrinks, the faster the longer the queue', () => {
  const some = round(steady(200_000), 200);
  assert.ok(Math.abs(some + 3000) < 100, `${some}`);
  assert.ok(round(steady(200_000), 400) < 2 * some);
});

test('RFC 6817: it does not grow while it is not used', () => {
  assert.is(round(steady(200_000), 0, false), 0);
  assert.ok(round(steady(200_000), 200, false) < 0, 'it shrinks all the same');
});

test('slow start doubles it with each round trip and ends with a queue of half the target', () => {
  const ledbat = new Ledbat({ packetBytes: PACKET, windowBytesMax: 1 << 24 });
  assert.is(ledbat.windowBytes, 14_600);
  assert.is(round(ledbat, 10), 14_600);
  assert.ok(ledbat.isSlowStart);
  ledbat.onAck(PACKET, 20_000, 51, true);
  assert.not(ledbat.isSlowStart);
});

test('BEP 29: a loss with a queue halves the window, and it grows no faster than TCP for a while', () => {
  const ledbat = steady(200_000);
  const before = ledbat.windowBytes;
  assert.ok(ledbat.onLoss({ queueMs: 80, longestQueueMs: 100, lost: 1, outstanding: 150 }));
  assert.is(ledbat.windowBytes, before / 2);
  const grown = round(ledbat, 0);
  assert.ok(Math.abs(grown - PACKET) < 50, `${grown}`);
  for (let i = 0; i < 100; i++) round(ledbat, 100);
  assert.ok(round(ledbat, 0) > 2900);
});

test('a rare loss without a queue is bad luck; more than two in a hundred are not', () => {
  const ledbat = steady(200_000);
  const before = ledbat.windowBytes;
  assert.not(ledbat.onLoss({ queueMs: 10, longestQueueMs: 100, lost: 1, outstanding: 150 }));
  assert.not(ledbat.onLoss({ queueMs: 10, longestQueueMs: 100, lost: 3, outstanding: 150 }));
  assert.is(ledbat.windowBytes, before);
  assert.ok(ledbat.onLoss({ queueMs: 10, longestQueueMs: 100, lost: 4, outstanding: 150 }));
  assert.is(ledbat.windowBytes, before / 2);
});

test('BEP 29: a timeout leaves one packet, and slow start goes to half of what was', () => {
  const ledbat = steady(200_000);
  const before = ledbat.windowBytes;
  ledbat.onTimeout();
  assert.is(ledbat.windowBytes, PACKET);
  for (let i = 0; i < 12 && ledbat.isSlowStart; i++) round(ledbat, 0);
  assert.ok(ledbat.windowBytes < before, `${ledbat.windowBytes}`);
});

test('the window stays between two packets and its bound', () => {
  const ledbat = new Ledbat({ packetBytes: PACKET, windowBytesMax: 50_000 });
  for (let i = 0; i < 10; i++) round(ledbat, 0);
  assert.is(ledbat.windowBytes, 50_000);
  for (let i = 0; i < 200; i++) round(ledbat, 1000);
  assert.is(ledbat.windowBytes, 2 * PACKET);
});

test('BEP 29: the queue is what delays are above the least one, whatever the clocks say and when they go round', () => {
  for (const offset of [0, 5_000_000, 2 ** 32 - 20_000]) {
    const delays = new DelayHistory();
    for (let i = 0; i < 4; i++) delays.add((offset + 30_000) % 2 ** 32, i);
    assert.is(delays.currentMs, 0);
    for (let i = 0; i < 4; i++) delays.add((offset + 80_000) % 2 ** 32, i);
    assert.is(delays.currentMs, 50);
    delays.add((offset + 40_000) % 2 ** 32, 9);
    assert.is(delays.currentMs, 10, 'the least of the last four');
    assert.is(delays.longestQueueMs, 50);
  }
});

test('BEP 29: the least delay is forgotten after ten minutes, not before', () => {
  const delays = new DelayHistory();
  delays.add(1000, 0);
  for (let minute = 1; minute <= 9; minute++) delays.add(51_000, minute * 60_000);
  for (let i = 0; i < 4; i++) delays.add(51_000, 9 * 60_000 + 1000);
  assert.is(delays.currentMs, 50);
  for (let i = 0; i < 4; i++) delays.add(51_000, 10 * 60_000 + i);
  assert.is(delays.currentMs, 0);
});

test('BEP 29: rtt and rtt_var are smoothed by an eighth and a quarter, the timeout is rtt + 4 rtt_var', () => {
  const trip = new RoundTrip();
  assert.is(trip.timeoutMs, 1000);
  trip.sample(400);
  assert.equal([trip.averageMs, trip.timeoutMs], [400, 1200]);
  trip.sample(800);
  assert.equal([trip.averageMs, trip.timeoutMs], [450, 450 + 4 * (200 + (400 - 200) / 4)]);
  trip.onTimeout();
  assert.is(trip.timeoutMs, 2900);
  for (let i = 0; i < 10; i++) trip.onTimeout();
  assert.is(trip.timeoutMs, 60_000, 'not for ever longer');
  trip.onProgress();
  for (let i = 0; i < 100; i++) trip.sample(1);
  assert.is(trip.timeoutMs, 500);
});

test.run();
