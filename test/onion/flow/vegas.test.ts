// Aim: congestion control finds the capacity of a simulated path without filling its queues, gives way to others,
// recovers, and takes every parameter from the consensus within bounds.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ewma, type VegasState, vegasOnSendme, vegasStart } from '../../../engine/onion/flow/vegas.ts';
import {
  CWND_CELLS_MAX,
  isSendmeIncrementValid,
  isVegasWanted,
  sendmeIncrement,
  vegasParams,
} from '../../../engine/onion/flow/vegas-params.ts';
import { vegasReceiver, vegasSender } from '../../../engine/onion/flow/vegas-sender.ts';

const test = suite('congestion control');
const PARAMS = vegasParams(new Map(), 'exit');
const INC = 31;

/** SENDMEs after a fixed round-trip time with the window in full use. */
function answer(state: VegasState, count: number, rttMs: number, isBlocked = false, params = PARAMS): void {
  for (let i = 0; i < count; i++) {
    state.inflight = state.cwnd;
    vegasOnSendme(state, params, { isStalled: false }, 1000, 1000 + rttMs, isBlocked);
  }
}

/** A path with a bottleneck: `cellsPerMs` and a delay; more in flight waits in its queue. */
function runPath(seconds: number, cellsPerMs: (nowMs: number) => number, delayMs: number) {
  const sender = vegasSender(
    { tagBytes: 20, acceptVersionMin: 1, params: PARAMS, increment: INC },
    { isStalled: false },
  );
  const tag = new Uint8Array(20);
  const arriving: number[] = [];
  let busyUntilMs = 0;
  let queueMax = 0;
  const trace: { nowMs: number; cwnd: number; queued: number; answered: number }[] = [];
  let answered = 0;
  for (let nowMs = 0; nowMs < seconds * 1000; nowMs += 1) {
    while (arriving.length > 0 && arriving[0]! <= nowMs) {
      arriving.shift();
      assert.is(sender.onSendme({ version: 1, tag }, nowMs, false), undefined);
      answered += INC;
    }
    while (sender.sendable > 0) {
      const count = Math.min(sender.sendable, sender.untilTag);
      const isAnswered = sender.onSent(count, nowMs);
      busyUntilMs = Math.max(busyUntilMs, nowMs) + count / cellsPerMs(nowMs);
      if (!isAnswered) continue;
      sender.expectTag(tag);
      arriving.push(busyUntilMs + delayMs);
    }
    const queued = Math.max(0, busyUntilMs - nowMs) * cellsPerMs(nowMs);
    if (nowMs > 5000) queueMax = Math.max(queueMax, queued);
    trace.push({ nowMs, cwnd: sender.state.cwnd, queued, answered });
  }
  return { state: sender.state, queueMax, trace };
}

test('starts at 124 cells in slow start and doubles each round trip', () => {
  const state = vegasStart(PARAMS, INC);
  assert.equal([state.cwnd, state.isSlowStart], [124, true]);
  answer(state, 4, 100);
  assert.is(state.cwnd, 248);
});

test('slow start slows down above its cap and ends at 5000', () => {
  const state = vegasStart(PARAMS, INC);
  answer(state, 16, 100);
  assert.ok(state.cwnd > 600);
  const before = state.cwnd;
  answer(state, 1, 100);
  assert.ok(state.cwnd - before < INC, `${state.cwnd - before}`);
  answer(state, 5000, 100);
  assert.not.ok(state.isSlowStart);
  assert.ok(state.cwnd >= 600);
});

test('slow start ends when a queue of gamma cells has built up', () => {
  const state = vegasStart(PARAMS, INC);
  answer(state, 20, 100);
  const before = state.cwnd;
  answer(state, 1, 200);
  assert.not.ok(state.isSlowStart);
  assert.ok(state.cwnd < before + 2 * INC && state.cwnd <= state.bdp + PARAMS.gamma + 1);
});

test('a blocked channel ends slow start at once', () => {
  const state = vegasStart(PARAMS, INC);
  answer(state, 1, 100, true);
  assert.equal([state.isSlowStart, state.isBlocked], [false, true]);
});

test('a window that is not full does not grow', () => {
  const state = vegasStart(PARAMS, INC);
  state.cwnd = 1000;
  for (let i = 0; i < 20; i++) {
    state.inflight = INC;
    vegasOnSendme(state, PARAMS, { isStalled: false }, 0, 100, false);
  }
  assert.is(state.cwnd, 1000);
  assert.is(state.inflight, 0);
});

test('above delta cells in the queue the window falls to it, below alpha it grows', () => {
  const state = vegasStart(PARAMS, INC);
  Object.assign(state, { isSlowStart: false, cwnd: 2000, rttMinUs: 100_000, rttEwmaUs: 100_000 });
  answer(state, 40, 100);
  assert.ok(state.cwnd > 2000);
  Object.assign(state, { cwnd: 2000, rttMinUs: 50_000, rttEwmaUs: 100_000, untilUpdate: 1 });
  answer(state, 1, 100);
  assert.is(state.cwnd, 1000 + PARAMS.delta - PARAMS.cwndInc);
});

test('the window never falls below its floor, and the least round-trip time is given up there', () => {
  const state = vegasStart(PARAMS, INC);
  Object.assign(state, { isSlowStart: false, rttMinUs: 1000, rttEwmaUs: 100_000 });
  answer(state, 200, 100, true);
  assert.is(state.cwnd, PARAMS.cwndMin);
  answer(state, 1, 100);
  assert.ok(state.rttMinUs > 50_000);
});

test('a clock that stands still or jumps changes nothing but what is in flight', () => {
  const clock = { isStalled: false };
  const state = vegasStart(PARAMS, INC);
  Object.assign(state, { isSlowStart: false, rttMinUs: 1000, rttEwmaUs: 1000, inflight: 124 });
  const before = { ...state };
  vegasOnSendme(state, PARAMS, clock, 5, 5, false);
  assert.ok(clock.isStalled);
  vegasOnSendme(state, PARAMS, clock, 5, 5 + 6000, false);
  assert.equal([state.cwnd, state.rttEwmaUs, state.inflight], [before.cwnd, 1000, 124 - 2 * INC]);
});

test('N-EWMA rounds as others do', () => {
  assert.equal([ewma(10, 0, 5), ewma(10, 5, 2), ewma(7, 10, 10)], [10, 8, 9]);
});

test('fills a path of 10 cells a millisecond and 100 ms without a long queue', () => {
  const { state, queueMax, trace } = runPath(20, () => 10, 100);
  const rate = (trace.at(-1)!.answered - trace[10_000]!.answered) / (trace.length - 10_001);
  assert.ok(rate > 9.5, `${rate.toFixed(2)} of 10 cells a millisecond`);
  assert.ok(queueMax < 1000 * 0.6, `queue of ${queueMax.toFixed(0)} cells, the path holds 1000`);
  assert.ok(state.cwnd > 1000 && state.cwnd < 1600, `${state.cwnd}`);
});

test('gives way when the path loses three quarters of its rate, and comes back', () => {
  const { trace } = runPath(60, (nowMs) => (nowMs > 20_000 && nowMs < 35_000 ? 2.5 : 10), 100);
  const late = trace[34_000]!;
  assert.ok(late.cwnd < trace[19_000]!.cwnd * 0.6, `${trace[19_000]!.cwnd} to ${late.cwnd}`);
  const rate = (trace[59_999]!.answered - trace[54_999]!.answered) / 5000;
  assert.ok(rate > 7, `back at ${rate.toFixed(2)} of 10`);
});

test('a wrong tag closes the circuit, also with congestion control', () => {
  const sender = vegasSender(
    { tagBytes: 16, acceptVersionMin: 1, params: PARAMS, increment: INC },
    { isStalled: false },
  );
  assert.is(sender.onSendme({ version: 1, tag: new Uint8Array(16) }, 1, false), 'sendme-unexpected');
  assert.equal(
    [sender.onSent(30, 0), sender.untilTag, sender.onSent(1, 0), sender.untilTag],
    [false, 1, true, 31],
  );
  sender.expectTag(new Uint8Array(16).fill(1));
  assert.is(sender.onSendme({ version: 1, tag: new Uint8Array(16) }, 1, false), 'sendme-tag-wrong');
  assert.is(sender.onSendme({ version: 1, tag: new Uint8Array(16).fill(1) }, 1, false), undefined);
  assert.is(sender.state.inflight, 0);
});

test('a receiver answers each thirty-first cell', () => {
  const receiver = vegasReceiver(INC);
  const due: number[] = [];
  for (let cell = 1; cell <= 93; cell++) if (receiver.onReceived(1) === 'sendme') due.push(cell);
  assert.equal(due, [31, 62, 93]);
});

test('every parameter comes from the consensus and is clamped', () => {
  const wild = new Map(
    [
      ...[
        'cc_cwnd_init',
        'cc_cwnd_min',
        'cc_cwnd_max',
        'cc_cwnd_inc',
        'cc_cwnd_inc_rate',
        'cc_cwnd_inc_pct_ss',
      ],
      ...['cc_sscap_exit', 'cc_ss_max', 'cc_vegas_alpha_exit', 'cc_vegas_beta_exit', 'cc_vegas_gamma_exit'],
      ...['cc_vegas_delta_exit', 'cc_ewma_cwnd_pct', 'cc_ewma_max', 'cc_ewma_ss', 'cc_rtt_reset_pct'],
      ...['cc_cwnd_full_gap', 'cc_cwnd_full_minpct', 'cc_cwnd_full_per_cwnd', 'cc_sendme_inc', 'cc_alg'],
    ].map((name) => [name, -5] as const),
  );
  const low = Object.values(vegasParams(wild, 'exit')).map(Number);
  assert.equal(low, [31, 31, 500, 1, 1, 1, 100, 500, 0, 0, 0, 0, 1, 2, 2, 0, 0, 0, 0]);
  const high = vegasParams(new Map([...wild.keys()].map((name) => [name, 2 ** 40])), 'exit');
  assert.equal([high.cwndInit, high.cwndMin, high.cwndInc, high.alpha], [10_000, 1000, 1000, 1000]);
  assert.is(high.cwndMax, CWND_CELLS_MAX);
  assert.equal(
    [PARAMS.alpha, PARAMS.beta, PARAMS.gamma, PARAMS.delta, PARAMS.slowStartCap],
    [186, 248, 186, 310, 600],
  );
  const onion = vegasParams(new Map([['cc_vegas_alpha_exit', 7]]), 'onion');
  assert.equal([onion.alpha, onion.delta, onion.slowStartCap], [186, 434, 475]);
});

test('the window has a hard bound, whatever the consensus says', () => {
  const params = vegasParams(
    new Map([
      ['cc_ss_max', 2e9],
      ['cc_sscap_exit', 2e9],
      ['cc_cwnd_max', 2e9],
    ]),
    'exit',
  );
  const state = vegasStart(params, INC);
  answer(state, 10_000, 100, false, params);
  assert.is(state.cwnd, CWND_CELLS_MAX);
});

test('an increment of the other end is taken within a factor of two', () => {
  const none = new Map<string, number>();
  assert.is(sendmeIncrement(none), 31);
  const valid = [0, 15, 16, 31, 62, 63].map((increment) => isSendmeIncrementValid(increment, none));
  assert.equal(valid, [false, false, true, true, true, false]);
  assert.equal([isVegasWanted(none), isVegasWanted(new Map([['cc_alg', 0]]))], [true, false]);
});

test.run();
