/** Aim: virtual time is exact: order, cancelling, promises between two moments, and every way a run can stop. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Timeline } from '../../../engine/runtime/sim/timeline.ts';

const test = suite('timeline');

test('events run by time, at equal times in the order they were made', async () => {
  const timeline = new Timeline();
  const ran: string[] = [];
  const note = (name: string) => () => ran.push(`${name}@${timeline.nowMs}`);
  timeline.at(5, note('c'));
  timeline.at(1, note('a'));
  timeline.at(5, note('d'));
  timeline.at(2, () => {
    note('b')();
    timeline.at(0, note('late'));
    timeline.at(5, note('e'));
  });
  assert.is(await timeline.run(), 'idle');
  assert.equal(ran, ['a@1', 'b@2', 'late@2', 'c@5', 'd@5', 'e@5']);
  assert.is(timeline.nowMs, 5);
});

test('a promise chain of any length is through before time goes on', async () => {
  const timeline = new Timeline();
  let steps = 0;
  const chain = async (): Promise<void> => {
    for (let i = 0; i < 5000; i++) {
      await undefined;
      steps++;
    }
  };
  let seen = -1;
  timeline.at(1, () => void chain());
  timeline.at(1.000001, () => {
    seen = steps;
  });
  void chain();
  await timeline.run({ untilMs: 0.5 });
  assert.is(steps, 5000, 'also what was started before the run');
  await timeline.run();
  assert.is(seen, 10_000);
});

test('promises go on before what an event added for now', async () => {
  const timeline = new Timeline();
  const ran: string[] = [];
  timeline.at(1, () => {
    ran.push('event');
    timeline.at(1, () => ran.push('next'));
    void Promise.resolve().then(() => ran.push('promise'));
  });
  timeline.at(1, () => ran.push('same moment'));
  await timeline.run();
  assert.equal(ran, ['event', 'same moment', 'promise', 'next']);
});

test('a run stops at its time, by its condition, or when nothing is left', async () => {
  const timeline = new Timeline();
  let ticks = 0;
  const tick = (): void => {
    ticks++;
    timeline.at(timeline.nowMs + 10, tick);
  };
  timeline.at(10, tick);
  assert.is(await timeline.run({ untilMs: 35 }), 'time');
  assert.is(ticks, 3);
  assert.is(timeline.nowMs, 35, 'the clock shows the end');
  assert.is(await timeline.run({ forMs: 10 }), 'time');
  assert.is(timeline.nowMs, 45);
  assert.is(await timeline.run({ until: () => ticks === 7 }), 'condition');
  assert.is(timeline.nowMs, 70);
  assert.is(await timeline.run({ until: () => true }), 'condition');
  assert.is(timeline.nowMs, 70, 'a condition that holds already costs no time');
  assert.is(await new Timeline().run({ untilMs: 5 }), 'idle');
});

test('an endless loop, a second run and an exception in an event come out as errors', async () => {
  const timeline = new Timeline();
  const loop = (): void => {
    timeline.at(0, loop);
  };
  timeline.at(0, loop);
  const failure = async (promise: Promise<unknown>): Promise<string> => {
    try {
      await promise;
      return '';
    } catch (error) {
      return String(error);
    }
  };
  assert.match(await failure(timeline.run({ eventsMax: 1000 })), 'more than 1000 events');
  const other = new Timeline();
  other.at(1, () => {
    throw new Error('from an event');
  });
  const running = other.run();
  assert.match(await failure(other.run()), 'already running');
  assert.match(await failure(running), 'from an event');
  assert.is(await other.run(), 'idle', 'and it can go on');
});

test('a long run lets the process breathe', async () => {
  const timeline = new Timeline();
  let breathed = false;
  setImmediate(() => {
    breathed = true;
  });
  for (let i = 0; i < 20_000; i++) timeline.at(i, () => {});
  await timeline.run();
  assert.ok(breathed);
});

test.run();
