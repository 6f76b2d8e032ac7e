// Aim: calls cut and joined into batches: nothing is lost, doubled or out of order, batches are as large as they
// shall be, and lanes are filled.
import fc from 'fast-check';
import { suite as uvuSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { BATCH_BYTES_MIN, batchBytes, type HashCall, HashQueue } from '../../engine/kernels/pool-queue.ts';

const suite = uvuSuite('batches of the pool');

function call(sizes: readonly number[]): HashCall {
  return {
    name: 'sha1',
    messages: sizes.map((byteLength) => [{ offset: 0, byteLength }]),
    byteLength: sizes.reduce((sum, size) => sum + size, 0),
    out: new Uint8Array(0),
    resolve: () => {},
    reject: () => {},
    unanswered: sizes.length,
    failed: false,
  };
}

const calls = fc.array(fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 30 }), {
  maxLength: 20,
});

suite('each message is in one batch, in order, and batches keep the rule', () => {
  fc.assert(
    fc.property(
      calls,
      fc.integer({ min: 1, max: 20_000 }),
      fc.constantFrom(1, 4),
      (sizes, byteLengthMin, lanes) => {
        const queue = new HashQueue('sha1');
        const all = sizes.map(call);
        for (const one of all) queue.add(one);
        const seen: string[] = [];
        for (let batch = queue.take({ byteLengthMin, lanes }); batch !== undefined; ) {
          let byteLength = 0;
          let count = 0;
          for (const job of batch.jobs) {
            assert.ok(job.count > 0);
            for (let at = job.first; at < job.first + job.count; at += 1) {
              seen.push(`${all.indexOf(job.call)}.${at}`);
              byteLength += sizes[all.indexOf(job.call)]![at]!;
            }
            count += job.count;
          }
          if (!queue.empty) {
            assert.ok(byteLength >= byteLengthMin, 'a small batch although there was more');
            assert.is(count % lanes, 0, 'an idle lane although there was more');
          }
          batch = queue.take({ byteLengthMin, lanes });
        }
        assert.equal(
          seen,
          sizes.flatMap((of, index) => of.map((_, at) => `${index}.${at}`)),
        );
        assert.is(queue.byteLength, 0);
        assert.ok(queue.empty);
      },
    ),
    { numRuns: 500 },
  );
});

suite('what is left of a call that failed is not hashed, and the count of waiting bytes stays right', () => {
  const queue = new HashQueue('sha1');
  const bad = call([100, 100, 100]);
  const good = call([7]);
  queue.add(bad);
  queue.add(good);
  assert.equal(
    queue.take({ byteLengthMin: 1, lanes: 1 })?.jobs.map((job) => job.call),
    [bad],
  );
  bad.failed = true;
  assert.is(queue.byteLength, 207);
  const rest = queue.take({ byteLengthMin: 1000, lanes: 1 });
  assert.equal(
    rest?.jobs.map((job) => job.call),
    [good],
  );
  assert.is(queue.byteLength, 0);
  queue.add(call([5]));
  assert.is(queue.drain().length, 1);
  assert.is(queue.byteLength, 0);
  assert.is(queue.take({ byteLengthMin: 1, lanes: 1 }), undefined);
});

suite('batches carry a mebibyte where there is one, and more the more waits, to a point', () => {
  assert.is(batchBytes(0, 2), BATCH_BYTES_MIN);
  assert.is(batchBytes(BATCH_BYTES_MIN, 2), BATCH_BYTES_MIN);
  assert.is(batchBytes(12 * BATCH_BYTES_MIN, 2), 3 * BATCH_BYTES_MIN);
  assert.is(batchBytes(2 ** 40, 2), 4 * BATCH_BYTES_MIN);
});

suite.run();
