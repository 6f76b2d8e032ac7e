// Aim: a stream that an XON holds to a rate has one timer, however often it is woken, and goes on when that has run.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CircuitStreams } from '../../../engine/onion/client/circuit-streams.ts';
import type { ClientStream } from '../../../engine/onion/client/stream.ts';
import type { StreamFlow } from '../../../engine/onion/client/stream-flow.ts';

const test = suite('streams of a circuit');

/** A stream with data to send, on a circuit whose timers are run by hand. */
function heldStream() {
  const timers: (() => void)[] = [];
  const held = { waitMs: 20 };
  const flow = { waitMs: () => held.waitMs, cellsToCome: 0 } as unknown as StreamFlow;
  const circuit = {
    sendMessage: () => {},
    wake: () => {},
    now: () => 0,
    later: (action: () => void) => void timers.push(action),
    newFlow: () => flow,
  };
  const random = { bytes: (length: number) => new Uint8Array(length), below: () => 0 };
  const streams = new CircuitStreams({ circuit, random });
  const stream = { kind: 'directory', wantsToSend: true, queuedBytes: 5 } as unknown as ClientStream;
  streams.attach(stream);
  return { timers, held, streams, stream };
}

test('one timer for a stream that waits, and the next one when it has run', () => {
  const { timers, held, streams, stream } = heldStream();
  for (let i = 0; i < 100; i += 1) streams.wake(stream);
  assert.is(timers.length, 1);
  timers[0]!();
  assert.is(timers.length, 2, 'still held');
  assert.is(streams.nextSender(), undefined);
  held.waitMs = 0;
  timers[1]!();
  assert.is(streams.nextSender(), stream);
  assert.is(timers.length, 2);
});

test('a timer of a stream that is gone wakes nobody', () => {
  const { timers, held, streams, stream } = heldStream();
  streams.wake(stream);
  streams.forget(stream);
  held.waitMs = 0;
  timers[0]!();
  assert.is(streams.nextSender(), undefined);
});

test.run();
