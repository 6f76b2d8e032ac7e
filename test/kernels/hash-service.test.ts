// Aim: one conformance suite for both ways of hashing, in the calling thread and in the pool.
import { suite as uvuSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlliumError } from '../../engine/codec/error.ts';
import { type HashService, InlineHashService } from '../../engine/kernels/hash-service.ts';
import { HashPool } from '../../engine/kernels/pool.ts';
import { Slab } from '../../engine/kernels/slab.ts';
import type { HashName, Message } from '../../engine/kernels/types.ts';
import { expected, noise, randomMessages } from './pool-support.ts';

const NAMES: readonly HashName[] = ['sha1', 'sha256'];

const SERVICES: Readonly<Record<string, (slab: Slab) => HashService>> = {
  'in the calling thread': (slab) => new InlineHashService({}, { slab }),
  'in a pool of two': (slab) => new HashPool({ threadCount: 2 }, { slab }),
};

for (const [title, open] of Object.entries(SERVICES)) {
  const suite = uvuSuite(`hashing ${title}`);
  const slab = new Slab({ slotCount: 64, threadCountMax: 4 });
  const service = open(slab);
  const lease = noise(slab, 32, 1);

  suite('FIPS 180 examples: the one-block message in one part and in three', async () => {
    lease.bytes.set([0x61, 0x62, 0x63]);
    const { offset } = lease;
    const messages: Message[] = [
      [{ offset, byteLength: 3 }],
      [0, 1, 2].map((at) => ({ offset: offset + at, byteLength: 1 })),
    ];
    const sha1 = 'a9993e364706816aba3e25717850c26c9cd0d89d';
    const sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    assert.is(Buffer.from(await service.digest('sha1', messages)).toString('hex'), sha1 + sha1);
    assert.is(Buffer.from(await service.digest('sha256', messages)).toString('hex'), sha256 + sha256);
  });

  suite('nothing to hash, and messages of nothing', async () => {
    for (const name of NAMES) {
      assert.is((await service.digest(name, [])).length, 0);
      const empty: Message[] = [[], [{ offset: lease.offset, byteLength: 0 }]];
      assert.equal(Buffer.from(await service.digest(name, empty)), expected(slab, name, empty));
    }
  });

  suite('messages of all sizes in many parts, in order', async () => {
    for (const name of NAMES) {
      const messages = randomMessages(lease, 300, 40_000, 7);
      assert.equal(Buffer.from(await service.digest(name, messages)), expected(slab, name, messages));
    }
  });

  suite('messages of equal size whose parts end at different places', async () => {
    const { offset } = lease;
    const messages: Message[] = [1, 63, 64, 65, 8191, 16_000, 16_384].map((cut) => [
      { offset: offset + cut, byteLength: cut },
      { offset: offset + 20_000, byteLength: 16_384 - cut },
    ]);
    for (const name of NAMES) {
      assert.equal(Buffer.from(await service.digest(name, messages)), expected(slab, name, messages));
    }
  });

  suite('what does not lie in the slab is refused', async () => {
    const end = slab.bytes.length;
    const outside = [
      { offset: -1, byteLength: 4 },
      { offset: 0, byteLength: -4 },
      { offset: end, byteLength: 1 },
      { offset: 0, byteLength: end + 1 },
      { offset: 0.5, byteLength: 1 },
      { offset: Number.NaN, byteLength: 1 },
    ];
    for (const extent of outside) {
      try {
        await service.digest('sha1', [[{ offset: 0, byteLength: 1 }], [extent]]);
        assert.unreachable(`${extent.offset} + ${extent.byteLength}`);
      } catch (error) {
        assert.instance(error, AlliumError);
        assert.is((error as AlliumError).code, 'LEASE_MISUSED');
      }
    }
  });

  suite('it counts what it hashed', async () => {
    const before = service.stats;
    await service.digest('sha1', [[{ offset: lease.offset, byteLength: 1000 }], []]);
    assert.is(service.stats.messages - before.messages, 2);
    assert.is(service.stats.bytes - before.bytes, 1000);
    assert.is(service.stats.pending, 0);
  });

  suite.after(async () => {
    await service.close();
    lease.release();
    slab.assertAllReturned();
  });
  suite.run();
}

const inline = uvuSuite('hashing in the calling thread, for simulated worlds');

inline('the promise is settled before any timer or event', async () => {
  const slab = new Slab({ slotCount: 1, threadCountMax: 1 });
  const service = new InlineHashService({}, { slab });
  const order: string[] = [];
  const later = new Promise<void>((resolve) => {
    setImmediate(() => {
      order.push('event');
      resolve();
    });
  });
  await service.digest('sha1', [[]]).then(() => order.push('digest'));
  await later;
  assert.equal(order, ['digest', 'event']);
});

inline.run();
