/**
 * Aim: the shares of a relay's rate limit never add up to more than the limit, go to those that move bytes and are held
 * back, and are looked at again no more often than agreed.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ToShard, Traffic } from '../../../../engine/node/relay/shards/messages.ts';
import { RateBoard, type RateTaker } from '../../../../engine/node/relay/shards/rate-board.ts';
import { sumReports } from '../../../../engine/node/relay/shards/stats-sum.ts';
import { TrafficGate, type TrafficRate } from '../../../../engine/node/relay/traffic-gate.ts';
import type { Milliseconds } from '../../../../engine/runtime/port.ts';

const test = suite('the board of rates');
const RATE = { bytesPerSec: 900_000, burstBytes: 1_800_000 };

/** A shard that has moved so much, and what it was told. */
class Taker implements RateTaker {
  readonly told: (TrafficRate | undefined)[] = [];
  #traffic: Traffic | undefined;

  move(bytes: number, held: number): void {
    const before = this.#traffic ?? { receivedBytes: 0, sentBytes: 0, heldReads: 0, heldWrites: 0 };
    this.#traffic = {
      receivedBytes: before.receivedBytes + bytes,
      sentBytes: before.sentBytes + bytes / 2,
      heldReads: before.heldReads + held,
      heldWrites: before.heldWrites,
    };
  }

  get report(): RateTaker['report'] {
    const traffic = this.#traffic;
    return traffic === undefined ? undefined : { ...sumReports([]), traffic };
  }

  post(message: ToShard): void {
    if (message.kind === 'rate') this.told.push(message.rate);
  }

  get last(): TrafficRate {
    return this.told.at(-1)!;
  }
}

function setUp(limit: TrafficRate | 'none' = RATE) {
  const rate = limit === 'none' ? undefined : limit;
  let nowMs = 1000;
  const ownRates: (TrafficRate | undefined)[] = [];
  const clock = {
    now: () => nowMs as Milliseconds,
    wallClock: () => nowMs,
    setTimer: () => ({ cancel: () => {} }),
  };
  const gate = new TrafficGate({ rate }, { clock });
  const setRate = gate.setRate.bind(gate);
  gate.setRate = (next) => {
    ownRates.push(next);
    setRate(next);
  };
  const board = new RateBoard(rate, { gate, now: () => nowMs });
  const takers = [new Taker(), new Taker()] as const;
  const look = (afterMs: number): void => {
    nowMs += afterMs;
    board.look(takers);
  };
  return { board, takers, ownRates, look };
}

test('at first all have the same, the main thread included', () => {
  const { board } = setUp();
  assert.equal(board.equalShare(2), { bytesPerSec: 300_000, burstBytes: 600_000 });
  assert.is(setUp('none').board.equalShare(2), undefined);
});

test('who is held back gets more, who rests less, and all together no more than the limit', () => {
  const { takers, ownRates, look } = setUp();
  const [busy, resting] = takers;
  for (let round = 0; round < 5; round += 1) {
    busy.move(150_000, 3);
    resting.move(1000, 0);
    look(500);
    const shares = [busy.last, resting.last, ownRates.at(-1)!];
    const sum = (of: keyof TrafficRate): number => shares.reduce((total, share) => total + share[of], 0);
    assert.ok(sum('bytesPerSec') <= RATE.bytesPerSec * 1.000001, `${sum('bytesPerSec')}`);
    assert.ok(sum('burstBytes') <= RATE.burstBytes * 1.000001, `${sum('burstBytes')}`);
    assert.ok(shares.every(({ bytesPerSec }) => bytesPerSec > 0));
  }
  assert.ok(busy.last.bytesPerSec > RATE.bytesPerSec / 2, `${busy.last.bytesPerSec}`);
  assert.ok(resting.last.bytesPerSec < RATE.bytesPerSec / 3, `${resting.last.bytesPerSec}`);
});

test('it is what was moved since the last look that counts', () => {
  const { takers, look } = setUp();
  const [one, other] = takers;
  one.move(10_000_000, 50);
  other.move(1, 0);
  look(500);
  const whenBusy = one.last.bytesPerSec;
  for (let round = 0; round < 3; round += 1) {
    one.move(0, 0);
    other.move(200_000, 5);
    look(500);
  }
  assert.ok(one.last.bytesPerSec < whenBusy, `${one.last.bytesPerSec}`);
  assert.ok(other.last.bytesPerSec > one.last.bytesPerSec);
});

test('shares are looked at every half second, and never where there is no limit', () => {
  const { takers, look } = setUp();
  look(499);
  assert.is(takers[0].told.length, 0);
  look(1);
  assert.is(takers[0].told.length, 1);
  look(499);
  assert.is(takers[0].told.length, 1);
  const free = setUp('none');
  free.look(10_000);
  assert.is(free.takers[0].told.length, 0);
  assert.is(free.ownRates.length, 0);
});

test('another limit goes to all at once, and its end as well', () => {
  const { board, takers, ownRates } = setUp();
  board.setRate({ bytesPerSec: 90, burstBytes: 180 }, takers);
  for (const taker of takers) assert.equal(taker.told, [{ bytesPerSec: 30, burstBytes: 60 }]);
  assert.equal(ownRates, [{ bytesPerSec: 30, burstBytes: 60 }]);
  board.setRate(undefined, takers);
  assert.is(takers[1].told.at(-1), undefined);
  assert.is(ownRates.at(-1), undefined);
});

test.run();
