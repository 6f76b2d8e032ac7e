import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import type { MakeWorld, TestWorld } from './world.ts';

/** Clock and chance: what every world must do. */
export function timeConformance(test: Test, makeWorld: MakeWorld): void {
  const inWorld = (name: string, body: (world: TestWorld) => Promise<void>): void => {
    test(name, async () => {
      const world = await makeWorld();
      await body(world);
      await world.close();
    });
  };

  inWorld('timers run once, in order, not early and not at once', async (world) => {
    const { clock } = world.left;
    const startedMs = clock.now();
    const ran: string[] = [];
    clock.setTimer(60, () => ran.push(`60 ${clock.now() - startedMs >= 59}`));
    clock.setTimer(20, () => ran.push(`20 ${clock.now() - startedMs >= 19}`));
    clock.setTimer(0, () => ran.push('0'));
    assert.equal(ran, [], 'not within the call');
    await world.until('all ran', () => ran.length === 3);
    await world.pass(100);
    assert.equal(ran, ['0', '20 true', '60 true']);
  });

  inWorld('a cancelled timer never runs, cancelling twice or late does no harm', async (world) => {
    const { clock } = world.left;
    const ran: number[] = [];
    const first = clock.setTimer(20, () => ran.push(1));
    const second = clock.setTimer(0, () => ran.push(2));
    const third = clock.setTimer(30, () => ran.push(3));
    const fourth = clock.setTimer(20, () => third.cancel());
    first.cancel();
    first.cancel();
    second.cancel();
    await world.pass(80);
    fourth.cancel();
    assert.equal(ran, []);
  });

  inWorld('the wall clock and the other one go alike', async (world) => {
    const { clock } = world.left;
    const before = clock.wallClock() - clock.now();
    assert.ok(clock.wallClock() > Date.UTC(2020, 0, 1));
    await world.pass(50);
    assert.ok(Math.abs(clock.wallClock() - clock.now() - before) < 100);
  });

  inWorld('chance is within bounds, even, and of any length', async (world) => {
    const { random } = world.left;
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 7000; i++) counts[random.below(7)]! += 1;
    assert.ok(
      counts.every((count) => count > 800 && count < 1200),
      counts.join(' '),
    );
    assert.is(random.below(1), 0);
    const large = Array.from({ length: 100 }, () => random.below(2 ** 32));
    assert.ok(large.every((n) => Number.isInteger(n) && n >= 0 && n < 2 ** 32));
    assert.ok(large.some((n) => n >= 2 ** 31));
    for (const bad of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN]) assert.throws(() => random.below(bad));
    for (const length of [0, 1, 20, 4099]) assert.is(random.bytes(length).length, length);
    assert.is.not(Buffer.compare(random.bytes(20), random.bytes(20)), 0);
    assert.ok(new Set(random.bytes(2000)).size > 200);
  });
}
