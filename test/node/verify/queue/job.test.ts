// Aim: what goes through the queue comes out the same, what is malformed is no job and no answer, and a worker that has
// its data elsewhere finds it.
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReadHashPayload } from '../../../../engine/kernels/tasks/read-hash.ts';
import {
  asAnswer,
  decodeJob,
  decodeResult,
  encodeJob,
  encodeResult,
  type PieceJob,
  type SeenFile,
} from '../../../../engine/node/verify/queue/job.ts';
import { threadsOf, workerName } from '../../../../engine/node/verify/queue/names.ts';
import { mapPath, parsePathMapping } from '../../../../engine/node/verify/queue/path-map.ts';

const test = suite('verify: jobs in the queue');

const payload: ReadHashPayload = {
  paths: ['/data/a', '/data/b'],
  extents: new Float64Array([0, 0, 100, 1, 2 ** 40, 7, -1, 0, 9]),
  extentCounts: new Uint32Array([1, 2]),
  sha1: true,
  trees: new Float64Array([100, 8, 7, 1]),
};
const files: readonly SeenFile[] = [
  ['/data/a', 100, 1_700_000_000_123.5],
  ['/data/b', 2 ** 40 + 7, 5],
];
const through = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test('a job is the same on the other side', () => {
  assert.equal(decodeJob(through(encodeJob(payload, files))), { payload, files });
  const v1 = { ...payload, trees: undefined };
  assert.equal(decodeJob(through(encodeJob(v1, files)))?.payload, v1);
});

test('whatever else lies in the queue is no job', () => {
  const job = encodeJob(payload, files);
  const broken: readonly unknown[] = [
    undefined,
    null,
    7,
    [],
    {},
    { ...job, version: 2 },
    { ...job, files: [['/data/a', '100', 0], files[1]] },
    { ...job, files: [files[0]] },
    { ...job, extents: [...job.extents, 0] },
    { ...job, extents: ['0', ...job.extents.slice(1)] },
    { ...job, extentCounts: [1, 1] },
    { ...job, sha1: 1 },
    { ...job, trees: [1] },
  ];
  for (const data of broken) assert.is(decodeJob(through(data ?? null)), undefined, JSON.stringify(data));
  fc.assert(
    fc.property(fc.jsonValue(), (data) => {
      assert.is(decodeJob(data), undefined);
      assert.is(asAnswer(data), undefined);
    }),
    { numRuns: 300 },
  );
});

test('hashes are the same on the other side, and only a hash for each piece is an answer', () => {
  const digests = new Uint8Array(40).map((_, at) => 3 * at);
  const roots = new Uint8Array(64).map((_, at) => 255 - at);
  const result = { digests, roots, faults: [], bytesRead: 107 };
  const answer = asAnswer(through(encodeResult(result, 'nas/1/4')))!;
  assert.equal(decodeResult(answer, payload), result);
  assert.is(decodeResult(answer, { ...payload, sha1: false }), undefined);
  assert.is(decodeResult(answer, { ...payload, trees: undefined }), undefined);
  assert.is(decodeResult({ by: 'x', trouble: 'EIO' }, payload), undefined);
  assert.is(decodeResult({ ...answer, bytesRead: -1 } as typeof answer, payload), undefined);
  assert.is(
    decodeResult({ by: 'x', bytesRead: 1 } as unknown as typeof answer, payload),
    undefined,
    'no hashes at all',
  );
});

test('paths are mapped by the longest beginning that ends at a slash', () => {
  const mappings = ['/data=/mnt/nas', '/data/films=/films/', '/=/mount'].map(parsePathMapping);
  const [data, films, root] = mappings;
  assert.is(mapPath('/data/a/b', [data!]), '/mnt/nas/a/b');
  assert.is(mapPath('/data', [data!]), '/mnt/nas');
  assert.is(mapPath('/database/a', [data!]), '/database/a');
  assert.is(mapPath('/data/films/x', [data!, films!]), '/films/x');
  assert.is(mapPath('/else', [root!, data!]), '/mount/else');
  for (const wrong of ['data=/mnt', '=/mnt', '/data=', '/data', '']) {
    assert.throws(() => parsePathMapping(wrong), /does not say what lies where/, wrong);
  }
});

test('a worker says in its name how many threads it has', () => {
  assert.is(threadsOf(workerName(12)), 12);
  assert.is(threadsOf('allium:dmVyaWZ5:w:nas/77/4'), 4);
  for (const name of ['', 'nas', 'nas/77/x', 'nas/77/0', 'nas/1/99999']) assert.is(threadsOf(name), 1, name);
});

test('a job of a thousand pieces takes little room', () => {
  const pieces = 1024;
  const extents = Float64Array.from({ length: 3 * pieces }, (_, at) => (at % 3 === 1 ? at * 16_384 : 0));
  const job: PieceJob = encodeJob(
    { ...payload, extents, extentCounts: new Uint32Array(pieces).fill(1), trees: undefined },
    files,
  );
  assert.ok(JSON.stringify(job).length < 32_768);
});

test.run();
