/**
 * Aim: however many handshakes are answered at once, only some are worked on before the loop has its turn again, none is
 * left behind or overtaken, and one alone does not wait.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HANDSHAKES_PER_TURN, HandshakeTurns } from '../../../engine/onion/client/handshake-turns.ts';
import type { Milliseconds } from '../../../engine/runtime/port.ts';

const test = suite('turns of handshakes');

function setUp() {
  const timers: (() => void)[] = [];
  const turns = new HandshakeTurns({
    clock: {
      now: () => 0 as Milliseconds,
      wallClock: () => 0,
      setTimer(delayMs, action) {
        assert.is(delayMs, 0);
        timers.push(action);
        return { cancel: () => {} };
      },
    },
  });
  const turn = (): void => {
    for (const timer of timers.splice(0)) timer();
  };
  return { turns, turn, timers };
}

test('a share of them at once, the rest in later turns and in order', () => {
  const { turns, turn, timers } = setUp();
  const done: number[] = [];
  const count = 3 * HANDSHAKES_PER_TURN - 1;
  for (let i = 0; i < count; i += 1) turns.run(() => done.push(i));
  assert.is(done.length, HANDSHAKES_PER_TURN);
  assert.is(turns.length, count - HANDSHAKES_PER_TURN);
  turn();
  assert.is(done.length, 2 * HANDSHAKES_PER_TURN);
  turns.run(() => done.push(count));
  assert.is(done.length, 2 * HANDSHAKES_PER_TURN, 'nobody overtakes those that wait');
  turn();
  assert.equal(
    done,
    Array.from({ length: count + 1 }, (_, i) => i),
  );
  turn();
  assert.is(timers.length, 0, 'nothing is left running');
});

test('what steps lead to counts as well', () => {
  const { turns, turn } = setUp();
  let done = 0;
  const step = (): void => {
    done += 1;
    turns.run(step);
  };
  turns.run(step);
  assert.is(done, HANDSHAKES_PER_TURN);
  turn();
  assert.is(done, 2 * HANDSHAKES_PER_TURN);
});

test('each turn begins with a share of its own', () => {
  const { turns, turn } = setUp();
  let done = 0;
  for (let i = 1; i <= 10; i += 1) {
    turns.run(() => {
      done += 1;
    });
    assert.is(done, i);
    turn();
  }
});

test.run();
