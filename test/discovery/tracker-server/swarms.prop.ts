/**
 * Aim: whatever announces come, a family's swarms hold exactly the peers that a plain map would hold, choose only among
 * them, without the asker and without doubles, and choose all of them alike.
 */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FamilySwarms } from '../../../engine/discovery/tracker-server/family-swarms.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';

const test = suite('swarms of a tracker');

const TORRENTS = 3;

function swarms(addressBytes: 4 | 16, peersMax = 20_000): FamilySwarms {
  return new FamilySwarms({ addressBytes, torrentsMax: TORRENTS, peersMax }, { random: seededRandom(1) });
}

function endpoint(number: number, addressBytes: number): Uint16Array {
  const halves = new Uint16Array(addressBytes / 2 + 1);
  halves[0] = number & 0xffff;
  halves[halves.length - 1] = (number >>> 16) + 1;
  return halves;
}

function chosen(of: FamilySwarms, torrent: number, self: number, isSeed: boolean, wanted: number): number[] {
  const size = of.endpointBytes / 2;
  const out = new Uint16Array((wanted + 1) * size);
  const count = of.choose(torrent, endpoint(self, of.endpointBytes - 2), isSeed, wanted, out, 0);
  return Array.from({ length: count }, (_, i) => out[i * size]! | ((out[i * size + size - 1]! - 1) << 16));
}

type Step = {
  readonly torrent: number;
  readonly peer: number;
  readonly kind: 'seed' | 'leech' | 'gone' | 'expire';
};

const step = (peers: number): fc.Arbitrary<Step> =>
  fc.record({
    torrent: fc.nat({ max: TORRENTS - 1 }),
    peer: fc.nat({ max: peers }),
    kind: fc.oneof(
      { weight: 6, arbitrary: fc.constant('leech' as const) },
      { weight: 4, arbitrary: fc.constant('seed' as const) },
      { weight: 4, arbitrary: fc.constant('gone' as const) },
      { weight: 1, arbitrary: fc.constant('expire' as const) },
    ),
  });

for (const addressBytes of [4, 16] as const) {
  for (const [size, peers, maxLength] of [
    ['small', 12, 200],
    ['large', 400, 3000],
  ] as const) {
    test(`${size} swarms of ${addressBytes}-byte addresses hold what a map holds`, () => {
      fc.assert(
        fc.property(fc.array(step(peers), { maxLength, size: 'max' }), (steps) => {
          const real = swarms(addressBytes);
          const model = Array.from(
            { length: TORRENTS },
            () => new Map<number, { isSeed: boolean; seen: number }>(),
          );
          for (const [now, { torrent, peer, kind }] of steps.entries()) {
            const map = model[torrent]!;
            const it = endpoint(peer, addressBytes);
            if (kind === 'gone') assert.is(real.remove(torrent, it), map.delete(peer));
            else if (kind === 'expire') {
              const before = Math.max(0, now - 100);
              const old = [...map].filter(([, { seen }]) => seen < before);
              for (const [key] of old) map.delete(key);
              assert.is(real.expire(torrent, before), old.length);
            } else {
              assert.ok(real.put(torrent, it, kind === 'seed', now));
              map.set(peer, { isSeed: kind === 'seed', seen: now });
            }
            assert.is(real.counts[torrent], map.size);
          }
          for (const [torrent, map] of model.entries()) {
            const seeds = [...map].filter(([, { isSeed }]) => isSeed);
            assert.is(real.seeds[torrent], seeds.length);
            const all = chosen(real, torrent, 0, false, peers + 1).sort((a, b) => a - b);
            assert.equal(
              all,
              [...map.keys()].filter((key) => key !== 0).sort((a, b) => a - b),
            );
            const leechers = chosen(real, torrent, 0, true, peers + 1).sort((a, b) => a - b);
            const wanted = [...map].filter(([key, { isSeed }]) => key !== 0 && !isSeed).map(([key]) => key);
            assert.equal(
              leechers,
              wanted.sort((a, b) => a - b),
            );
          }
          assert.is(
            real.peerCount,
            model.reduce((sum, map) => sum + map.size, 0),
          );
        }),
        { numRuns: size === 'small' ? 200 : 25, seed: 7 },
      );
    });
  }
}

test('every peer is chosen as often as any other', () => {
  const real = swarms(4);
  const [peers, wanted, rounds] = [200, 20, 20_000];
  for (let peer = 0; peer < peers; peer++) real.put(0, endpoint(peer, 4), peer < 50, 1);
  const counts = new Float64Array(peers);
  for (let round = 0; round < rounds; round++) {
    const asker = round % peers;
    const got = chosen(real, 0, asker, false, wanted);
    assert.is(new Set(got).size, got.length);
    assert.not.ok(got.includes(asker));
    for (const peer of got) counts[peer]! += 1;
    real.put(0, endpoint(asker, 4), asker < 50, 1);
  }
  const expected = (rounds * wanted) / peers;
  let worst = 0;
  for (const count of counts) worst = Math.max(worst, Math.abs(count - expected) / expected);
  assert.ok(worst < 0.1, `${worst}`);
});

test('news that come late make nobody older', () => {
  const real = swarms(4);
  real.put(0, endpoint(1, 4), false, 100);
  real.put(0, endpoint(1, 4), true, 50);
  assert.is(real.expire(0, 100), 0);
  assert.is(real.expire(0, 101), 1);
});

test('a full tracker refuses newcomers and keeps those it has', () => {
  const real = swarms(4, 64);
  let taken = 0;
  while (real.put(taken % TORRENTS, endpoint(taken, 4), false, 1)) taken++;
  assert.ok(taken >= 16 && taken <= 64, `${taken}`);
  assert.is(real.peerCount, taken);
  assert.ok(real.put(0, endpoint(0, 4), true, 2), 'one that is there');
  for (let peer = 0; peer < taken; peer++) assert.ok(real.remove(peer % TORRENTS, endpoint(peer, 4)));
  assert.is(real.peerCount, 0);
  assert.ok(real.put(0, endpoint(0, 4), false, 1));
});

test.run();
