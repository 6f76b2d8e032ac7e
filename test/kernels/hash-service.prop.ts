// Aim: whatever the messages, a hasher of four lanes gets them in groups it can take: equal steps, one count from
// the first update to the digest, everything once and in order.
import { createHash, type Hash } from 'node:crypto';
import fc from 'fast-check';
import { suite as uvuSuite } from 'uvu';
import * as assert from 'uvu/assert';
import type { WholeHasher } from '../../engine/kernels/lane-hasher.ts';
import { NativeLaneHasher } from '../../engine/kernels/lane-hasher-native.ts';
import { MessageHasher } from '../../engine/kernels/tasks/hash-messages.ts';
import { packMessages } from '../../engine/kernels/tasks/message-list.ts';
import type { Message } from '../../engine/kernels/types.ts';

const suite = uvuSuite('messages in lanes');

/** As strict as a kernel, and slow: one node:crypto hash per lane. */
class StrictHasher implements WholeHasher {
  readonly name = 'sha1';
  readonly lanes: 1 | 4;
  readonly #bytes: Uint8Array;
  readonly counts: number[] = [];
  #hashes: Hash[] = [];

  constructor(lanes: 1 | 4, bytes: Uint8Array) {
    this.lanes = lanes;
    this.#bytes = bytes;
  }

  update(offsets: ArrayLike<number>, count: number, byteLength: number): void {
    assert.ok(count >= 1 && count <= this.lanes, `${count} messages in ${this.lanes} lanes`);
    assert.ok(byteLength > 0, 'a step that goes nowhere');
    if (this.#hashes.length === 0) this.#open(count);
    assert.is(count, this.#hashes.length, 'the count changed');
    for (const [lane, hash] of this.#hashes.entries()) {
      assert.ok(offsets[lane]! + byteLength <= this.#bytes.length);
      hash.update(this.#bytes.subarray(offsets[lane], offsets[lane]! + byteLength));
    }
  }

  digest(count: number, out: Uint8Array): void {
    if (this.#hashes.length === 0) this.#open(count);
    assert.is(count, this.#hashes.length, 'the count changed');
    this.counts.push(count);
    for (const [lane, hash] of this.#hashes.entries()) out.set(hash.digest(), lane * 20);
    this.#hashes = [];
  }

  whole(offsets: ArrayLike<number>, count: number, byteLength: number, out: Uint8Array): void {
    assert.is(this.#hashes.length, 0, 'a message is under way');
    this.#open(count);
    if (byteLength > 0) this.update(offsets, count, byteLength);
    this.digest(count, out);
  }

  #open(count: number): void {
    this.#hashes = Array.from({ length: count }, () => createHash('sha1'));
  }
}

const bytes = Uint8Array.from({ length: 4096 }, (_, at) => Math.imul(at, 2654435761) >>> 24);
const extent = fc
  .record({ offset: fc.integer({ min: 0, max: 3000 }), byteLength: fc.integer({ min: 0, max: 1000 }) })
  .map((part) => part);
const message = fc.array(extent, { maxLength: 4 });
/** The same number of bytes for each, cut at different places. */
const equalMessages = fc.array(fc.integer({ min: 0, max: 512 }), { minLength: 1, maxLength: 9 }).map((cuts) =>
  cuts.map(
    (cut): Message => [
      { offset: cut, byteLength: cut },
      { offset: 2 * cut, byteLength: 512 - cut },
    ],
  ),
);
const list = fc
  .array(
    fc.oneof(
      message.map((one) => [one]),
      equalMessages,
    ),
    { maxLength: 12 },
  )
  .map((all) => all.flat());

suite('every message is hashed once, whole, and answered at its place', () => {
  fc.assert(
    fc.property(list, fc.constantFrom<1 | 4>(1, 4), (messages, lanes) => {
      const wide = new StrictHasher(lanes, bytes);
      const single = new StrictHasher(1, bytes);
      const out = new Uint8Array(20 * messages.length);
      new MessageHasher({ name: 'sha1', wide, single }).run(packMessages(messages), out);
      const right = messages.map((parts) => {
        const hash = createHash('sha1');
        for (const { offset, byteLength } of parts) hash.update(bytes.subarray(offset, offset + byteLength));
        return hash.digest();
      });
      assert.equal(Buffer.from(out), Buffer.concat(right));
    }),
    { numRuns: 500 },
  );
});

suite('messages of one length fill the lanes; a last one alone goes to the hasher for one', () => {
  const wide = new StrictHasher(4, bytes);
  const single = new StrictHasher(1, bytes);
  const messages = Array.from({ length: 9 }, (_, at): Message => [{ offset: at, byteLength: 700 }]);
  new MessageHasher({ name: 'sha1', wide, single }).run(packMessages(messages), new Uint8Array(9 * 20));
  assert.equal(wide.counts, [4, 4]);
  assert.equal(single.counts, [1]);
});

suite('beside a native hasher for one, lanes are only used when all are filled', () => {
  const wide = new StrictHasher(4, bytes);
  const single = new NativeLaneHasher({ name: 'sha1' }, { bytes });
  const messages = Array.from({ length: 7 }, (_, at): Message => [{ offset: at, byteLength: 700 }]);
  const out = new Uint8Array(7 * 20);
  new MessageHasher({ name: 'sha1', wide, single }).run(packMessages(messages), out);
  assert.equal(wide.counts, [4]);
  const right = messages.map(([part]) =>
    createHash('sha1').update(bytes.subarray(part!.offset, part!.offset + 700)),
  );
  assert.equal(Buffer.from(out), Buffer.concat(right.map((hash) => hash.digest())));
});

suite.run();
