// Aim: windows of 1000 and 500 cells, a SENDME for every 100 and 50, each proven by the digest of the cell that it
// answers; what does not fit closes the circuit.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Sendme } from '../../../engine/onion/flow/circuit-flow.ts';
import {
  fixedReceiver,
  fixedSender,
  streamOnData,
  streamOnSendme,
  streamSendmesDue,
  streamWindow,
} from '../../../engine/onion/flow/fixed-window.ts';
import { SendmeTags } from '../../../engine/onion/flow/sendme-tags.ts';

const test = suite('fixed windows');
const SHA1 = { tagBytes: 20, acceptVersionMin: 1 };
const tagOf = (number: number, byteLength = 20): Uint8Array => new Uint8Array(byteLength).fill(number);
const sendme = (number: number, byteLength = 20): Sendme => ({ version: 1, tag: tagOf(number, byteLength) });

/** Sends all that may be sent, in batches; how many cells, tags numbered from `firstTag`. */
function sendAll(sender: ReturnType<typeof fixedSender>, firstTag: number): number {
  let sent = 0;
  let tag = firstTag;
  while (sender.sendable > 0) {
    const count = Math.min(7, sender.sendable, sender.untilTag);
    if (sender.onSent(count, 0)) sender.expectTag(tagOf(tag++));
    sent += count;
  }
  return sent;
}

test('1000 cells, then 100 for each SENDME', () => {
  const sender = fixedSender(SHA1);
  assert.is(sendAll(sender, 1), 1000);
  for (let i = 1; i <= 25; i++) {
    assert.is(sender.onSendme(sendme(i), 0, false), undefined);
    assert.is(sendAll(sender, 10 + i), 100);
  }
});

test('a SENDME with a wrong digest, or one too short, closes the circuit', () => {
  for (const bad of [sendme(2), sendme(1, 16), { version: 1, tag: new Uint8Array(0) }]) {
    const sender = fixedSender(SHA1);
    sendAll(sender, 1);
    assert.is(sender.onSendme(bad, 0, false), 'sendme-tag-wrong');
  }
});

test('digests are proven in the order of the cells', () => {
  const sender = fixedSender(SHA1);
  sendAll(sender, 1);
  assert.is(sender.onSendme(sendme(1), 0, false), undefined);
  assert.is(sender.onSendme(sendme(3), 0, false), 'sendme-tag-wrong');
});

test('a SENDME that nothing was sent for closes the circuit', () => {
  const sender = fixedSender(SHA1);
  assert.is(sender.onSendme(sendme(0), 0, false), 'sendme-unexpected');
  sender.onSent(99, 0);
  assert.is(sender.onSendme(sendme(0), 0, false), 'sendme-unexpected');
  assert.ok(sender.onSent(1, 0));
  sender.expectTag(tagOf(5));
  assert.is(sender.onSendme(sendme(5), 0, false), undefined);
  assert.is(sender.onSendme(sendme(5), 0, false), 'sendme-unexpected');
});

test('a SENDME that comes before the tag is known proves nothing', () => {
  const sender = fixedSender(SHA1);
  sender.onSent(100, 0);
  assert.is(sender.onSendme(sendme(0), 0, false), 'sendme-tag-wrong');
});

test('version 0 only where the consensus lets it, versions not known never', () => {
  const old: Sendme = { version: 0, tag: new Uint8Array(0) };
  const strict = fixedSender(SHA1);
  const lax = fixedSender({ tagBytes: 20, acceptVersionMin: 0 });
  for (const sender of [strict, lax]) sendAll(sender, 1);
  assert.is(strict.onSendme(old, 0, false), 'sendme-version-refused');
  assert.is(lax.onSendme(old, 0, false), undefined);
  assert.is(lax.onSendme(sendme(2), 0, false), undefined, 'the digest of the first was passed over');
  assert.is(lax.onSendme({ version: 2, tag: tagOf(3) }, 0, false), 'sendme-version-refused');
});

test('tags of 16 bytes for CGO', () => {
  const sender = fixedSender({ tagBytes: 16, acceptVersionMin: 1 });
  sender.onSent(100, 0);
  sender.expectTag(tagOf(9, 16));
  assert.is(sender.onSendme(sendme(9), 0, false), 'sendme-tag-wrong');
  assert.is(sender.onSendme(sendme(9, 16), 0, false), undefined);
});

test('a receiver answers every hundredth cell', () => {
  const receiver = fixedReceiver();
  const due: number[] = [];
  for (let cell = 1; cell <= 1000; cell++) if (receiver.onReceived(1) === 'sendme') due.push(cell);
  assert.equal(due, [100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
  assert.is(receiver.untilSendme, 100);
  assert.is(receiver.onReceived(99), 'none');
  assert.is(receiver.untilSendme, 1);
});

test('a stream may send 500 cells, one more closes the circuit', () => {
  const window = streamWindow();
  for (let i = 0; i < 500; i++) assert.is(streamOnData(window), undefined);
  assert.is(streamOnData(window), 'data-beyond-window');
});

test('stream SENDMEs are due for data that the application took, and not while much of it waits', () => {
  const window = streamWindow();
  for (let i = 0; i < 149; i++) streamOnData(window);
  assert.is(streamSendmesDue(window, 500 * 498 + 1), 0);
  assert.is(streamSendmesDue(window, 0), 2);
  assert.is(streamSendmesDue(window, 0), 0);
  assert.is(window.deliverCells, 451);
});

test('a stream SENDME beyond the window closes the circuit', () => {
  const window = streamWindow();
  assert.is(streamOnSendme(window), 'sendme-window-full');
  window.packageCells -= 50;
  assert.is(streamOnSendme(window), undefined);
  assert.is(streamOnSendme(window), 'sendme-window-full');
});

test('expected tags are bounded, keep their order while the ring grows, and say when there is no room', () => {
  const tags = new SendmeTags(20, 100);
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 100; i++) {
      assert.ok(tags.reserve(i));
      tags.fill(tagOf(i));
    }
    assert.not.ok(tags.reserve(0));
    for (let i = 0; i < 100; i++) {
      assert.is(tags.oldestSentMs, i);
      assert.ok(tags.matches(tagOf(i)));
      tags.shift();
    }
    assert.is(tags.count, 0);
    for (let i = 0; i < 37; i++) {
      tags.reserve(0);
      tags.shift();
    }
  }
});

test.run();
