// Aim: what the pool sends next: whose turn it is, when a busy worker gets more, and that suspects run alone.
import { suite as uvuSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlliumError } from '../../engine/codec/error.ts';
import type { HashCall } from '../../engine/kernels/pool-queue.ts';
import { Schedule } from '../../engine/kernels/pool-schedule.ts';
import { taskWork, type Work } from '../../engine/kernels/pool-work.ts';
import type { HashPayload } from '../../engine/kernels/tasks/hash.ts';
import type { HashName } from '../../engine/kernels/types.ts';

const suite = uvuSuite('schedule of the pool');
const MEBIBYTE = 1 << 20;

/** Of each call: what became of it. */
const outcome = new Map<string, unknown>();

function call(name: HashName, byteLength: number, title = ''): HashCall {
  return {
    name,
    messages: [[{ offset: 0, byteLength }]],
    byteLength,
    out: new Uint8Array(name === 'sha1' ? 20 : 32),
    resolve: () => outcome.set(title, 'answered'),
    reject: (error) => outcome.set(title, error),
    unanswered: 1,
    failed: false,
  };
}

function task(title = ''): Work {
  const payload = { name: 'sha1', packed: new Uint32Array(0), messageCount: 0 } as const;
  return taskWork('hash', payload, {
    resolve: () => outcome.set(title, 'answered'),
    reject: (error) => outcome.set(title, error),
  });
}

function schedule(threadCount = 2): Schedule {
  return new Schedule({ threadCount, lanes: { sha1: 1, sha256: 1 } });
}

const payloadOf = (work: Work | undefined): HashPayload => work?.payload as HashPayload;

suite('an idle worker gets whatever there is, a busy one only what is worth a trip', () => {
  const small = schedule();
  assert.is(small.next(0), undefined);
  small.addCall(call('sha1', 100));
  assert.is(small.next(2), undefined);
  assert.is(payloadOf(small.next(1)).messageCount, 1);
  const large = schedule();
  large.addCall(call('sha1', MEBIBYTE));
  assert.is(large.next(4), undefined);
  assert.is(payloadOf(large.next(3)).messageCount, 1);
});

suite('demand tells how many workers would have something to do', () => {
  const all = schedule(3);
  assert.is(all.demand, 0);
  all.addCall(call('sha256', 0));
  assert.is(all.demand, 1);
  all.addCall(call('sha256', MEBIBYTE + 1));
  assert.is(all.demand, 2);
  all.addTask(task());
  all.addTask(task());
  assert.is(all.demand, 3, 'not more than there can be');
});

suite('both hash functions and the tasks take turns', () => {
  const all = schedule();
  for (let round = 0; round < 2; round += 1) {
    all.addCall(call('sha1', 4 * MEBIBYTE));
    all.addCall(call('sha256', 4 * MEBIBYTE));
    all.addTask(task());
  }
  const turns = Array.from({ length: 6 }, () => {
    const { name, messageCount } = payloadOf(all.next(0));
    return messageCount === 0 ? 'task' : name;
  });
  assert.equal(turns, ['sha1', 'sha256', 'task', 'sha1', 'sha256', 'task']);
  assert.is(all.next(0), undefined);
});

suite('what failed once goes caller by caller, with nothing beside it, and before all else', () => {
  const all = schedule();
  all.addCall(call('sha1', 100));
  all.addCall(call('sha1', 200));
  const both = all.next(0)!;
  assert.is(payloadOf(both).messageCount, 2);
  all.addRetry(both, 1);
  all.addTask(task());
  assert.is(all.next(1), undefined, 'something is running');
  const first = all.next(0)!;
  assert.equal([first.tries, [...payloadOf(first).packed]], [1, [1, 0, 100]]);
  assert.is(all.next(1), undefined);
  const second = all.next(0)!;
  assert.equal([...payloadOf(second).packed], [1, 0, 200]);
  assert.is(payloadOf(all.next(1)).messageCount, 0, 'then life goes on');
});

suite('a second try that nobody waits for any more is dropped', () => {
  const all = schedule();
  const gone = call('sha1', 100);
  all.addCall(gone);
  all.addRetry(all.next(0)!, 1);
  gone.failed = true;
  assert.is(all.next(0), undefined);
});

suite('fail reaches everyone who waits, once', () => {
  const all = schedule();
  outcome.clear();
  all.addTask(task('second try'));
  all.addRetry(all.next(0)!, 1);
  all.addCall(call('sha1', 1, 'sha1'));
  all.addCall(call('sha256', 1, 'sha256'));
  all.addTask(task('task'));
  const error = new AlliumError('POOL_FAILED', 'over');
  all.fail(error);
  assert.equal([...outcome.keys()].sort(), ['second try', 'sha1', 'sha256', 'task']);
  for (const what of outcome.values()) assert.is(what, error);
  assert.is(all.next(0), undefined);
});

suite.run();
