// Aim: whatever a peer mixes between its blocks and however the stream is cut, every message is seen once and in
// order, every block lies in a slot of its own that nothing is written to any more, and a peer costs no copy whatever the
// order of its blocks, unless a message or a short block moves what follows.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { InboundRun } from '../../../engine/bittorrent/peer/inbound-run.ts';
import { ReceiveMemory } from '../../../engine/bittorrent/peer/receive-memory.ts';
import { Receiver, type ReceiverEvents } from '../../../engine/bittorrent/peer/receiver.ts';
import { pieceIndex } from '../../../engine/bittorrent/units.ts';
import type { Lease } from '../../../engine/kernels/lease.ts';
import { Slab } from '../../../engine/kernels/slab.ts';
import { BLOCK_BYTES } from '../../../engine/kernels/types.ts';

const test = suite('receiver');

type Item =
  | { readonly kind: 'block'; readonly run: number; readonly block: number }
  | { readonly kind: 'unwanted'; readonly byteLength: number }
  | { readonly kind: 'message'; readonly id: number; readonly byteLength: number };

const LAST_BLOCK_BYTES = 5000;

/** How many blocks each run has, and how long the last one of each is. */
interface Asked {
  readonly runs: readonly number[];
  readonly lastBytes: number;
}

function blockBytes({ runs, lastBytes }: Asked, run: number, block: number): number {
  return block === runs[run]! - 1 ? lastBytes : BLOCK_BYTES;
}

const filled = new Map<string, Uint8Array>();

/** The same bytes for the same numbers. */
function fill(length: number, seed: number): Uint8Array {
  const known = filled.get(`${length}:${seed}`);
  if (known !== undefined) return known;
  const bytes = new Uint8Array(length);
  let state = seed * 2654435761 + 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  filled.set(`${length}:${seed}`, bytes);
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

function encode(item: Item, asked: Asked, position: number): Buffer {
  if (item.kind === 'block') {
    const payload = fill(blockBytes(asked, item.run, item.block), item.run * 100 + item.block);
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
  readonly misplacedReads: number;
}

type Between = (receiver: Receiver, runs: readonly InboundRun[], reads: number) => void;

function play(asked: Asked, items: readonly Item[], cuts: readonly number[], between?: Between): Outcome {
  const slab = new Slab({ slotCount: 128, threadCountMax: 1 });
  const memory = new ReceiveMemory({ slab: slab.bytes });
  const arrived: { readonly run: InboundRun; readonly index: number; readonly slot: Lease }[] = [];
  const messages: string[] = [];
  let unwanted = 0;
  const events: ReceiverEvents = {
    onMessage(bytes, start, end) {
      messages.push(`${bytes[start]}:${end - start - 1}:${end - start > 1 ? bytes[end - 1] : 0}`);
      return true;
    },
    lengthMax: () => 1 << 20,
    onBlock(run, index, slot) {
      arrived.push({ run, index, slot: slot.retain() });
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
  const runs = asked.runs.map((blockCount, piece) => {
    const run = new InboundRun({
      piece: pieceIndex(piece),
      firstBlock: 0,
      blockCount,
      lastBlockBytes: asked.lastBytes,
    });
    receiver.expect(run, slab.tryLeaseEach(blockCount, 'test')!);
    return run;
  });
  const stream = Buffer.concat(items.map((item, position) => encode(item, asked, position)));
  let at = 0;
  let reads = 0;
  while (at < stream.length) {
    const target = receiver.readTarget();
    const wanted = cuts.length === 0 ? target.length : cuts[reads % cuts.length]!;
    const length = Math.min(target.length, stream.length - at, wanted);
    // Between two reads, when the target is lent out.
    between?.(receiver, runs, reads++);
    target.set(stream.subarray(at, at + length));
    receiver.onRead(length);
    at += length;
  }
  receiver.close();
  assert.is(slab.leasedSlots, arrived.length, 'only the slots of blocks are out');
  const blocks = arrived.map(({ run, index, slot }) => {
    const expected = fill(blockBytes(asked, run.piece, index), run.piece * 100 + index);
    const actual = slab.bytes.subarray(slot.offset + 13, slot.offset + 13 + expected.length);
    slot.release();
    return `${run.piece}.${index}:${Buffer.compare(actual, expected) === 0}`;
  });
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
        const outcome = play({ runs, lastBytes: LAST_BLOCK_BYTES }, itemsOf(runs), cuts);
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

test('whole blocks need no copies in whatever order they come, of whichever run', () => {
  const scenario = fc.array(fc.integer({ min: 1, max: 16 }), { minLength: 1, maxLength: 6 }).chain((runs) => {
    const items = itemsOf(runs);
    return fc.record({
      runs: fc.constant(runs),
      items: fc.shuffledSubarray(items, { minLength: items.length }),
      cuts: fc.array(fc.integer({ min: 1, max: 300_000 }), { maxLength: 8 }),
    });
  });
  fc.assert(
    fc.property(scenario, ({ runs, items, cuts }) => {
      const outcome = play({ runs, lastBytes: BLOCK_BYTES }, items, cuts);
      assert.equal(
        outcome.blocks,
        items.map((item) => item.kind === 'block' && `${item.run}.${item.block}:true`),
      );
      assert.is(outcome.copiedBytes, 0);
      assert.is(outcome.misplacedReads, 0);
    }),
    { numRuns: 200 },
  );
});

test('blocks given up while they are on their way cost neither slots nor the blocks behind them', () => {
  const scenario = fc.record({
    counts: fc.array(fc.integer({ min: 1, max: 16 }), { minLength: 2, maxLength: 4 }),
    givenUp: fc.array(fc.record({ afterRead: fc.nat(20), run: fc.nat(3), block: fc.nat(15) }), {
      maxLength: 12,
    }),
    whole: fc.boolean(),
    cuts: fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 8 }),
  });
  fc.assert(
    fc.property(scenario, ({ counts, givenUp, whole, cuts }) => {
      const asked = { runs: counts, lastBytes: BLOCK_BYTES };
      const outcome = play(asked, itemsOf(counts), cuts, (receiver, runs, reads) => {
        for (const { afterRead, run, block } of givenUp) {
          const chosen = runs[run];
          if (afterRead !== reads || chosen === undefined) continue;
          if (whole) receiver.forget(chosen);
          else receiver.dismiss(run, block);
        }
      });
      assert.ok(
        outcome.blocks.every((block) => block.endsWith(':true')),
        outcome.blocks.join(' '),
      );
      assert.is(outcome.payloadBytes >= outcome.blocks.length * BLOCK_BYTES, true);
    }),
    { numRuns: 300 },
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
      const outcome = play({ runs, lastBytes: LAST_BLOCK_BYTES }, items, cuts);
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
