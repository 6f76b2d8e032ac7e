// Aim: whatever a stranger makes of an MSE handshake, neither side throws, each ends with a reason or waits for a
// bounded number of bytes, and every cipher comes back. Seeded: a failure names the seed.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { MseHandshake } from '../../../engine/bittorrent/mse/types.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { type Kit, mseKit, release, talk } from './support/mse-kit.ts';

const test = suite('mse fuzz');

const ROUNDS = 2000;
const KINDS = ['flip', 'cut', 'insert', 'noise', 'repeat', 'swap'] as const;

function mutate(kind: (typeof KINDS)[number], bytes: Uint8Array, random: Kit['random']): Uint8Array {
  const at = random.below(Math.max(1, bytes.length));
  const copy = Uint8Array.from(bytes);
  switch (kind) {
    case 'flip':
      if (copy.length > 0) copy[at]! ^= 1 << random.below(8);
      return copy;
    case 'cut':
      return copy.subarray(0, at);
    case 'insert':
      return Uint8Array.of(
        ...copy.subarray(0, at),
        ...random.bytes(1 + random.below(64)),
        ...copy.subarray(at),
      );
    case 'noise':
      return Uint8Array.of(...copy.subarray(0, at), ...random.bytes(random.below(1500)));
    case 'repeat':
      return Uint8Array.of(...copy, ...copy);
    case 'swap':
      return copy.reverse();
  }
}

for (const kind of KINDS) {
  test(`${ROUNDS} handshakes, ${kind}`, () => {
    let settled = 0;
    const kit = mseKit(KINDS.indexOf(kind));
    for (let seed = 0; seed < ROUNDS; seed++) {
      const random = seededRandom(seed * 31 + 7);
      const victim = random.below(3); // which of the messages is altered
      let message = 0;
      const sides: MseHandshake[] = [kit.caller(['rc4', 'plain']), kit.answerer(['rc4', 'plain'])];
      const outcome = talk(sides[0]!, sides[1]!, 1 + random.below(2000), (_from, bytes) =>
        message++ === victim ? mutate(kind, bytes, random) : bytes,
      );
      if (outcome.caller !== undefined || outcome.answerer !== undefined) settled++;
      release(outcome);
      for (const [index, side] of sides.entries()) {
        if (outcome[index === 0 ? 'caller' : 'answerer'] === undefined) side.close();
      }
      assert.is(kit.ciphers.size, 0, `${kind}, seed ${seed}`);
    }
    assert.ok(settled > 0, 'some came to an end');
    kit.slab.assertAllReturned();
  });
}

test('a side that is fed noise for ever ends it before 1,300 bytes', () => {
  for (let seed = 0; seed < 200; seed++) {
    const kit = mseKit(seed);
    const random = seededRandom(seed);
    for (const side of [kit.caller(['rc4']), kit.answerer(['rc4'])]) {
      side.start();
      let fed = 0;
      while (side.take(random.bytes(50)).kind === 'more') {
        fed += 50;
        assert.ok(fed < 1300, `seed ${seed}`);
      }
    }
  }
});

test.run();
