// Aim: above the limit of memory the circuits with the oldest waiting cells go, no more of them than it takes.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { circuitsToClose, isUnderMemoryPressure } from '../../../engine/onion/flow/memory-pressure.ts';

const test = suite('memory pressure');
const circuit = (queuedBytes: number, oldestQueuedMs: number | undefined) => ({
  queuedBytes,
  oldestQueuedMs,
});

test('nothing is closed up to the limit', () => {
  assert.equal(circuitsToClose([circuit(1000, 0)], 1000, 1000), []);
});

test('the oldest waiting cell goes first, however few wait with it, until 90 per cent are left', () => {
  const [young, old, oldest] = [circuit(700, 300), circuit(60, 200), circuit(1, 100)];
  assert.equal(circuitsToClose([young!, old!, oldest!], 950, 900), [oldest, old, young]);
  const many = Array.from({ length: 100 }, (_, index) => circuit(10, 1000 - index));
  const closed = circuitsToClose(many, 1001, 1000);
  assert.is(closed.length, 11);
  assert.equal(closed, many.slice(-11).reverse());
});

test('of equal age the larger one goes first; circuits without queue are left alone', () => {
  const [large, small, idle] = [circuit(200, 5), circuit(20, 5), circuit(0, undefined)];
  assert.equal(circuitsToClose([idle!, small!, large!], 1001, 1000), [large]);
  assert.equal(circuitsToClose([idle!, small!, large!], 5000, 1000), [large, small]);
});

test('someone who fills queues loses his own circuits', () => {
  const honest = Array.from({ length: 200 }, (_, index) => circuit(2000, 99_000 + index));
  const attacker = Array.from({ length: 50 }, (_, index) => circuit(50_000, 10_000 + index * 100));
  const used = 200 * 2000 + 50 * 50_000;
  const closed = circuitsToClose([...honest, ...attacker], used, used - 1);
  assert.ok(closed.every((one) => attacker.includes(one)));
});

test('pressure is reported above three quarters', () => {
  assert.equal(
    [750, 751].map((used) => isUnderMemoryPressure(used, 1000)),
    [false, true],
  );
});

test.run();
