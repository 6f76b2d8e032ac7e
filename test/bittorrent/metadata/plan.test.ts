// Aim: the rules of putting metadata together, one by one: who is asked for what, what happens to liars, refusals,
// silence, other lengths, and at the bounds.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  METADATA_PLAN_DEFAULTS,
  MetadataPlan,
  type MetadataPlanOptions,
} from '../../../engine/bittorrent/metadata/plan.ts';

const test = suite('metadata plan');
const PART = 16_384;
const info = Uint8Array.from({ length: PART * 3 + 100 }, (_, i) => i % 251);
const partOf = (whole: Uint8Array, part: number): Uint8Array =>
  whole.subarray(part * PART, (part + 1) * PART);

function planOf(more: Partial<MetadataPlanOptions> = {}): MetadataPlan {
  return new MetadataPlan(
    { ...METADATA_PLAN_DEFAULTS, ...more },
    (found) => Buffer.compare(found, info) === 0,
  );
}

test('parts are shared out among peers, none is asked twice at once', () => {
  const plan = planOf({ partsPerPeer: 2 });
  for (const peer of [1, 2, 3]) assert.ok(plan.addPeer(peer, info.length));
  const asked = [1, 2, 3].flatMap((peer) => plan.next(peer, 0));
  assert.equal(asked.sort(), [0, 1, 2, 3]);
  assert.equal(plan.next(3, 0), []);
  for (const part of [0, 1]) assert.is(plan.take(1, part, partOf(info, part)).kind, 'taken');
  assert.is(plan.take(2, 2, partOf(info, 2)).kind, 'taken');
  assert.is(plan.take(2, 3, partOf(info, 3)).kind, 'done');
  assert.equal(plan.info, info);
  assert.is(plan.heldBytes, 0);
});

test('what was not asked is not taken, and a part of the wrong length is bad', () => {
  const plan = planOf();
  plan.addPeer(1, info.length);
  assert.is(plan.take(1, 0, partOf(info, 0)).kind, 'unasked');
  assert.is(plan.take(9, 0, partOf(info, 0)).kind, 'unasked');
  plan.next(1, 0);
  assert.equal(plan.take(1, 0, new Uint8Array(5)), { kind: 'bad', liars: [1] });
});

test('one who gives everything and lies is named; of several nobody is blamed, and one at a time is asked', () => {
  const plan = planOf({ partsPerPeer: 2 });
  const wrong = info.map((byte) => byte ^ 1);
  plan.addPeer(1, info.length);
  plan.addPeer(2, info.length);
  const first = plan.next(1, 0);
  const second = plan.next(2, 0);
  for (const part of first) plan.take(1, part, partOf(info, part));
  let last = plan.take(2, second[0]!, partOf(wrong, second[0]!));
  last = plan.take(2, second[1]!, partOf(wrong, second[1]!));
  assert.equal(last, { kind: 'taken', liars: [] });
  assert.is(plan.info, undefined);
  // Now peer 2 alone is asked for all of it.
  const asked: number[] = [];
  for (let turn = plan.next(2, 0); turn.length > 0; turn = plan.next(2, 0)) {
    assert.equal(plan.next(1, 0), [], 'not beside another');
    asked.push(...turn);
    for (const part of turn) last = plan.take(2, part, partOf(wrong, part));
  }
  assert.equal(asked, [0, 1, 2, 3]);
  assert.equal(last.liars, [2]);
  for (let turn = plan.next(1, 0); turn.length > 0; turn = plan.next(1, 0)) {
    for (const part of turn) last = plan.take(1, part, partOf(info, part));
  }
  assert.is(last.kind, 'done');
});

test('who refuses or stays silent is left alone for a while, and others are asked', () => {
  const plan = planOf({ partsPerPeer: 4, timeoutMs: 10_000, pauseMs: 30_000 });
  plan.addPeer(1, info.length);
  assert.is(plan.next(1, 0).length, 4);
  plan.addPeer(2, info.length);
  assert.equal(plan.next(2, 0), []);
  plan.expire(9_999);
  assert.equal(plan.next(2, 9_999), []);
  plan.expire(10_000);
  assert.equal(plan.next(1, 10_000), []);
  assert.is(plan.next(2, 10_000).length, 4);
  plan.refused(2, 0, 10_000);
  assert.equal(plan.next(2, 20_000), []);
  assert.is(plan.next(1, 40_001).length, 4);
});

test('lengths: too long, none, and more different ones than are followed up', () => {
  const plan = planOf({ bytesMax: 1_000_000, lengthsMax: 2 });
  assert.not.ok(plan.addPeer(1, 1_000_001));
  assert.not.ok(plan.addPeer(1, 0));
  assert.ok(plan.addPeer(1, 100));
  assert.ok(plan.addPeer(2, 200));
  assert.not.ok(plan.addPeer(3, 300));
  plan.removePeer(1);
  assert.ok(plan.addPeer(3, 300), 'nobody claims 100 any more');
});

test('lengths whose peers have all failed make room for another one', () => {
  const plan = planOf({ lengthsMax: 2, timeoutMs: 10_000 });
  for (const [peer, byteLength] of [100, 200].entries()) {
    assert.ok(plan.addPeer(peer, byteLength));
    assert.equal(plan.next(peer, 0), [0]);
  }
  assert.not.ok(plan.addPeer(9, info.length), 'they may still answer');
  plan.expire(10_000);
  assert.ok(plan.addPeer(9, info.length), 'nobody has answered');
  assert.not.ok(plan.knows(0));
  assert.ok(plan.knows(1), 'one of them made room');
  let last = '';
  for (let turn = plan.next(9, 10_000); turn.length > 0; turn = plan.next(9, 10_000)) {
    for (const part of turn) last = plan.take(9, part, partOf(info, part)).kind;
  }
  assert.is(last, 'done');
});

test('bytes held end at their bound: what another length has goes first', () => {
  const plan = planOf({ heldBytesMax: PART * 2, partsPerPeer: 100 });
  plan.addPeer(1, PART * 10);
  plan.addPeer(2, info.length);
  plan.next(1, 0);
  plan.next(2, 0);
  plan.take(1, 0, new Uint8Array(PART));
  plan.take(1, 1, new Uint8Array(PART));
  assert.is(plan.heldBytes, PART * 2);
  assert.is(plan.take(1, 2, new Uint8Array(PART)).kind, 'unasked');
  assert.is(plan.take(2, 0, partOf(info, 0)).kind, 'taken');
  assert.is(plan.heldBytes, PART);
});

test.run();
