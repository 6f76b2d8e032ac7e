import type { WireRow } from '../wire.ts';
import { Columns, type NumberColumn, type Words } from './columns.ts';
import { NameOrder } from './name-order.ts';
import { RadixSort } from './radix.ts';
import { GROUP_BITS, groupBitsOf, type StateGroup } from './state-groups.ts';

export type SortColumn = NumberColumn | 'name' | 'category' | 'tracker' | 'tags' | 'eta' | 'ratio';

export interface Sorting {
  readonly column: SortColumn;
  readonly descending: boolean;
}

/** Which rows are shown. undefined: all; empty words mean rows without one. */
export interface Filter {
  /** Words that all have to be in the name; or the beginning of an info-hash. */
  readonly text: string;
  readonly group: StateGroup;
  readonly category: string | undefined;
  readonly tag: string | undefined;
  readonly tracker: string | undefined;
}

export const NO_FILTER: Filter = {
  text: '',
  group: 'all',
  category: undefined,
  tag: undefined,
  tracker: undefined,
};

/** How many rows each choice of a filter has, among all rows. */
export interface Facets {
  readonly groups: Readonly<Record<StateGroup, number>>;
  readonly categories: ReadonlyMap<string, number>;
  readonly tags: ReadonlyMap<string, number>;
  readonly trackers: ReadonlyMap<string, number>;
}

/** The list as it is seen: rows of {@link Columns}, filtered and in order. */
export class ListView {
  readonly columns = new Columns();
  readonly #names = new NameOrder(this.columns);
  readonly #radix = new RadixSort();
  #scratch = new Uint32Array(0);
  #keys = new Float64Array(0);
  /** Slots of the rows shown, in order; valid until the next {@link refresh}. */
  shown = new Uint32Array(0);

  apply(rows: readonly WireRow[], removed: readonly string[], reset: boolean): void {
    if (reset) {
      this.columns.clear();
      this.#names.clear();
    }
    for (const infoHash of removed) {
      const slot = this.columns.slotOf(infoHash);
      this.columns.remove(infoHash);
      if (slot !== undefined) this.#names.note(slot);
    }
    for (const row of rows) this.#names.note(this.columns.put(row));
  }

  refresh(filter: Filter, sorting: Sorting): void {
    const byName = this.#names.slots();
    if (this.#scratch.length < byName.length) this.#scratch = new Uint32Array(byName.length * 2);
    const count = this.#filter(byName, filter);
    const slots = this.#scratch.slice(0, count);
    if (sorting.column !== 'name') this.#radix.sort(slots, this.#keysOf(sorting.column), sorting.descending);
    else if (sorting.descending) slots.reverse();
    this.shown = slots;
  }

  facets(): Facets {
    const { columns } = this;
    const states = new Uint32Array(GROUP_BITS.length);
    const [categories, trackers] = [
      new Uint32Array(columns.categories.list.length),
      new Uint32Array(columns.trackers.list.length),
    ];
    const tagSets = new Uint32Array(columns.tagSets.list.length);
    for (let slot = 0; slot < columns.slotEnd; slot++) {
      if (!columns.isUsed(slot)) continue;
      const bits = groupBitsOf(columns, slot);
      for (let group = 0; group < states.length; group++) {
        if ((bits & (1 << group)) !== 0) states[group]!++;
      }
      categories[columns.category[slot]!]!++;
      trackers[columns.tracker[slot]!]!++;
      tagSets[columns.tagSet[slot]!]!++;
    }
    const groups = Object.fromEntries(GROUP_BITS.map((group, index) => [group, states[index]!]));
    return {
      groups: groups as Record<StateGroup, number>,
      categories: countsOf(columns.categories, categories),
      tags: tagCounts(columns.tagSets, tagSets),
      trackers: countsOf(columns.trackers, trackers),
    };
  }

  /** Writes the slots that pass to the scratch array and returns how many they are. */
  #filter(slots: Uint32Array, filter: Filter): number {
    const { columns } = this;
    const { key, infoHash } = columns;
    const words = filter.text
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '');
    const hash = /^[0-9a-f]{6,64}$/.test(words[0] ?? '') ? words[0]! : undefined;
    const groupBit = 1 << GROUP_BITS.indexOf(filter.group);
    const category = filter.category === undefined ? -2 : columns.categories.find(filter.category);
    const tracker = filter.tracker === undefined ? -2 : columns.trackers.find(filter.tracker);
    const tagSets = filter.tag === undefined ? undefined : setsWith(columns.tagSets, filter.tag);
    let count = 0;
    for (let index = 0; index < slots.length; index++) {
      const slot = slots[index]!;
      if (category !== -2 && columns.category[slot] !== category) continue;
      if (tracker !== -2 && columns.tracker[slot] !== tracker) continue;
      if (tagSets !== undefined && tagSets[columns.tagSet[slot]!] === 0) continue;
      if (filter.group !== 'all' && (groupBitsOf(columns, slot) & groupBit) === 0) continue;
      if (words.length > 0 && !hasWords(key[slot]!, words)) {
        if (hash === undefined || !infoHash[slot]!.startsWith(hash)) continue;
      }
      this.#scratch[count++] = slot;
    }
    return count;
  }

  #keysOf(column: Exclude<SortColumn, 'name'>): Float64Array {
    const { columns } = this;
    if (column === 'category') return this.#ranks(columns.categories.list, columns.category);
    if (column === 'tracker') return this.#ranks(columns.trackers.list, columns.tracker);
    if (column === 'tags') return this.#ranks(columns.tagSets.list, columns.tagSet);
    if (column !== 'eta' && column !== 'ratio') return columns.numbers[column];
    const keys = this.#room();
    for (let slot = 0; slot < columns.slotEnd; slot++) {
      keys[slot] = column === 'eta' ? etaOf(columns, slot) : ratioOf(columns, slot);
    }
    return keys;
  }

  #ranks(words: readonly string[], places: Uint32Array): Float64Array {
    const order = words.map((_, place) => place).sort((a, b) => (words[a]! < words[b]! ? -1 : 1));
    const ranks = new Uint32Array(words.length);
    for (const [rank, place] of order.entries()) ranks[place] = rank;
    const keys = this.#room();
    for (let slot = 0; slot < this.columns.slotEnd; slot++) keys[slot] = ranks[places[slot]!]!;
    return keys;
  }

  #room(): Float64Array {
    if (this.#keys.length < this.columns.slotEnd) this.#keys = new Float64Array(this.columns.slotEnd * 2);
    return this.#keys;
  }
}

/** Seconds until the wanted bytes are there; Infinity when it does not move. */
export function etaOf({ numbers }: Columns, slot: number): number {
  const left = numbers.wantedBytes[slot]! - numbers.doneBytes[slot]!;
  if (left <= 0) return 0;
  return numbers.down[slot]! > 0 ? left / numbers.down[slot]! : Number.POSITIVE_INFINITY;
}

export function ratioOf({ numbers }: Columns, slot: number): number {
  const total = numbers.totalBytes[slot]!;
  return total === 0 ? 0 : numbers.uploaded[slot]! / total;
}

function hasWords(name: string, words: readonly string[]): boolean {
  for (const word of words) if (!name.includes(word)) return false;
  return true;
}

/** 1 for each set that holds `tag`; for the empty tag, the sets without any. */
function setsWith(sets: Words, tag: string): Uint8Array {
  return Uint8Array.from(sets.list, (set) => Number(tag === '' ? set === '' : set.split('\n').includes(tag)));
}

function countsOf(words: Words, counts: Uint32Array): ReadonlyMap<string, number> {
  const some = words.list.map((word, place) => [word, counts[place]!] as const);
  return new Map(some.filter(([, count]) => count > 0));
}

function tagCounts(sets: Words, counts: Uint32Array): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const [place, set] of sets.list.entries()) {
    for (const tag of set.split('\n')) sums.set(tag, (sums.get(tag) ?? 0) + counts[place]!);
  }
  return new Map([...sums].filter(([, count]) => count > 0));
}
