// Aim: 12,000 mutated metadata messages (BEP 9) end in a bounded message or a fault: no exception; and the plan that
// takes them holds no more than its bound. ALLIUM_FUZZ_SEED replays one.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  decodeMetadataMessage,
  encodeMetadataPart,
  encodeMetadataRequest,
  METADATA_PART_BYTES,
} from '../../../engine/bittorrent/metadata/message.ts';
import { METADATA_PLAN_DEFAULTS, MetadataPlan } from '../../../engine/bittorrent/metadata/plan.ts';
import { mutateBytes } from '../support/mutate-bytes.ts';
import { seededRandom } from '../support/seeded-random.ts';

const test = suite('metadata fuzz');
const MESSAGES = 12_000;
const replay = process.env.ALLIUM_FUZZ_SEED;
const seeds = replay === undefined ? Array.from({ length: MESSAGES }, (_, seed) => seed) : [Number(replay)];
const info = new Uint8Array(40_000).fill(7);

test('mutated messages into a plan', () => {
  const plan = new MetadataPlan({ ...METADATA_PLAN_DEFAULTS, heldBytesMax: 100_000 }, () => false);
  const kinds = new Map<string, number>();
  let nowMs = 0;
  for (const seed of seeds) {
    const random = seededRandom(seed);
    const part = random.below(4);
    const valid =
      random.below(2) === 0 && part < 3
        ? encodeMetadataPart(info, part)
        : encodeMetadataRequest(random.below(2) === 0 ? 'request' : 'reject', part);
    const message = decodeMetadataMessage(mutateBytes(valid, random));
    const kind = typeof message === 'string' ? message : message.kind;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    if (typeof message === 'string') continue;
    assert.ok(Number.isSafeInteger(message.part) && message.part >= 0, `ALLIUM_FUZZ_SEED=${seed}`);
    const peer = random.below(5);
    plan.addPeer(peer, random.below(10) === 0 ? random.below(2 ** 31) : info.length);
    nowMs += 100;
    plan.next(peer, nowMs);
    if (message.kind === 'reject') plan.refused(peer, message.part, nowMs);
    if (message.kind === 'data') {
      assert.ok(message.bytes.length <= METADATA_PART_BYTES, `ALLIUM_FUZZ_SEED=${seed}`);
      plan.take(peer, message.part, message.bytes);
    }
    plan.expire(nowMs);
    assert.ok(plan.heldBytes <= 100_000 + METADATA_PART_BYTES, `ALLIUM_FUZZ_SEED=${seed}`);
  }
  if (replay !== undefined) return;
  for (const kind of ['request', 'data', 'reject', 'unknown', 'bad-extension'])
    assert.ok((kinds.get(kind) ?? 0) > 0, `no message was ${kind}`);
});

test.run();
