// Aim: whatever a peer mixes between its blocks and however the stream is cut, every message is seen once and in
// order, every block lies in a slot of its own, and a peer that answers in order, or in another order within a run, costs no copy.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { InboundRun } from '../../../engine/bittorrent/peer/inbound-run.ts';
import { ReceiveMemory } from '../../../engine/bittorrent/peer/receive-memory.ts';
import { Receiver, type ReceiverEvents } from '../../../engine/bittorrent/peer/receiver.ts';
import { pieceIndex } from '../../../engine/bittorrent/units.ts';
import { Slab } from '../../../engine/kernels/slab.ts';
import { BLOCK_BYTES } from '../../../engine/kernels/types.ts';

const test = suite('receiver');

type Item =
  | { readonly kind: 'block'; readonly run: number; readonly block: number }
  | { readonly kind: 'unwanted'; readonly byteLength: number }
  | { readonly kind: 'message'; readonly id: number; readonly byteLength: number };

const LAST_BLOCK_BYTES = 5000;

function blockBytes(runs: readonly number[], run: number, block: number): number {
  return block === runs[run]! - 1 ? LAST_BLOCK_BYTES : BLOCK_BYTES;
}

function fill(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed * 2654435761 + 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

function pieceMessage(piece: number, begin: number, payload: Uint8Array): Buffer {
  const message = Buffer.alloc(13 + payload.length);
  message.writeUInt32BE(9 + payload.length, 0);
  message[4] = 7;
  message.writeUInt32BE(piece, 5);
  message.writeUInt32BE(begin, 9);
  message.set(payload, 13);
  return message;
}

function encode(item: Item, runs: readonly number[], position: number): Buffer {
  if (item.kind === 'block') {
    const payload = fill(blockBytes(runs, item.run, item.block), item.run * 100 + item.block);
    return pieceMessage(item.run, item.block * BLOCK_BYTES, payload);
  }
  if (item.kind === 'unwanted') return pieceMessage(99, 0, fill(item.byteLength, position));
  const message = Buffer.alloc(5 + item.byteLength, position & 255);
  message.writeUInt32BE(1 + item.byteLength, 0);
  message[4] = item.id;
  return message;
}

interface Outcome {
  readonly blocks: string[];
  readonly messages: string[];
  readonly unwanted: number;
  readonly copiedBytes: number;
  readonly payloadBytes: number;
}

function play(runs: readonly number[], items: readonly Item[], cuts: readonly number[]): Outcome {
  const slab = new Slab({ slotCount: 128, threadCountMax: 1 });
  const memory = new ReceiveMemory({ slab: slab.bytes });
  const blocks: string[] = [];
  const messages: string[] = [];
  let unwanted = 0;
  const events: ReceiverEvents = {
    onMessage(bytes, start, end) {
      messages.push(`${bytes[start]}:${end - start - 1}:${end - start > 1 ? bytes[end - 1] : 0}`);
      return true;
    },
    lengthMax: () => 1 << 20,
    onBlock(run, index) {
      const at = run.payloadOffset(index);
      const expected = fill(blockBytes(runs, run.piece, index), run.piece * 100 + index);
      const actual = slab.bytes.subarray(at, at + run.bytesOf(index));
      blocks.push(`${run.piece}.${index}:${Buffer.compare(actual, expected) === 0}`);
      return true;
    },
    onUnwantedBlock() {
      unwanted++;
      return true;
    },
    onTooLong() {
      throw new Error('too long');
    },
  };
  const receiver = new Receiver({ memory, events });
  runs.forEach((blockCount, piece) => {
    const lease = slab.tryLease(blockCount, 'test')!;
    receiver.expect(
      new InboundRun({
        piece: pieceIndex(piece),
        firstBlock: 0,
        blockCount,
        lastBlockBytes: LAST_BLOCK_BYTES,
        lease,
        requestedAtMs: 0,
      }),
    );
  });
  const stream = Buffer.concat(items.map((item, position) => encode(item, runs, position)));
  let at = 0;
  let cut = 0;
  while (at < stream.length) {
    const target = receiver.readTarget();
    const wanted = cuts.length === 0 ? target.length : cuts[cut++ % cuts.length]!;
    const length = Math.min(target.length, stream.length - at, wanted);
    target.set(stream.subarray(at, at + length));
    receiver.onRead(length);
    at += length;
  }
  receiver.close();
  slab.assertAllReturned();
  return { blocks, messages, unwanted, ...memory.stats };
}

const itemsOf = (runs: readonly number[]): Item[] =>
  runs.flatMap((count, run) =>
    Array.from({ length: count }, (_, block): Item => ({ kind: 'block', run, block })),
  );

const cutsArbitrary = fc.array(
  fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 70_000 }), fc.constant(1 << 20)),
  { maxLength: 12 },
);

test('blocks in order need no copies, however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 16 }), { minLength: 1, maxLength: 4 }),
      fc.array(fc.integer({ min: 13, max: 70_000 }), { maxLength: 8 }),
      (runs, cuts) => {
        const outcome = play(runs, itemsOf(runs), cuts);
        assert.equal(
          outcome.blocks,
          itemsOf(runs).map((item) => item.kind === 'block' && `${item.run}.${item.block}:true`),
        );
        // Only headers that were cut in two may have been moved: the end of one run and the start of the next.
        assert.ok(outcome.copiedBytes <= 13 * runs.length, `${outcome.copiedBytes} bytes copied`);
      },
    ),
    { numRuns: 200 },
  );
});

test('blocks of a run in another order swap slots instead of being copied', () => {
  const scenario = fc.integer({ min: 2, max: 16 }).chain((count) =>
    fc.record({
      // The short one at the end of a piece cannot swap: it comes last.
      order: fc.shuffledSubarray([...Array(count - 1).keys()], { minLength: count - 1 }),
      cuts: fc.array(fc.integer({ min: 13, max: 70_000 }), { maxLength: 8 }),
    }),
  );
  fc.assert(
    fc.property(scenario, ({ order, cuts }) => {
      const runs = [order.length + 1];
      const items = [...order, order.length].map((block): Item => ({ kind: 'block', run: 0, block }));
      const outcome = play(runs, items, cuts);
      assert.equal(
        outcome.blocks,
        items.map((item) => item.kind === 'block' && `0.${item.block}:true`),
      );
      assert.ok(outcome.copiedBytes <= 13 * items.length, `${outcome.copiedBytes} bytes copied`);
    }),
    { numRuns: 200 },
  );
});

test('any mixture of messages, order and cuts arrives whole', () => {
  const scenario = fc.array(fc.integer({ min: 1, max: 16 }), { minLength: 1, maxLength: 4 }).chain((runs) =>
    fc.record({
      runs: fc.constant(runs),
      order: fc.shuffledSubarray(itemsOf(runs), { minLength: 0 }),
      shuffle: fc.boolean(),
      extras: fc.array(
        fc.record({
          at: fc.nat(70),
          item: fc.oneof(
            fc.record({
              kind: fc.constant('message' as const),
              id: fc.constantFrom(0, 1, 4, 20),
              byteLength: fc.constantFrom(0, 4, 12, 300, 40_000),
            }),
            fc.record({
              kind: fc.constant('unwanted' as const),
              byteLength: fc.constantFrom(0, 1, 16384, 30_000),
            }),
          ),
        }),
        { maxLength: 8 },
      ),
      cuts: cutsArbitrary,
    }),
  );
  fc.assert(
    fc.property(scenario, ({ runs, order, shuffle, extras, cuts }) => {
      const items: Item[] = shuffle ? [...order] : itemsOf(runs);
      const wantedBlocks = items.length;
      for (const extra of extras) items.splice(Math.min(extra.at, items.length), 0, extra.item);
      const outcome = play(runs, items, cuts);
      const expectedMessages = items.flatMap((item, position) =>
        item.kind === 'message'
          ? [`${item.id}:${item.byteLength}:${item.byteLength > 0 ? position & 255 : 0}`]
          : [],
      );
      assert.equal(outcome.messages, expectedMessages);
      assert.is(outcome.unwanted, items.filter((item) => item.kind === 'unwanted').length);
      assert.is(outcome.blocks.length, wantedBlocks);
      assert.ok(
        outcome.blocks.every((block) => block.endsWith(':true')),
        outcome.blocks.join(' '),
      );
    }),
    { numRuns: 500 },
  );
});

test.run();
