// Aim: the next circuit is always the one with the least decayed cell count, as a plain list says, over any sequence of
// steps and any stretch of time; quiet circuits go before busy ones, and busy ones share evenly.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  EwmaScheduler,
  type ScheduledCircuit,
  schedulerHalflifeMs,
  unscheduled,
} from '../../../engine/onion/flow/ewma-scheduler.ts';

const test = suite('EWMA scheduling');

interface Circuit extends ScheduledCircuit {
  readonly id: number;
}
const circuit = (id: number): Circuit => ({ id, ...unscheduled() });

test('picks what a plain list picks', () => {
  const step = fc.record({
    kind: fc.constantFrom('activate', 'deactivate', 'charge', 'charge', 'halflife'),
    id: fc.nat(9),
    cells: fc.integer({ min: 1, max: 50 }),
    passMs: fc.oneof(fc.nat(1000), fc.constant(40_000)),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const circuits = Array.from({ length: 10 }, (_, id) => circuit(id));
      const scheduler = new EwmaScheduler<Circuit>({ halflifeMs: 500 });
      let halflifeMs = 500;
      const counts = new Array<number>(10).fill(0);
      const active = new Set<number>();
      let nowMs = 0;
      for (const { kind, id, cells, passMs } of steps) {
        nowMs += passMs;
        for (let i = 0; i < 10; i++) counts[i]! *= 2 ** (-passMs / halflifeMs);
        if (kind === 'activate') {
          scheduler.activate(circuits[id]!);
          active.add(id);
        } else if (kind === 'deactivate') {
          scheduler.deactivate(circuits[id]!);
          active.delete(id);
        } else if (kind === 'halflife') {
          halflifeMs = 100 + cells * 20;
          scheduler.setHalflife(halflifeMs, nowMs);
        } else if (active.has(id)) {
          scheduler.charge(circuits[id]!, cells, nowMs);
          counts[id]! += cells;
        }
        assert.is(scheduler.activeCount, active.size);
        const next = scheduler.next();
        if (next === undefined) assert.is(active.size, 0);
        else {
          assert.ok(active.has(next.id));
          const least = Math.min(...[...active].map((other) => counts[other]!));
          assert.ok(counts[next.id]! <= least * (1 + 1e-9) + 1e-12);
        }
      }
    }),
    { seed: 20, numRuns: 300 },
  );
});

test('a page load goes before a download, and downloads share evenly', () => {
  const scheduler = new EwmaScheduler<Circuit>({ halflifeMs: 30_000 });
  const downloads = [circuit(0), circuit(1), circuit(2)];
  for (const one of downloads) scheduler.activate(one);
  const sent = [0, 0, 0];
  for (let nowMs = 0; nowMs < 9000; nowMs++) {
    const next = scheduler.next()!;
    sent[next.id]! += 1;
    scheduler.charge(next, 1, nowMs);
  }
  assert.ok(Math.max(...sent) - Math.min(...sent) < 30, `${sent}`);
  const page = circuit(3);
  scheduler.activate(page);
  assert.is(scheduler.next(), page);
});

test('circuits that have sent equally much take turns in the order in which they came', () => {
  const scheduler = new EwmaScheduler<Circuit>({ halflifeMs: 30_000 });
  const circuits = Array.from({ length: 20 }, (_, id) => circuit(id));
  for (const one of circuits) scheduler.activate(one);
  const order: number[] = [];
  for (let i = 0; i < 20; i++) {
    const next = scheduler.next()!;
    order.push(next.id);
    scheduler.charge(next, 1, 0);
  }
  assert.equal(
    order,
    circuits.map(({ id }) => id),
  );
});

test('the half-life comes from the consensus', () => {
  assert.is(schedulerHalflifeMs(new Map()), 30_000);
  assert.is(schedulerHalflifeMs(new Map([['CircuitPriorityHalflifeMsec', 10_000]])), 10_000);
  assert.is(schedulerHalflifeMs(new Map([['CircuitPriorityHalflifeMsec', 0]])), 1);
});

test.run();
