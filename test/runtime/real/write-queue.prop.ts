/** Aim: every write is answered exactly once and in order, and the bytes are counted, however many wait. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WriteQueue } from '../../../engine/runtime/real/write-queue.ts';

const test = suite('write queue');

test('against a plain list', () => {
  const step = fc.oneof(fc.record({ push: fc.nat(100) }), fc.constant('settle' as const));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), fc.boolean(), (steps, silent) => {
      const queue = new WriteQueue();
      const model: { readonly id: number; readonly length: number }[] = [];
      const answers: string[] = [];
      const expected: string[] = [];
      let ids = 0;
      for (const one of steps) {
        if (one === 'settle') {
          const first = model.shift();
          if (first !== undefined) expected.push(`${first.id} true`);
          queue.settle(true);
        } else {
          const id = ids++;
          model.push({ id, length: one.push });
          queue.push(one.push, (ok) => answers.push(`${id} ${ok}`));
        }
        assert.is(
          queue.bytes,
          model.reduce((sum, { length }) => sum + length, 0),
        );
      }
      if (silent) queue.push(5, undefined);
      queue.fail();
      assert.equal(answers, [...expected, ...model.map(({ id }) => `${id} false`)]);
      assert.is(queue.bytes, 0);
    }),
  );
});

test('a queue that is never empty keeps its order and forgets what is answered', () => {
  const queue = new WriteQueue();
  const answers: number[] = [];
  const push = (id: number): void => queue.push(1, () => answers.push(id));
  for (let id = 0; id < 3; id++) push(id);
  for (let id = 3; id < 10_000; id++) {
    push(id);
    queue.settle(true);
    assert.ok(queue.storedWrites <= 1024 + 4, `${queue.storedWrites}`);
  }
  queue.fail();
  assert.equal(
    answers,
    Array.from({ length: 10_000 }, (_, id) => id),
  );
});

test('an answer may write again', () => {
  const queue = new WriteQueue();
  let count = 0;
  const again = (): void => {
    count++;
    if (count < 5) queue.push(1, again);
  };
  queue.push(1, again);
  queue.fail();
  assert.is(count, 5);
});

test.run();
