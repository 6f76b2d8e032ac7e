// Aim: a stream is stopped when too much of it waits, goes on when it has drained, hears the rate at which it drains,
// and whoever sends such messages without reason loses the circuit.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { xonFlow } from '../../../engine/onion/client/stream-flow.ts';
import { noteStreamSent, obeyState, onXoff, onXon } from '../../../engine/onion/flow/xon-received.ts';
import {
  type DrainState,
  drainState,
  type FlowMessage,
  onStreamData,
  onStreamDrained,
  xonParams,
} from '../../../engine/onion/flow/xon-xoff.ts';

const test = suite('XON and XOFF');
const PARAMS = xonParams(new Map());
const XOFF_BYTES = 500 * 498;

/** Has waited for too long with too much. */
function xoff(state: DrainState): void {
  onStreamData(state, PARAMS, XOFF_BYTES + 1, -6);
  assert.equal(onStreamData(state, PARAMS, XOFF_BYTES + 1, 0), { kind: 'xoff' });
}

test('XOFF when more than 500 cells wait, once', () => {
  const state = drainState(PARAMS, true);
  assert.is(onStreamData(state, PARAMS, XOFF_BYTES, 0), undefined);
  assert.is(onStreamData(state, PARAMS, XOFF_BYTES + 1, 1), undefined);
  assert.equal(onStreamData(state, PARAMS, XOFF_BYTES + 1, 7), { kind: 'xoff' });
  assert.is(onStreamData(state, PARAMS, XOFF_BYTES + 9999, 20), undefined);
});

test('no XOFF for what is gone again within 5 ms, neither when more comes nor when it drains', () => {
  const state = drainState(PARAMS, false);
  onStreamData(state, PARAMS, XOFF_BYTES + 1, 0);
  assert.is(onStreamData(state, PARAMS, XOFF_BYTES + 1, 5), undefined);
  assert.is(onStreamData(state, PARAMS, XOFF_BYTES, 6), undefined, 'less waits: it begins anew');
  assert.is(onStreamData(state, PARAMS, XOFF_BYTES + 1, 100), undefined);
  onStreamDrained(state, PARAMS, 1000, XOFF_BYTES, 102);
  assert.is(onStreamData(state, PARAMS, XOFF_BYTES + 1, 200), undefined, 'and anew');
  assert.is(state.isXoffSent, false);
  assert.equal(onStreamData(state, PARAMS, XOFF_BYTES + 1, 206), { kind: 'xoff' });
});

test('each version of C tor may count the cells of XOFF in its own way', () => {
  // 0.4.9 in cells of 488 bytes, 0.4.8 of 498: we send no sooner than the one, and accept what the other sends.
  assert.equal([PARAMS.xoffClientBytes, PARAMS.xoffExitBytes], [500 * 498, 500 * 498]);
  const flow = xonFlow(PARAMS);
  flow.onSent(500 * 488);
  assert.ok(flow.onXoff(), 'as soon as an exit of 0.4.9 may send it');
  const early = xonFlow(PARAMS);
  early.onSent(500 * 488 - 1);
  assert.not.ok(early.onXoff());
});

test('XON when all has drained, with the rate at which it did', () => {
  const state = drainState(PARAMS, false);
  xoff(state);
  const messages: FlowMessage[] = [];
  let waiting = XOFF_BYTES * 3;
  for (let nowMs = 1; waiting > 0; nowMs += 1) {
    waiting = Math.max(0, waiting - 1000);
    const message = onStreamDrained(state, PARAMS, waiting, 1000, nowMs);
    if (message !== undefined) messages.push(message);
  }
  assert.is(messages.length, 1);
  const [message] = messages;
  assert.ok(message?.kind === 'xon' && message.kbps > 900 && message.kbps < 1100, JSON.stringify(message));
});

test('a standstill before it drains does not count: the rate is that of the draining', () => {
  const state = drainState(PARAMS, false);
  onStreamData(state, PARAMS, XOFF_BYTES / 2, 0);
  xoff(state);
  onStreamData(state, PARAMS, XOFF_BYTES * 2, 2);
  let message: FlowMessage | undefined;
  let waiting = XOFF_BYTES * 2;
  for (let nowMs = 60_000; waiting > 0; nowMs += 1) {
    waiting = Math.max(0, waiting - 1000);
    message = onStreamDrained(state, PARAMS, waiting, 1000, nowMs);
  }
  assert.ok(message?.kind === 'xon' && message.kbps > 900, JSON.stringify(message));
});

/** Drains `rate` bytes a millisecond for `durationMs` while data waits; the messages sent. */
function drain(state: DrainState, rate: number, fromMs: number, durationMs: number): readonly FlowMessage[] {
  const messages: FlowMessage[] = [];
  for (let nowMs = fromMs; nowMs < fromMs + durationMs; nowMs++) {
    const message = onStreamDrained(state, PARAMS, 100_000, rate, nowMs);
    if (message !== undefined) messages.push(message);
  }
  return messages;
}

test('another XON when the rate has changed by a quarter, not for less', () => {
  const state = drainState(PARAMS, true);
  state.isXoffSent = true;
  drain(state, 1000, 0, 1000);
  onStreamDrained(state, PARAMS, 0, 0, 1000);
  assert.ok(state.toldKbps > 900);
  assert.equal(drain(state, 1100, 1001, 2000), []);
  assert.ok(drain(state, 3000, 3001, 2000).length > 0);
});

test('without XON before there is nothing to correct', () => {
  assert.equal(drain(drainState(PARAMS, true), 3000, 0, 3000), []);
});

test('a clock that stands still gives no rate', () => {
  const state = drainState(PARAMS, true);
  for (let i = 0; i < 1000; i++) onStreamDrained(state, PARAMS, 100_000, 1000, 5);
  assert.is(state.rateKbps, 0);
});

test('parameters from the consensus, clamped', () => {
  const params = xonParams(
    new Map([
      ['cc_xoff_exit', 1e9],
      ['cc_xoff_client', 0],
      ['cc_xon_change_pct', 100],
    ]),
  );
  assert.equal([params.xoffExitBytes, params.xoffClientBytes, params.changePercent], [10_000 * 498, 498, 99]);
});

test('XOFF stops, XON starts again with its rate, 0 means no limit', () => {
  const state = obeyState();
  noteStreamSent(state, XOFF_BYTES);
  assert.is(onXoff(state, XOFF_BYTES), undefined);
  assert.ok(state.isStopped);
  assert.is(onXon(state, PARAMS, 500, XOFF_BYTES), undefined);
  assert.equal([state.isStopped, state.rateBytesPerSec], [false, 500_000]);
  noteStreamSent(state, XOFF_BYTES);
  assert.is(onXon(state, PARAMS, 0, XOFF_BYTES), undefined);
  assert.is(state.rateBytesPerSec, Number.POSITIVE_INFINITY);
});

test('XOFF twice closes the circuit', () => {
  const state = obeyState();
  onXoff(state, undefined);
  assert.is(onXoff(state, undefined), 'xoff-twice');
});

test('XOFF or XON before enough was sent mark a stream: the circuit closes; an exit does not check', () => {
  assert.is(onXoff(obeyState(), XOFF_BYTES), 'xoff-too-many');
  assert.is(onXon(obeyState(), PARAMS, 1, XOFF_BYTES), 'xon-too-many');
  assert.is(onXoff(obeyState(), undefined), undefined);
  assert.is(onXon(obeyState(), PARAMS, 1, undefined), undefined);
});

test('a long stream does not earn thousands of messages', () => {
  const state = obeyState();
  for (let i = 0; i < 10_000; i++) noteStreamSent(state, 100_000);
  assert.ok(state.sentBytes <= 10 * 2 ** 20);
  let accepted = 0;
  while (onXon(state, PARAMS, 1, XOFF_BYTES) === undefined) accepted += 1;
  assert.ok(accepted < 50, `${accepted}`);
});

test.run();
