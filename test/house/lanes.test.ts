/** Aim: tests in lanes run several at once and no more, in their order, and each has its own outcome. */
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Lanes } from '../interop/support/lanes.ts';

const test = suite('lanes of interop tests');

test('as many at once as there are lanes, begun in their order', async () => {
  const lanes = new Lanes<object>({ count: 3 });
  const begun: number[] = [];
  let running = 0;
  let runningMax = 0;
  for (let number = 0; number < 8; number++) {
    lanes.add(async () => {
      begun.push(number);
      runningMax = Math.max(runningMax, ++running);
      await sleep(number % 2 === 0 ? 20 : 5);
      running--;
    });
  }
  assert.equal(begun, [], 'not before one is asked for');
  for (let number = 0; number < 8; number++) await lanes.outcome(number, {});
  assert.equal(begun, [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.is(runningMax, 3);
});

test('a test that fails fails alone, also before it is asked for', async () => {
  const lanes = new Lanes<object>({ count: 2 });
  lanes.add(() => sleep(30).then(() => {}));
  lanes.add(() => Promise.reject(new Error('second')));
  lanes.add(() => Promise.resolve());
  await lanes.outcome(0, {});
  await lanes.outcome(1, {}).then(
    () => assert.unreachable(),
    (error: Error) => assert.is(error.message, 'second'),
  );
  await lanes.outcome(2, {});
});

test('with one lane each begins when it is asked for', async () => {
  const lanes = new Lanes<object>({ count: 1 });
  const begun: number[] = [];
  for (const number of [0, 1]) lanes.add(async () => void begun.push(number));
  await lanes.outcome(0, {});
  assert.equal(begun, [0]);
});

test.run();
