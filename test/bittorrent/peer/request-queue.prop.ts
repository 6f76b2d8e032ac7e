// Aim: the ring of requests behaves like a plain list, whatever the order of pushes, removals and shifts.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RequestQueue } from '../../../engine/bittorrent/peer/request-queue.ts';

const test = suite('request queue');
const LENGTH_MAX = 200;

type Step =
  | { readonly kind: 'push'; readonly count: number; readonly piece: number }
  | { readonly kind: 'shift'; readonly count: number }
  | { readonly kind: 'remove'; readonly at: number }
  | { readonly kind: 'clear' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('push' as const), count: fc.integer({ min: 1, max: 90 }), piece: fc.nat(3) }),
  fc.record({ kind: fc.constant('shift' as const), count: fc.nat(80) }),
  fc.record({ kind: fc.constant('remove' as const), at: fc.nat(220) }),
  fc.record({ kind: fc.constant('clear' as const) }),
);

test('it holds what a list would hold, and never more than its bound', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const queue = new RequestQueue({ lengthMax: LENGTH_MAX });
      let model: [number, number, number][] = [];
      let begin = 0;
      for (const action of steps) {
        if (action.kind === 'push') {
          for (let i = 0; i < action.count; i++) {
            begin += 16384;
            const request: [number, number, number] = [action.piece, begin, 16384];
            assert.is(queue.push(...request), model.length < LENGTH_MAX);
            if (model.length < LENGTH_MAX) model.push(request);
          }
        } else if (action.kind === 'shift') {
          const count = Math.min(action.count, model.length);
          queue.shift(count);
          model = model.slice(count);
        } else if (action.kind === 'remove') {
          const request = model[action.at] ?? [9, 9, 9];
          assert.is(queue.remove(...(request as [number, number, number])), action.at < model.length);
          model.splice(action.at, 1);
        } else {
          queue.clear();
          model = [];
        }
        assert.is(queue.length, model.length);
        const held = model.map((_, i) => [queue.piece(i), queue.begin(i), queue.byteLength(i)]);
        assert.equal(held, model);
      }
    }),
  );
});

test('a run is consecutive blocks of one piece, bounded in count and bytes', () => {
  const queue = new RequestQueue({ lengthMax: LENGTH_MAX });
  for (let i = 0; i < 20; i++) queue.push(1, i * 16384, 16384);
  queue.push(1, 99 * 16384, 16384);
  assert.is(queue.runLength(16, 1e9, 13), 16);
  assert.is(queue.runLength(100, 1e9, 13), 20);
  assert.is(queue.runLength(16, 3 * 16397, 13), 3);
  queue.shift(19);
  assert.is(queue.runLength(16, 1e9, 13), 1);
  queue.shift(1);
  queue.push(2, 100 * 16384, 16384);
  assert.is(queue.runLength(16, 1e9, 13), 1);
});

test.run();
