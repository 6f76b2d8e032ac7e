import type { Random } from '../../runtime/port.ts';

/** Tries by the table before the allowed ones are counted out. */
const TRIES = 32;

/** A number 0 ≤ x < 1 with 53 random bits. */
export function randomFraction(random: Random): number {
  return (random.below(2 ** 27) * 2 ** 26 + random.below(2 ** 26)) / 2 ** 53;
}

/**
 * Draws from a fixed list by weight. Among those that `isAllowed` lets through the chances are exactly in proportion
 * to the weights: what is not allowed is drawn again (rejection keeps proportions), and when that takes too long the
 * allowed ones are summed up and drawn from. Where all allowed weights are 0, each has the same chance.
 */
export class WeightedSampler {
  readonly members: readonly number[];
  readonly #weights: Float64Array;
  /** cumulative[i]: the sum of weights 0 … i. */
  readonly #cumulative: Float64Array;
  readonly total: number;

  /** `members`: any numbers; `weights` belong to them one by one, ≥ 0. */
  constructor(members: readonly number[], weights: ArrayLike<number>) {
    this.members = members;
    this.#weights = Float64Array.from(weights);
    this.#cumulative = new Float64Array(members.length);
    let sum = 0;
    for (let i = 0; i < members.length; i++) {
      sum += this.#weights[i]!;
      this.#cumulative[i] = sum;
    }
    this.total = sum;
  }

  /** A member; undefined when none is allowed. O(log n), O(n) where hardly any is allowed. */
  draw(random: Random, isAllowed: (member: number) => boolean): number | undefined {
    if (this.total > 0) {
      for (let i = 0; i < TRIES; i++) {
        const member = this.members[this.#find(randomFraction(random) * this.total)]!;
        if (isAllowed(member)) return member;
      }
    }
    return this.#drawCounted(random, isAllowed);
  }

  /** The first place whose cumulative weight is above `target`. */
  #find(target: number): number {
    let low = 0;
    let high = this.#cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#cumulative[middle]! > target) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #drawCounted(random: Random, isAllowed: (member: number) => boolean): number | undefined {
    const places: number[] = [];
    let total = 0;
    for (let i = 0; i < this.members.length; i++) {
      if (!isAllowed(this.members[i]!)) continue;
      places.push(i);
      total += this.#weights[i]!;
    }
    if (places.length === 0) return undefined;
    if (total === 0) return this.members[places[random.below(places.length)]!];
    let target = randomFraction(random) * total;
    let last = 0;
    for (const place of places) {
      const weight = this.#weights[place]!;
      if (weight === 0) continue;
      last = place;
      if (target < weight) break;
      target -= weight;
    }
    return this.members[last];
  }
}
