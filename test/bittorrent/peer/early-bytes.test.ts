/** Aim: what a caller sends while its torrent is fetched is taken in whole and in order, and is bounded. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EarlyBytes } from '../../../engine/bittorrent/peer/early-bytes.ts';

const early = suite('early bytes');
const never = (): boolean => false;

/** Takes in pieces of at most `step` bytes. */
function setUp(step: number): { bytes: EarlyBytes; taken: number[] } {
  const target = new Uint8Array(step);
  const taken: number[] = [];
  const bytes = new EarlyBytes({
    target: () => target,
    takeIn: (length) => taken.push(...target.subarray(0, length)),
  });
  return { bytes, taken };
}

function send(bytes: EarlyBytes, values: readonly number[]): 'kept' | 'released' {
  bytes.target().set(values);
  return bytes.onRead(values.length, never);
}

early('what came before the torrent is taken in when it is there, what comes next at once', () => {
  const { bytes, taken } = setUp(2);
  assert.is(send(bytes, [1, 2, 3]), 'kept');
  assert.is(send(bytes, [4, 5]), 'kept');
  assert.equal(taken, []);
  bytes.release(never);
  assert.equal(taken, [1, 2, 3, 4, 5]);
  assert.is(send(bytes, [6, 7, 8]), 'released');
  assert.equal(taken, [1, 2, 3, 4, 5, 6, 7, 8]);
});

early('nothing is taken in for a peer that is gone', () => {
  const { bytes, taken } = setUp(1);
  send(bytes, [1, 2, 3]);
  bytes.release(() => taken.length > 0);
  assert.equal(taken, [1]);
});

early('64 KiB are kept; then it says that it is full and still has a place to lend', () => {
  const { bytes } = setUp(1);
  let sent = 0;
  while (!bytes.isFull) {
    const { length } = bytes.target();
    bytes.onRead(Math.min(length, 5_000), never);
    sent += Math.min(length, 5_000);
  }
  assert.is(sent, 64 * 1024);
  assert.ok(bytes.target().length > 0);
});

early.run();
