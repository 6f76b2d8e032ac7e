// Aim: a bucket grows with time up to its bound and may be overdrawn; turns are short and whole blocks; those that wait
// are served in order, each by the limits it is under; groups that nobody uses are forgotten.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LimitPath } from '../../../engine/bittorrent/limits/limit-path.ts';
import { LimitTree } from '../../../engine/bittorrent/limits/limit-tree.ts';
import { TokenBucket } from '../../../engine/bittorrent/limits/token-bucket.ts';
import { TurnQueue, type Waiter } from '../../../engine/bittorrent/limits/turn-queue.ts';
import { SLOT_BYTES } from '../../../engine/kernels/types.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';

const test = suite('buckets and turns');

test('a bucket saves up what goes in 200 ms and no more, and pays off what was overdrawn', () => {
  const bucket = new TokenBucket();
  assert.is(bucket.waitMs(0), 0, 'no limit');
  bucket.setRate(10_000, 0);
  assert.ok(bucket.waitMs(0) > 0, 'it begins empty');
  assert.is(bucket.waitMs(100), 0);
  assert.is(bucket.tokens, 1_000);
  bucket.waitMs(60_000);
  assert.is(bucket.tokens, 2_000);
  bucket.spend(12_000);
  assert.is(Math.round(bucket.waitMs(60_000)), 1_000);
  assert.is(bucket.waitMs(61_001), 0);
  bucket.spend(50_000);
  bucket.setRate(20_000, 61_001);
  assert.is(bucket.waitMs(61_002), 0, 'another rate begins anew');
  bucket.spend(30);
  bucket.setRate(20_000, 61_002);
  assert.is(bucket.tokens, -10, 'the same rate changes nothing');
});

test('a turn is what goes in 50 ms, in whole blocks, from one to sixteen', () => {
  const bucket = new TokenBucket();
  const blocksAt = (rate: number): number => {
    bucket.setRate(rate, 0);
    return bucket.turnBytes / SLOT_BYTES;
  };
  assert.equal([1, 100_000, 700_000, 2_000_000, 1e9].map(blocksAt), [1, 1, 2, 6, 16]);
});

/** Takes `bytes` whenever it is its turn, and waits again. */
class Taker implements Waiter {
  readonly path = new LimitPath();
  readonly queue: TurnQueue;
  readonly bytes: number;
  taken = 0;

  constructor(queue: TurnQueue, bytes: number, buckets: readonly TokenBucket[]) {
    this.queue = queue;
    this.bytes = bytes;
    this.path.set(buckets);
  }

  begin(): void {
    while (this.queue.admit(this)) this.take();
  }

  goOn(): void {
    this.take();
    this.begin();
  }

  take(): void {
    this.taken += this.bytes;
    this.path.spend(this.bytes);
  }
}

test('all have turns alike; who has a lower limit of its own gets all of that', async () => {
  const world = new SimWorld({ seed: 1 });
  const { clock } = world.host({ address: '10.0.0.1' }).runtime;
  const queue = new TurnQueue({ clock });
  const [all, own] = [new TokenBucket(), new TokenBucket()];
  all.setRate(100_000, clock.now());
  own.setRate(10_000, clock.now());
  const free = [1, 2, 3].map(() => new Taker(queue, 1_000, [all]));
  const bound = new Taker(queue, 1_000, [own, all]);
  for (const taker of [...free, bound]) taker.begin();
  await world.run({ forMs: 100_000 });
  const near = (bytes: number, wanted: number) => Math.abs(bytes - wanted) < wanted * 0.02;
  assert.ok(near(bound.taken, 1_000_000), `${bound.taken}`);
  for (const { taken } of free) assert.ok(near(taken, 3_000_000), `${taken}`);
  queue.leave(bound);
  const before = bound.taken;
  await world.run({ forMs: 10_000 });
  assert.is(bound.taken, before, 'who has left is not called');
  assert.is(queue.length, 3);
});

test('groups without limits and without peers are forgotten when there are many', () => {
  const { clock } = new SimWorld({ seed: 1 }).host({ address: '10.0.0.1' }).runtime;
  const tree = new LimitTree({ clock });
  tree.setCategory('kept', { downLimit: 5, upLimit: 0 });
  for (let index = 0; index < 1_000; index++) tree.setTracker(`t${index}`, { downLimit: 0, upLimit: 0 });
  assert.ok(tree.groupCount <= 65, `${tree.groupCount}`);
  for (let index = 0; index < 100; index++) tree.setTracker(`u${index}`, { downLimit: 0, upLimit: 7 });
  assert.ok(tree.groupCount >= 101, 'those that limit something stay');
  tree.setTrackers({ u5: { downLimit: 0, upLimit: 9 } });
  tree.setTracker('new', { downLimit: 0, upLimit: 1 });
  assert.ok(tree.groupCount <= 5, `${tree.groupCount}`);
});

test.run();
