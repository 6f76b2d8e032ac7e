// Aim: connections whose owners read into one and the same buffer do not get each other's bytes, in whatever order their
// packets come within one batch.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReceiveBudget } from '../../../engine/bittorrent/utp/receive-budget.ts';
import { UtpReceiver } from '../../../engine/bittorrent/utp/receiver.ts';
import type { StreamHandler } from '../../../engine/runtime/port.ts';

const test = suite('shared read targets');
const shared = new Uint8Array(8);

function connection(budget: ReceiveBudget) {
  const receiver = new UtpReceiver({ ack: 0, windowBytesMax: 1000, packetsMax: 16 }, { budget });
  const got: number[] = [];
  const reads: number[] = [];
  const handler = {
    readTarget: () => shared,
    onRead(length: number) {
      got.push(...shared.subarray(0, length));
      reads.push(length);
    },
  } as unknown as StreamHandler;
  receiver.open(handler);
  return { receiver, got, reads };
}

test('packets of two connections in one batch', () => {
  const budget = new ReceiveBudget({ bytesMax: 100_000 });
  const [a, b] = [connection(budget), connection(budget)];
  assert.ok(a.receiver.onData(1, Uint8Array.of(1, 2, 3)));
  assert.ok(b.receiver.onData(1, Uint8Array.of(101, 102)));
  assert.ok(a.receiver.onData(3, Uint8Array.of(7)));
  assert.ok(a.receiver.onData(2, Uint8Array.of(4, 5, 6)));
  assert.ok(b.receiver.onData(2, Uint8Array.of(103, 104, 105, 106, 107, 108, 109, 110)));
  assert.equal([a.got, b.got], [[], []], 'nothing is handed out before the batch is through');
  a.receiver.flush();
  b.receiver.flush();
  assert.equal(a.got, [1, 2, 3, 4, 5, 6, 7]);
  assert.equal(b.got, [101, 102, 103, 104, 105, 106, 107, 108, 109, 110]);
  assert.equal([a.reads, b.reads], [[7], [8, 2]], 'what came together is told of together');
  assert.is(budget.bytes, 0);
});

test('who pauses in the middle of a batch gets the rest when it goes on, in order', () => {
  const { receiver, got } = connection(new ReceiveBudget({ bytesMax: 100_000 }));
  receiver.onData(
    1,
    Uint8Array.from({ length: 20 }, (_, index) => index),
  );
  receiver.onData(2, Uint8Array.of(20, 21));
  const open = receiver as unknown as { handler: StreamHandler };
  const { onRead } = open.handler;
  open.handler.onRead = (length) => {
    onRead(length);
    if (got.length === 8) receiver.pause();
  };
  receiver.flush();
  assert.is(got.length, 8);
  assert.ok(receiver.hasUnread);
  receiver.onData(3, Uint8Array.of(22));
  receiver.flush();
  assert.is(got.length, 8);
  receiver.resume();
  receiver.flush();
  assert.equal(
    got,
    Array.from({ length: 23 }, (_, index) => index),
  );
  assert.not(receiver.hasUnread);
});

test.run();
