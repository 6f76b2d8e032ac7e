// Aim: however a stream of cells is cut into reads, large or small, the same cells come out in the same order, those
// that nobody wants are dropped as they come, memory that is short only makes it wait, and the cells of many short
// reads of one turn come out together.
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Slab } from '../../../engine/kernels/slab.ts';
import { CELL } from '../../../engine/onion/cell/command.ts';
import { CellMemory, VARIABLE_BODY_BYTES_MAX } from '../../../engine/onion/link/cell-memory.ts';
import { CellReceiver, type ReceiverSink } from '../../../engine/onion/link/receiver.ts';
import type { Clock } from '../../../engine/runtime/port.ts';
import { cell, variable } from './support.ts';

const test = suite('cell receiver');

/** What came out, in words. */
interface Result {
  readonly seen: string[];
  /** Cells of each batch. */
  readonly batches: number[];
  readonly memory: CellMemory;
  readonly slab: Slab;
}

/** A clock on which a turn ends when it is told to. */
function turnClock(): Clock & { endTurn(): void } {
  const due = new Set<() => void>();
  return {
    now: () => 0 as ReturnType<Clock['now']>,
    wallClock: () => 0,
    setTimer(_delayMs, callback) {
      due.add(callback);
      return { cancel: () => due.delete(callback) };
    },
    endTurn() {
      for (const callback of [...due]) {
        due.delete(callback);
        callback();
      }
    },
  };
}

function receive(stream: Uint8Array, cuts: readonly number[], slotCount = 40, readsInTurn = 1): Result {
  const slab = new Slab({ slotCount, threadCountMax: 1 });
  const memory = new CellMemory({}, { slab });
  const seen: string[] = [];
  const batches: number[] = [];
  const clock = turnClock();
  const sink: ReceiverSink = {
    onBatch(batch) {
      batches.push(batch.count);
      for (let i = 0; i < batch.count; i++) {
        const at = batch.offsets[i]!;
        assert.ok(at >= batch.lease.offset && at + 514 <= batch.lease.offset + batch.lease.byteLength);
        seen.push(wordsOf(slab.bytes.subarray(at, at + 514)));
      }
    },
    onCell(head, whole) {
      if (whole.length > 0) seen.push(wordsOf(whole));
      else seen.push(`dropped ${head.command}`);
    },
    onTooLong: () => seen.push('too long'),
    onStall: () => seen.push('stall'),
    onRoom: () => seen.push('room'),
  };
  const receiver = new CellReceiver({ memory, sink, clock });
  receiver.isNarrow = false;
  receiver.isOpen = true;
  let at = 0;
  for (let turn = 0; at < stream.length; turn++) {
    const target = receiver.target();
    assert.ok(target.length > 0);
    const length = Math.min(target.length, stream.length - at, cuts[turn % cuts.length]!);
    target.set(stream.subarray(at, at + length));
    at += length;
    receiver.onRead(length);
    if (turn % readsInTurn === readsInTurn - 1) clock.endTurn();
  }
  receiver.flush();
  receiver.close();
  memory.close();
  slab.assertAllReturned();
  return { seen, batches, memory, slab };
}

function wordsOf(bytes: Uint8Array): string {
  const circuit = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  return `${circuit} ${bytes[4]} ${bytes.length} ${bytes[20] ?? ''} ${bytes.at(-1)}`;
}

const piece = fc.oneof(
  { weight: 10, arbitrary: fc.record({ command: fc.constantFrom(3, 9), length: fc.constant(0) }) },
  {
    weight: 2,
    arbitrary: fc.record({ command: fc.constantFrom(0, 4, 5, 6, 10, 11, 12, 99), length: fc.constant(0) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ command: fc.constantFrom(129, 130), length: fc.integer({ min: 20, max: 8192 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ command: fc.constantFrom(128, 200), length: fc.integer({ min: 0, max: 65535 }) }),
  },
);

test('cells come out whole and in order', () => {
  const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 100, max: 20_000 })), {
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(
      fc.array(piece, { minLength: 1, maxLength: 60 }),
      cuts,
      fc.integer({ min: 1, max: 9 }),
      (pieces, lengths, readsInTurn) => {
        const cells = pieces.map(({ command, length }, i) =>
          command >= 128 ? variable(command, length, i & 0xff) : cell(1000 + i, command, i & 0xff),
        );
        const expected = pieces.map(({ command }, i) =>
          command === 128 || command === 200 ? `dropped ${command}` : wordsOf(cells[i]!),
        );
        const stream = new Uint8Array(Buffer.concat(cells));
        // Tiny cuts through megabytes would only take long.
        const small = stream.length > 200_000 ? [...lengths, 20_000] : lengths;
        const { seen } = receive(stream, small, 40, readsInTurn);
        // What is dropped has no place among the others.
        const isKept = (words: string): boolean => !words.startsWith('dropped');
        assert.equal(seen.filter(isKept), expected.filter(isKept));
        assert.is(seen.length, expected.length);
      },
    ),
    { numRuns: 60 },
  );
});

test('what is read fast is not copied', () => {
  const cells = Array.from({ length: 500 }, (_, i) => cell(i, CELL.relay, i & 0xff));
  const { memory, seen } = receive(new Uint8Array(Buffer.concat(cells)), [16384]);
  assert.is(seen.length, 500);
  assert.is(memory.stats.copiedBytes, 31 * 514, 'the first read only');
  assert.is(memory.stats.directBytes, 500 * 514 - 16384);
});

test('short reads among long ones are not copied either, and several in a row make a channel quiet', () => {
  const cells = Array.from({ length: 500 }, (_, i) => cell(i, CELL.relay, i & 0xff));
  const stream = new Uint8Array(Buffer.concat(cells));
  const among = receive(stream, [16384, 514]).memory;
  assert.is(among.stats.copiedBytes, 31 * 514, 'the first read only');
  const quiet = receive(stream, [16384, ...new Array<number>(600).fill(514)]).memory;
  assert.is(quiet.stats.directBytes, 8 * 514);
});

test('the cells of many short reads of one turn come out together, and make a channel busy', () => {
  const cells = Array.from({ length: 40 }, (_, i) => cell(i, CELL.relay, i & 0xff));
  const { batches, memory, seen } = receive(new Uint8Array(Buffer.concat(cells)), [514], 40, 20);
  assert.is(seen.length, 40);
  // The first eight are copied into the run of all, the others lie in one of the channel's own.
  assert.equal(batches, [8, 12, 20]);
  assert.is(memory.stats.copiedBytes, 8 * 514);
});

test('a variable cell that is too long is told before it is kept', () => {
  const head = variable(CELL.certs, VARIABLE_BODY_BYTES_MAX + 1).subarray(0, 7);
  assert.equal(receive(head, [7]).seen, ['too long']);
  const fits = variable(CELL.certs, VARIABLE_BODY_BYTES_MAX, 9);
  assert.is(receive(fits, [100]).seen.length, 1);
});

test('not more channels than allowed have runs of their own', () => {
  const slab = new Slab({ slotCount: 64, threadCountMax: 1 });
  const memory = new CellMemory({ directRunsMax: 2 }, { slab });
  const runs = [memory.takeRun(), memory.takeRun(), memory.takeRun()];
  assert.ok(runs[0] && runs[1]);
  assert.is(runs[2], undefined);
  memory.returnRun(runs[0]);
  assert.is(memory.directRuns, 1);
  const again = memory.takeRun();
  assert.ok(again);
  memory.returnRun(again);
  memory.returnRun(runs[1]);
  assert.is(new CellMemory({}, { slab }).directRuns, 0);
  slab.assertAllReturned();
});

test.run();
