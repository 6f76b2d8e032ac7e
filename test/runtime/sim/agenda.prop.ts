/** Aim: the agenda gives what a sorted list would give, whatever is added, cancelled and taken in between. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Agenda, type Entry } from '../../../engine/runtime/sim/agenda.ts';

const test = suite('agenda');

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ add: fc.integer({ min: 0, max: 20 }) }) },
  { weight: 3, arbitrary: fc.record({ cancel: fc.nat(200) }) },
  { weight: 2, arbitrary: fc.constant('take' as const) },
);

test('against a sorted list', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const agenda = new Agenda();
      const entries: Entry[] = [];
      const taken: number[] = [];
      let model: { readonly timeMs: number; readonly id: number }[] = [];
      for (const one of steps) {
        if (one === 'take') {
          model.sort((a, b) => a.timeMs - b.timeMs || a.id - b.id);
          const expected = model.shift();
          assert.is(agenda.peek()?.timeMs, expected?.timeMs);
          if (expected === undefined) continue;
          agenda.take()();
          assert.is(taken.at(-1), expected.id);
        } else if ('add' in one) {
          const id = entries.length;
          entries.push(agenda.add(one.add, () => taken.push(id)));
          model.push({ timeMs: one.add, id });
        } else {
          const entry = entries[one.cancel];
          if (entry === undefined) continue;
          agenda.cancel(entry);
          model = model.filter(({ id }) => id !== one.cancel);
        }
        assert.is(agenda.size, model.length);
      }
    }),
    { numRuns: 500 },
  );
});

test('cancelled entries do not pile up', () => {
  const agenda = new Agenda();
  const kept = agenda.add(1e9, () => {});
  let lookedAt = 0;
  for (let i = 0; i < 200_000; i++) {
    const entry = agenda.add(1e6 + i, () => {});
    agenda.cancel(entry);
    if (i % 1000 === 0) lookedAt = Math.max(lookedAt, agenda.storedEntries);
  }
  assert.ok(lookedAt <= 2048, `${lookedAt} stored`);
  assert.is(agenda.peek(), kept);
  assert.is(agenda.size, 1);
});

test.run();
