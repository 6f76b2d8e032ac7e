/**
 * Aim: with a rate limit a relay moves what it may and no more, in turns, without losing or mixing up a byte; without one
 * all is counted and nothing held; what it moved is remembered by days and gives the bandwidth of the descriptor.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AccountingKeeper, type StoredAccounting } from '../../../engine/node/relay/accounting-keeper.ts';
import { BandwidthHistory } from '../../../engine/node/relay/bandwidth-history.ts';
import { MeteredStream } from '../../../engine/node/relay/metered-stream.ts';
import { OverloadWatch } from '../../../engine/node/relay/overload.ts';
import { TrafficGate } from '../../../engine/node/relay/traffic-gate.ts';
import type { AccountingOptions } from '../../../engine/onion/flow/accounting.ts';
import type { ByteStream, StreamEnd, StreamHandler } from '../../../engine/runtime/port.ts';
import { createRealRandom } from '../../../engine/runtime/real/random.ts';
import { ManualClock } from './support/manual-clock.ts';

const traffic = suite('traffic of a relay');
const DAY_MS = 86_400_000;
const END: StreamEnd = { kind: 'ended', code: '' };

class InnerStream implements ByteStream {
  readonly remote = { host: '192.0.2.1', port: 1 };
  readonly local = { host: '192.0.2.2', port: 2 };
  readonly queuedBytes = 0;
  readonly written: number[] = [];
  isPaused = false;
  isEnded = false;
  write(bytes: Uint8Array, written?: (ok: boolean) => void): void {
    this.written.push(bytes.length);
    written?.(true);
  }
  cork(): void {}
  uncork(): void {}
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  end(): void {
    this.isEnded = true;
  }
  destroy(): void {}
}

class Owner implements StreamHandler {
  readBytes = 0;
  readonly ended: StreamEnd[] = [];
  onOpen(): void {}
  readTarget(): Uint8Array {
    return new Uint8Array(1);
  }
  onRead(length: number): void {
    this.readBytes += length;
  }
  onDrain(): void {}
  onClose(end: StreamEnd): void {
    this.ended.push(end);
  }
}

function stream(gate: TrafficGate) {
  const [inner, owner, metered] = [new InnerStream(), new Owner(), new MeteredStream(gate)];
  metered.attach(inner, owner);
  return { inner, owner, metered };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

traffic('without a limit all is counted and nothing waits', () => {
  const gate = new TrafficGate({ rate: undefined }, { clock: new ManualClock() });
  const { inner, metered } = stream(gate);
  metered.write(new Uint8Array(1_000_000));
  metered.onRead(5_000_000);
  assert.equal([gate.sentBytes, gate.receivedBytes], [1_000_000, 5_000_000]);
  assert.equal(inner.written, [1_000_000]);
  assert.is(inner.isPaused, false);
  assert.is(gate.waiting, 0);
});

traffic('writes wait for their rate, in order, and several streams take turns', () => {
  const clock = new ManualClock();
  const gate = new TrafficGate({ rate: { bytesPerSec: 100_000, burstBytes: 50_000 } }, { clock });
  const [one, two] = [stream(gate), stream(gate)];
  let taken = 0;
  for (let index = 0; index < 20; index += 1) {
    for (const { metered } of [one, two])
      metered.write(new Uint8Array(10_000 + index), (ok) => (taken += ok ? 1 : 0));
  }
  assert.ok(sum(one.inner.written) + sum(two.inner.written) <= 70_000, 'the burst and one write more');
  assert.ok(one.metered.queuedBytes > 100_000);
  clock.advance(1000);
  const after = sum(one.inner.written) + sum(two.inner.written);
  assert.ok(after >= 130_000 && after <= 170_000, `${after}`);
  assert.ok(Math.abs(one.inner.written.length - two.inner.written.length) <= 3, 'in turns');
  clock.advance(4000);
  const order = Array.from({ length: 20 }, (_, index) => 10_000 + index);
  assert.equal(one.inner.written, order);
  assert.equal(two.inner.written, order);
  assert.is(taken, 40);
  assert.is(gate.sentBytes, 2 * sum(order));
});

traffic('reads are paused when the rate is used up, whatever the owner does, and go on by themselves', () => {
  const clock = new ManualClock();
  const gate = new TrafficGate({ rate: { bytesPerSec: 100_000, burstBytes: 50_000 } }, { clock });
  const { inner, owner, metered } = stream(gate);
  metered.onRead(60_000);
  assert.is(owner.readBytes, 60_000, 'what was read is handed on');
  assert.is(inner.isPaused, true);
  metered.pause();
  metered.resume();
  assert.is(inner.isPaused, true, 'the owner cannot undo it');
  clock.advance(90);
  assert.is(inner.isPaused, true);
  clock.advance(30);
  assert.is(inner.isPaused, false);
  metered.onRead(60_000);
  metered.pause();
  clock.advance(1000);
  assert.is(inner.isPaused, true, 'nor the gate what the owner wants');
  metered.resume();
  assert.is(inner.isPaused, false);
});

traffic('a stream that ends sends what waits first, one that breaks gives it back', () => {
  const clock = new ManualClock();
  const gate = new TrafficGate({ rate: { bytesPerSec: 100_000, burstBytes: 10_000 } }, { clock });
  const [ending, broken] = [stream(gate), stream(gate)];
  const results: boolean[] = [];
  for (const { metered } of [ending, broken]) {
    for (let index = 0; index < 5; index += 1)
      metered.write(new Uint8Array(10_000), (ok) => results.push(ok));
  }
  ending.metered.end();
  assert.is(ending.inner.isEnded, false);
  const before = results.length;
  broken.metered.onClose(END);
  assert.equal(results.slice(before), [false, false, false, false, false]);
  assert.equal(broken.owner.ended, [END]);
  clock.advance(3000);
  assert.is(ending.inner.isEnded, true);
  assert.is(sum(ending.inner.written), 50_000);
  assert.is(gate.waiting, 0);
});

traffic('the observed bandwidth is the best ten seconds in both directions', () => {
  const start = 1_800_000_000_000;
  const history = new BandwidthHistory(start);
  const second = (index: number, received: number, sent: number): void =>
    history.add(received, sent, start + (index + 1) * 1000);
  for (let index = 0; index < 9; index += 1) second(index, 1000, 1000);
  assert.is(history.observedBytesPerSec, 0, 'not from less than ten seconds');
  for (let index = 9; index < 30; index += 1) second(index, 5000, 2000);
  assert.is(history.observedBytesPerSec, 2000, 'the smaller of both');
  for (let index = 30; index < 60; index += 1) second(index, 0, 0);
  assert.is(history.observedBytesPerSec, 2000, 'it is remembered');
});

traffic('history goes by days, five of them, and survives a restart', () => {
  const start = 1_800_000_000_000;
  const history = new BandwidthHistory(start);
  assert.equal(history.lines(), []);
  for (let day = 0; day < 8; day += 1) history.add(10_240 * (day + 1), 1500, start + day * DAY_MS + 1000);
  const [write = '', read = ''] = history.lines();
  assert.match(write, /^write-history \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(86400 s\) 1024,1024,1024,1024,1024$/);
  assert.match(read, /\) 30720,40960,51200,61440,71680$/);
  const again = new BandwidthHistory(start + 7 * DAY_MS + 2000, history.toStored());
  assert.equal(again.lines(), [write, read]);
  const muchLater = new BandwidthHistory(start + 100 * DAY_MS, history.toStored());
  assert.equal(muchLater.lines(), [], 'what is old is forgotten');
  const future = new BandwidthHistory(start - 100 * DAY_MS, history.toStored());
  assert.equal(future.lines(), [], 'a clock that was wrong');
});

const MONTHLY: AccountingOptions = {
  maxBytes: 2 ** 40,
  rule: 'sum',
  period: 'day',
  startDay: 1,
  startMinute: 0,
};

traffic('accounting lets a new relay work, warns, sleeps, and wakes in the next period', () => {
  const midnight = Date.UTC(2027, 0, 10);
  const random = createRealRandom();
  const keeper = new AccountingKeeper(MONTHLY, { random, nowMs: midnight + 3_600_000, stored: undefined });
  assert.is(keeper.tick(2 ** 39, 0, midnight + 3_700_000).kind, 'open');
  assert.is(keeper.tick(0, 2 ** 39 - 2 ** 20, midnight + 3_800_000).kind, 'soft');
  assert.is(keeper.tick(0, 2 ** 20, midnight + 7_200_000).kind, 'hard');
  const restarted = new AccountingKeeper(MONTHLY, {
    ...{ random, nowMs: midnight + 7_300_000, stored: keeper.toStored() },
  });
  assert.is(restarted.tick(0, 0, midnight + 7_400_000).kind, 'hard', 'a restart is no way around it');
  const next = restarted.tick(0, 0, midnight + DAY_MS);
  const stored: StoredAccounting = restarted.toStored();
  assert.equal([stored.inBytes, stored.outBytes], [0, 0]);
  assert.ok(stored.wakeMs >= midnight + DAY_MS && stored.wakeMs < midnight + 2 * DAY_MS - 3_600_000 + 1);
  assert.is(next.kind, stored.wakeMs > midnight + DAY_MS ? 'asleep' : 'open');
  assert.is(restarted.tick(0, 0, stored.wakeMs).kind, 'open');
});

traffic('overload is noticed, counted by reason, and told for three days', () => {
  const watch = new OverloadWatch();
  const calm = { isUnderMemoryPressure: false, memoryRefusals: 3, handshakesDropped: 5, dnsTimeouts: 1 };
  const now = 1_800_000_000_000;
  assert.equal(watch.look(calm, now), [], 'what was before the start does not count');
  assert.equal(watch.look({ ...calm, dnsTimeouts: 2 }, now), ['dns']);
  assert.is(watch.general(now), undefined, 'slow name servers are for the operator alone');
  const busy = { isUnderMemoryPressure: true, memoryRefusals: 3, handshakesDropped: 6, dnsTimeouts: 2 };
  assert.equal(watch.look(busy, now), ['memory', 'handshakes']);
  assert.equal(watch.general(now + 1), { version: 1, sinceMs: Math.floor(now / 3_600_000) * 3_600_000 });
  assert.is(watch.general(now + 73 * 3_600_000), undefined);
  assert.equal(watch.counts, { memory: 1, handshakes: 1, dns: 1 });
});

traffic.run();
