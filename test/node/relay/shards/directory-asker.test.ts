/**
 * Aim: a shard hands whole directory requests to the main thread and each answer to who asked; however many ask, no more
 * wait than may, and the others hear at once that the relay is busy.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ASKED_MAX, DirectoryAsker } from '../../../../engine/node/relay/shards/directory-asker.ts';
import type { Milliseconds } from '../../../../engine/runtime/port.ts';

const test = suite('directory requests of a shard');
const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const REQUEST = latin1('GET /tor/status-vote/current/consensus HTTP/1.0\r\n\r\n');

function setUp() {
  const asked: number[] = [];
  const clock = {
    now: () => 0 as Milliseconds,
    wallClock: () => 0,
    setTimer: () => ({ cancel: () => {} }),
  };
  const asker = new DirectoryAsker({ clock, ask: (number) => asked.push(number) });
  return { asker, asked };
}

test('half a request is not handed on; a whole one is, and each gets the answer of its number', async () => {
  const { asker, asked } = setUp();
  assert.is(asker.handler(REQUEST.subarray(0, 20), undefined), undefined);
  assert.equal(asked, []);
  const [one, other] = [asker.handler(REQUEST, undefined), asker.handler(REQUEST, undefined)];
  assert.equal(asked, [1, 2]);
  asker.answer(2, latin1('two'));
  asker.answer(1, latin1('one'));
  asker.answer(3, latin1('nobody asked'));
  assert.equal([await one, await other], [latin1('one'), latin1('two')]);
  assert.is(asker.waiting, 0);
});

test('without an answer the request fails', async () => {
  const { asker } = setUp();
  const asked = asker.handler(REQUEST, undefined) as Promise<Uint8Array>;
  asker.answer(1, undefined);
  let why = '';
  await asked.catch((error: Error) => {
    why = error.message;
  });
  assert.is(why, 'no answer');
});

test('beyond the bound the answer is 503, until others have theirs', () => {
  const { asker, asked } = setUp();
  for (let i = 0; i < ASKED_MAX; i += 1) asker.handler(REQUEST, undefined);
  assert.is(asker.waiting, ASKED_MAX);
  const refusal = asker.handler(REQUEST, undefined) as Uint8Array;
  assert.match(Buffer.from(refusal).toString('latin1'), /^HTTP\/1\.0 503 Busy\r\n[\s\S]*\r\n\r\n$/);
  assert.is(asked.length, ASKED_MAX);
  assert.is(asker.waiting, ASKED_MAX);
  asker.answer(1, latin1('done'));
  assert.ok(asker.handler(REQUEST, undefined) instanceof Promise);
  assert.is(asked.length, ASKED_MAX + 1);
});

test.run();
