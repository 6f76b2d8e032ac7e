// Aim: requests are answered in order, in runs, with the right bytes on the wire; slots come back whatever happens
// to the disk or the socket; a peer's queue is bounded.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SendTurns } from '../../../engine/bittorrent/peer/send-turns.ts';
import { Uploader } from '../../../engine/bittorrent/peer/uploader.ts';
import { Slab } from '../../../engine/kernels/slab.ts';
import type { ByteStream, Clock, FileHandle, FileSend, Milliseconds } from '../../../engine/runtime/port.ts';

const test = suite('uploader');
const BLOCK = 16384;

function setUp(
  options: {
    readonly slotCount?: number;
    readonly failReads?: boolean;
    readonly inMemory?: boolean;
    readonly takesAtOnce?: boolean;
    readonly sendFile?: (send: FileSend) => boolean;
    readonly turns?: SendTurns;
  } = {},
) {
  const slab = new Slab({ slotCount: options.slotCount ?? 64, threadCountMax: 1 });
  const written: Uint8Array[] = [];
  const settle: ((ok: boolean) => void)[] = [];
  const reads: { piece: number; begin: number; blocks: number }[] = [];
  const errors: unknown[] = [];
  let sent = 0;
  const time = { ms: 0 };
  const clock = {
    now: () => time.ms as Milliseconds,
    setTimer: (_delayMs, callback) => {
      const immediate = setImmediate(callback);
      return { cancel: () => clearImmediate(immediate) };
    },
  } as Clock;
  const turns = options.turns ?? new SendTurns({ clock });
  const stream = {
    write(bytes: Uint8Array, done?: (ok: boolean) => void) {
      if (options.takesAtOnce === true) {
        queueMicrotask(() => done!(true));
        return;
      }
      written.push(bytes.slice());
      settle.push(done!);
    },
    ...(options.sendFile === undefined ? {} : { sendFile: options.sendFile }),
  } as unknown as ByteStream;
  const borrowed = new Set<object>();
  const uploader = new Uploader(
    { queueLengthMax: 100 },
    {
      slab,
      stream,
      clock,
      turns,
      read: (piece, begin, targets) => {
        reads.push({ piece, begin, blocks: targets.length });
        if (options.failReads === true) return Promise.reject(new Error('disk'));
        let at: number = begin;
        for (const target of targets) {
          target.fill((piece * 7 + at / BLOCK) & 255);
          at += target.length;
        }
        return options.inMemory === true ? undefined : Promise.resolve();
      },
      borrow: (_piece, begin) => {
        const file = {
          handle: {} as FileHandle,
          position: begin,
          giveBack: () => void borrowed.delete(file),
        };
        borrowed.add(file);
        return file;
      },
      onSent: (byteLength) => {
        sent += byteLength;
      },
      onReadError: (_piece, error) => errors.push(error),
    },
  );
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return {
    slab,
    written,
    settle,
    reads,
    errors,
    uploader,
    turn,
    turns,
    time,
    borrowed,
    sentBytes: () => sent,
  };
}

test('consecutive requests become one read and one write, headers in place', async () => {
  const { uploader, written, reads, settle, slab, turn, sentBytes } = setUp();
  for (let i = 0; i < 20; i++) uploader.request(3, i * BLOCK, BLOCK);
  uploader.pump();
  await turn();
  assert.equal(reads, [
    { piece: 3, begin: 0, blocks: 16 },
    { piece: 3, begin: 16 * BLOCK, blocks: 4 },
  ]);
  assert.is(written.length, 1, 'the second run waits for the first');
  settle[0]!(true);
  await turn();
  settle[1]!(true);
  await turn();
  const wire = Buffer.concat(written);
  assert.is(wire.length, 20 * (BLOCK + 13));
  for (let i = 0; i < 20; i++) {
    const at = i * (BLOCK + 13);
    assert.is(wire.readUInt32BE(at), BLOCK + 9);
    assert.is(wire[at + 4], 7);
    assert.is(wire.readUInt32BE(at + 5), 3);
    assert.is(wire.readUInt32BE(at + 9), i * BLOCK);
    assert.ok(wire.subarray(at + 13, at + 13 + BLOCK).every((byte) => byte === ((21 + i) & 255)));
  }
  assert.is(sentBytes(), 20 * BLOCK);
  slab.assertAllReturned();
});

test('what lies in memory is written at once and read when its turn comes, in the order of the requests', () => {
  const { uploader, written, reads, settle, slab } = setUp({ inMemory: true });
  for (let i = 0; i < 20; i++) uploader.request(3, i * BLOCK, BLOCK);
  uploader.pump();
  assert.is(written.length, 1);
  assert.is(reads.length, 1);
  settle.shift()!(true);
  assert.equal(
    written.map((bytes) => bytes.length),
    [16 * (BLOCK + 13), 4 * (BLOCK + 13)],
  );
  const wire = Buffer.concat(written);
  for (let i = 0; i < 20; i++) assert.is(wire.readUInt32BE(i * (BLOCK + 13) + 9), i * BLOCK);
  for (const done of settle) done(true);
  slab.assertAllReturned();
});

test('a peer that takes what it gets at once is given more in one go, a slow one less', async () => {
  const { uploader, written, settle, time, turn } = setUp({ inMemory: true, slotCount: 1000 });
  const runs = async (tookMs: number): Promise<number[]> => {
    const blocks: number[] = [];
    for (let run = 0; run < 7; run++) {
      for (let i = 0; i < 64; i++) uploader.request(1, i * BLOCK, BLOCK);
      uploader.pump();
      blocks.push(written.at(-1)!.length / (BLOCK + 13));
      uploader.clear();
      time.ms += tookMs;
      for (const done of settle.splice(0)) done(true);
      await turn();
    }
    return blocks;
  };
  assert.is(Math.max(...(await runs(1))), 64);
  assert.is(Math.min(...(await runs(1000))), 1);
});

test('peers that could be sent to for ever take turns, and the loop goes on meanwhile', async () => {
  const options = { inMemory: true, slotCount: 1000, takesAtOnce: true } as const;
  const first = setUp(options);
  const others = [1, 2, 3].map(() => setUp({ ...options, turns: first.turns }));
  const peers = [first, ...others];
  const total = (): number => peers.reduce((sum, { sentBytes }) => sum + sentBytes(), 0);
  for (let round = 0; round < 60; round++) {
    const before = total();
    for (const { uploader } of peers) {
      while (uploader.queueLength < 64) uploader.request(1, uploader.queueLength * BLOCK, BLOCK);
      uploader.pump();
    }
    await first.turn();
    // What the turn before had left, and what this one has.
    assert.ok(total() - before <= 6 * 1024 * 1024, `${total() - before} bytes in one turn`);
  }
  const sent = peers.map(({ sentBytes }) => sentBytes());
  assert.ok(Math.min(...sent) > 0.8 * Math.max(...sent), sent.join(' '));
});

test('a peer that takes much is sent to by another thread where there is one; what it cannot read is read here', async () => {
  const sends: FileSend[] = [];
  const { uploader, written, settle, reads, slab, turn, sentBytes, borrowed } = setUp({
    inMemory: true,
    slotCount: 1000,
    sendFile: (send) => sends.push(send) > 0,
  });
  const ask = (): void => {
    for (let i = 0; i < 64; i++) uploader.request(1, i * BLOCK, BLOCK);
    uploader.pump();
  };
  while (sends.length === 0) {
    ask();
    while (settle.length > 0) settle.shift()!(true);
    await turn();
  }
  const before = { reads: reads.length, sent: sentBytes() };
  const [send] = sends as [FileSend];
  assert.is(send.bytes.length, send.targets.length * (BLOCK + 13));
  assert.is(
    send.targets.reduce((sum, { length }) => sum + length, 0),
    send.targets.length * BLOCK,
  );
  assert.ok(borrowed.size > 0);
  send.sent('sent');
  assert.is(sentBytes(), before.sent + send.targets.length * BLOCK);
  assert.is(reads.length, before.reads, 'not read here');
  uploader.clear();
  const rest = sends.splice(1);
  const writes = written.length;
  for (const { sent } of rest) sent('unread');
  assert.ok(rest.length === 0 || written.length > writes);
  ask();
  uploader.clear();
  for (let left = sends.pop(); left !== undefined; left = sends.pop()) left.sent('unread');
  assert.ok(reads.length > before.reads, 'read here');
  while (settle.length > 0) settle.shift()!(true);
  ask();
  uploader.close();
  for (const { sent } of sends.splice(0)) sent('lost');
  while (settle.length > 0) settle.shift()!(false);
  assert.is(borrowed.size, 0);
  slab.assertAllReturned();
});

test('odd lengths and offsets are answered as asked', async () => {
  const { uploader, written, settle, slab, turn } = setUp();
  uploader.request(0, 5, 3);
  uploader.request(0, 8, 131_072);
  uploader.pump();
  await turn();
  settle[0]!(true);
  await turn();
  const wire = Buffer.concat(written);
  assert.is(wire.length, 13 + 3 + 13 + 131_072);
  assert.is(wire.readUInt32BE(0), 12);
  assert.is(wire.readUInt32BE(16 + 9), 8);
  settle[1]?.(true);
  slab.assertAllReturned();
});

test('a request that is cancelled before its turn is not answered', async () => {
  const { uploader, reads, turn } = setUp();
  uploader.request(1, 0, BLOCK);
  uploader.request(1, BLOCK, BLOCK);
  assert.ok(uploader.cancel(1, BLOCK, BLOCK));
  assert.not.ok(uploader.cancel(1, 5 * BLOCK, BLOCK));
  uploader.pump();
  await turn();
  assert.equal(reads, [{ piece: 1, begin: 0, blocks: 1 }]);
});

test('the queue is bounded, and clear tells what will not be answered', () => {
  const { uploader } = setUp();
  for (let i = 0; i < 100; i++) assert.ok(uploader.request(0, i * BLOCK, BLOCK));
  assert.not.ok(uploader.request(0, 100 * BLOCK, BLOCK));
  let dropped = 0;
  uploader.clear(() => dropped++);
  assert.is(dropped, 100);
  assert.is(uploader.queueLength, 0);
});

test('a read that fails is reported, and its slots come back', async () => {
  const { uploader, errors, slab, turn } = setUp({ failReads: true });
  uploader.request(0, 0, BLOCK);
  uploader.pump();
  await turn();
  assert.is(errors.length, 1);
  slab.assertAllReturned();
});

test('slots come back when the socket dies, before or after the read', async () => {
  const { uploader, settle, slab, turn } = setUp();
  for (let i = 0; i < 32; i++) uploader.request(0, i * BLOCK, BLOCK);
  uploader.pump();
  await turn();
  uploader.close();
  settle[0]!(false);
  await turn();
  slab.assertAllReturned();

  const early = setUp();
  early.uploader.request(0, 0, BLOCK);
  early.uploader.pump();
  early.uploader.close();
  await early.turn();
  early.slab.assertAllReturned();
});

test('uploads leave a quarter of the slab to others', async () => {
  const { uploader, reads, slab, turn } = setUp({ slotCount: 64 });
  const others = slab.tryLease(50, 'someone else')!;
  uploader.request(2, 0, BLOCK);
  uploader.pump();
  await turn();
  assert.is(reads.length, 0);
  others.release();
  await turn();
  await turn();
  assert.is(reads.length, 1);
});

test('when the slab is full it waits, and goes on when slots come back', async () => {
  const { uploader, written, settle, slab, turn } = setUp({ slotCount: 16 });
  const other = slab.tryLease(16, 'someone else')!;
  uploader.request(2, 0, BLOCK);
  uploader.pump();
  await turn();
  assert.is(written.length, 0);
  other.release();
  await turn();
  await turn();
  assert.is(written.length, 1);
  settle[0]!(true);
  slab.assertAllReturned();
});

test.run();
