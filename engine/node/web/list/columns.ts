import { WIRE_STATES, type WireRow } from '../wire.ts';

/** Numeric columns and their place in a {@link WireRow}. */
const NUMBERS = {
  state: 2,
  progress: 4,
  totalBytes: 5,
  wantedBytes: 6,
  doneBytes: 7,
  down: 8,
  up: 9,
  downloaded: 10,
  uploaded: 11,
  peers: 12,
  seeds: 13,
  swarmSeeds: 14,
  swarmLeechers: 15,
  addedAt: 16,
  completedAt: 17,
  lastActive: 18,
  queuePosition: 19,
  flags: 23,
} as const;

export type NumberColumn = keyof typeof NUMBERS;
const NUMBER_NAMES = Object.keys(NUMBERS) as readonly NumberColumn[];
const NUMBER_PLACES = NUMBER_NAMES.map((name) => NUMBERS[name]);

/** Words that many rows share, each by a small number. */
export class Words {
  readonly list: string[] = [];
  readonly #places = new Map<string, number>();

  placeOf(word: string): number {
    let place = this.#places.get(word);
    if (place === undefined) {
      place = this.list.push(word) - 1;
      this.#places.set(word, place);
    }
    return place;
  }

  /** -1: no row has ever had it. */
  find(word: string): number {
    return this.#places.get(word) ?? -1;
  }
}

/**
 * All rows, a column each, so that sorting and filtering 100,000 of them reads a few flat arrays. A row has a slot as
 * long as it is there; slots of removed rows are used again.
 */
export class Columns {
  readonly numbers: Record<NumberColumn, Float64Array>;
  /** By slot; empty for a free one. */
  readonly infoHash: string[] = [];
  readonly name: string[] = [];
  /** In lower case, for search and order. */
  readonly key: string[] = [];
  readonly error: string[] = [];
  readonly tags: (readonly string[])[] = [];
  readonly categories = new Words();
  readonly trackers = new Words();
  readonly tagSets = new Words();
  category = new Uint32Array(0);
  tracker = new Uint32Array(0);
  tagSet = new Uint32Array(0);
  /** Slots in use are below. */
  slotEnd = 0;
  readonly #slots = new Map<string, number>();
  readonly #free: number[] = [];
  #capacity = 0;
  /** {@link numbers} in the order of their places. */
  #lists: Float64Array[] = [];

  constructor() {
    const empty = NUMBER_NAMES.map((name) => [name, new Float64Array(0)] as const);
    this.numbers = Object.fromEntries(empty) as Record<NumberColumn, Float64Array>;
  }

  get count(): number {
    return this.#slots.size;
  }

  slotOf(infoHash: string): number | undefined {
    return this.#slots.get(infoHash);
  }

  isUsed(slot: number): boolean {
    return this.infoHash[slot] !== '';
  }

  /** Returns its slot. */
  put(row: WireRow): number {
    const slot = this.#slots.get(row[0]) ?? this.#take(row[0]);
    if (this.name[slot] !== row[1]) {
      this.name[slot] = row[1];
      this.key[slot] = row[1].toLowerCase();
    }
    this.error[slot] = row[3];
    for (let index = 0; index < NUMBER_PLACES.length; index++) {
      this.#lists[index]![slot] = row[NUMBER_PLACES[index]!]!;
    }
    this.category[slot] = this.categories.placeOf(row[20]);
    const tags = row[21];
    this.tags[slot] = tags;
    this.tagSet[slot] = this.tagSets.placeOf(tags.length === 0 ? '' : tags.join('\n'));
    this.tracker[slot] = this.trackers.placeOf(row[22]);
    return slot;
  }

  remove(infoHash: string): void {
    const slot = this.#slots.get(infoHash);
    if (slot === undefined) return;
    this.#slots.delete(infoHash);
    this.#free.push(slot);
    this.infoHash[slot] = '';
    this.name[slot] = '';
    this.key[slot] = '';
    this.error[slot] = '';
    this.tags[slot] = [];
  }

  clear(): void {
    for (const infoHash of [...this.#slots.keys()]) this.remove(infoHash);
    this.#free.length = 0;
    this.slotEnd = 0;
  }

  stateOf(slot: number): (typeof WIRE_STATES)[number] {
    return WIRE_STATES[this.numbers.state[slot]!] ?? 'error';
  }

  #take(infoHash: string): number {
    const slot = this.#free.pop() ?? this.slotEnd++;
    if (slot >= this.#capacity) this.#grow();
    this.#slots.set(infoHash, slot);
    this.infoHash[slot] = infoHash;
    return slot;
  }

  #grow(): void {
    this.#capacity = Math.max(1024, this.#capacity * 2);
    for (const name of NUMBER_NAMES) {
      const wider = new Float64Array(this.#capacity);
      wider.set(this.numbers[name]);
      this.numbers[name] = wider;
    }
    this.#lists = NUMBER_NAMES.map((name) => this.numbers[name]);
    for (const name of ['category', 'tracker', 'tagSet'] as const) {
      const wider = new Uint32Array(this.#capacity);
      wider.set(this[name]);
      this[name] = wider;
    }
  }
}
