// Aim: over 100,000 paths, guards, middles and exits come as often as the consensus weights say, exactly, also where
// family and subnet exclude some (chi-squared against the chances computed from the rules).
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { choosePath } from '../../../engine/onion/path/choose-path.ts';
import { allowsPorts, type PathNetwork, type PathRelay } from '../../../engine/onion/path/network.ts';
import type { Position } from '../../../engine/onion/path/weights.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';
import { fingerprintOf, networkOf, sketchRelay } from './support/relays.ts';

const test = suite('path frequencies');
const PATHS = 100_000;
const WEIGHTS = {
  ...{ Wgg: 6000, Wgd: 500, Wgm: 6000, Wmg: 4000, Wmd: 800, Wmm: 10_000 },
  ...{ Wme: 1500, Wee: 8500, Wed: 8700, Weg: 8700, Wem: 10_000 },
};

function smallNetwork(): PathNetwork {
  const random = seededRandom(42);
  const family = [0, 1, 2, 9].map((index) => `$${fingerprintOf(index)}`);
  const relays = Array.from({ length: 30 }, (_, index) =>
    sketchRelay(index, {
      flags: [
        ...(index % 2 === 0 ? (['Guard'] as const) : []),
        ...(index % 3 === 0 ? (['Exit'] as const) : []),
      ],
      ports: index % 3 === 0 ? [443] : [],
      bandwidthKb: 100 + random.below(9900),
      ...(index % 7 === 0 ? { host: `192.168.${index}.1` } : {}),
      family: [0, 1, 2, 9].includes(index) ? family : [],
    }),
  );
  return networkOf(relays, {}, WEIGHTS);
}

/** Chances of all relays of a position, given who must not be in conflict. */
function chances(
  network: PathNetwork,
  position: Position,
  others: readonly PathRelay[],
): Map<PathRelay, number> {
  const allowed = network.relays.filter(
    (relay) =>
      network.isUsableFor(relay, position) &&
      (position !== 'exit' || allowsPorts(relay, [443])) &&
      !others.some((other) => network.isConflict(relay, other)),
  );
  const total = allowed.reduce((sum, relay) => sum + network.weight(relay, position), 0);
  return new Map(allowed.map((relay) => [relay, network.weight(relay, position) / total]));
}

/** What is wrong with the counts, by chi-squared; the bound is passed by chance once in a million runs. */
function misfit(counts: readonly number[], expected: readonly number[], name: string): string {
  let chi = 0;
  let degrees = -1;
  for (const [index, chance] of expected.entries()) {
    const count = counts[index] ?? 0;
    if (chance === 0) {
      if (count > 0) return `${name} ${index} must never come`;
      continue;
    }
    chi += (count - chance * PATHS) ** 2 / (chance * PATHS);
    degrees += 1;
  }
  // Wilson and Hilferty: the cube root of chi-squared over its degrees is nearly normal; 4.75 deviations.
  const bound = degrees * (1 - 2 / (9 * degrees) + 4.75 * Math.sqrt(2 / (9 * degrees))) ** 3;
  assert.ok(degrees > 5, 'enough relays to tell anything');
  return chi < bound ? '' : `${name}: chi-squared ${chi.toFixed(1)} of ${degrees} degrees`;
}

test('every position comes as often as its weights say, exclusions included', () => {
  const network = smallNetwork();
  const size = network.relays.length;
  const expected = {
    guard: new Array(size).fill(0),
    middle: new Array(size).fill(0),
    exit: new Array(size).fill(0),
  };
  for (const [exit, pe] of chances(network, 'exit', [])) {
    expected.exit[exit.index] += pe;
    for (const [guard, pg] of chances(network, 'guard', [exit])) {
      expected.guard[guard.index] += pe * pg;
      for (const [middle, pm] of chances(network, 'middle', [exit, guard])) {
        expected.middle[middle.index] += pe * pg * pm;
      }
    }
  }
  const counts = {
    guard: new Array(size).fill(0),
    middle: new Array(size).fill(0),
    exit: new Array(size).fill(0),
  };
  const random = seededRandom(2026);
  for (let i = 0; i < PATHS; i++) {
    const path = choosePath(network, { kind: 'exit', ports: [443] }, random);
    assert.ok(path.ok);
    if (!path.ok) return;
    for (const hop of ['guard', 'middle', 'exit'] as const) counts[hop][path[hop].index] += 1;
  }
  for (const hop of ['guard', 'middle', 'exit'] as const)
    assert.is(misfit(counts[hop], expected[hop], hop), '');
});

test('the check itself notices a bias of five per cent', () => {
  const expected = new Array(20).fill(0.05);
  const counts = expected.map((chance, index) => chance * PATHS * (index % 2 === 0 ? 1.05 : 0.95));
  assert.match(misfit(counts, expected, 'biased'), /biased/);
});

test('where nearly nothing is allowed, the few are counted out in proportion', () => {
  const relays = Array.from({ length: 500 }, (_, index) =>
    sketchRelay(index, {
      flags: ['Guard', 'Exit'],
      ports: index < 2 ? [25] : [443],
      bandwidthKb: index < 2 ? index + 1 : 5000,
    }),
  );
  const network = networkOf(relays);
  const random = seededRandom(5);
  let second = 0;
  for (let i = 0; i < 3000; i++) {
    const path = choosePath(network, { kind: 'exit', ports: [25] }, random);
    if (path.ok && path.exit.index === 1) second += 1;
  }
  assert.ok(Math.abs(second - 2000) < 130, `${second} of 3000`);
});

test.run();
