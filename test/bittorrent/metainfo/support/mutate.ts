import {
  type BencodeInput,
  type BencodeValue,
  decodeBencode,
  encodeBencode,
  RawBencode,
} from '../../../../engine/codec/bencode.ts';

/** A small generator of chance: the same seed, the same numbers (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** An integer, 0 ≤ n < bound. */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

const NUMBERS: readonly (number | bigint)[] = [
  0,
  1,
  -1,
  2,
  3,
  7,
  255,
  16383,
  16384,
  16385,
  32768,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  2 ** 48,
  2 ** 53 - 1,
  -(2 ** 53 - 1),
  2n ** 53n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];
const NAMES: readonly string[] = [
  '',
  '.',
  '..',
  '/',
  'a/b',
  '..\\..',
  '\0',
  'CON',
  'aux.c',
  'a',
  'A',
  'b',
  'x'.repeat(256),
  'ü',
  'é',
  'pieces root',
  'length',
  '~',
  '-rf',
  '\n',
  '\u202e',
  '__proto__',
];
const KEYS: readonly string[] = [
  '',
  'announce',
  'announce-list',
  'attr',
  'comment',
  'creation date',
  'encoding',
  'file tree',
  'files',
  'info',
  'length',
  'meta version',
  'name',
  'name.utf-8',
  'path',
  'path.utf-8',
  'piece layers',
  'piece length',
  'pieces',
  'pieces root',
  'private',
  'symlink path',
  'url-list',
  '__proto__',
  'toString',
];
const TEXTS: readonly string[] = [
  'p',
  'l',
  'x',
  'lp',
  'xh',
  'GBK',
  'utf-16',
  'latin1',
  'http://x/announce',
  'udp://',
  ' ',
];

function someValue(dice: Dice, depth: number): BencodeInput {
  switch (dice.below(depth > 3 ? 4 : 7)) {
    case 0:
      return dice.pick(NUMBERS);
    case 1:
      return dice.pick(NAMES);
    case 2:
      return dice.pick(TEXTS);
    case 3:
      return new Uint8Array(dice.pick([0, 1, 19, 20, 31, 32, 33, 40, 60, 64, 96])).fill(dice.below(256));
    case 4:
      return Array.from({ length: dice.below(4) }, () => someValue(dice, depth + 1));
    case 5:
      return [dice.pick(NAMES), dice.pick(NAMES)];
    default:
      return new Map([
        [dice.pick(KEYS), someValue(dice, depth + 1)],
        [dice.pick(KEYS), someValue(dice, depth + 1)],
      ]);
  }
}

/** A dictionary as a faulty program would write it: keys in the order given, perhaps twice. */
function rawDict(entries: readonly (readonly [string, BencodeInput])[]): RawBencode {
  const parts: Uint8Array[] = [Buffer.from('d')];
  for (const [key, value] of entries) {
    parts.push(encodeBencode(Buffer.from(key, 'latin1')), encodeBencode(value));
  }
  parts.push(Buffer.from('e'));
  return new RawBencode(Buffer.concat(parts));
}

/** Changes one place somewhere in the tree; each level either descends or changes something here. */
function mutateValue(value: BencodeValue, dice: Dice, depth = 0): BencodeInput {
  if (value instanceof Map) return mutateDict([...(value as ReadonlyMap<string, BencodeValue>)], dice, depth);
  if (Array.isArray(value)) return mutateList(value as readonly BencodeValue[], dice, depth);
  if (value instanceof Uint8Array && value.length > 0 && dice.below(3) === 0) {
    const changed = Uint8Array.from(value);
    changed[dice.below(changed.length)]! ^= 1 << dice.below(8);
    return dice.below(2) === 0 ? changed : changed.subarray(dice.below(changed.length));
  }
  if (typeof value === 'number' && dice.below(2) === 0) {
    const changed = value + dice.pick([-1, 1, 1000, -value, value]);
    if (Number.isSafeInteger(changed)) return changed;
  }
  return someValue(dice, depth);
}

function mutateDict(entries: [string, BencodeValue][], dice: Dice, depth: number): BencodeInput {
  const at = dice.below(Math.max(1, entries.length));
  const chosen = entries[at];
  if (chosen === undefined || dice.below(12) === 0)
    return new Map([...entries, [dice.pick(KEYS), someValue(dice, depth)]]);
  const [key, value] = chosen;
  switch (dice.below(16)) {
    case 0:
      return new Map(entries.filter((_, index) => index !== at));
    case 1:
      return new Map([
        ...entries,
        [dice.pick([...KEYS, ...NAMES.filter((name) => name !== 'ü' && name !== '\u202e')]), value],
      ]);
    case 2:
      return rawDict([...entries, [key, value]]);
    case 3:
      return rawDict(entries.toReversed());
    case 4:
      return someValue(dice, depth);
    default: {
      const changed = mutateValue(value, dice, depth + 1);
      return new Map<string, BencodeInput>(
        entries.map((entry, index) => (index === at ? [key, changed] : entry)),
      );
    }
  }
}

function mutateList(list: readonly BencodeValue[], dice: Dice, depth: number): BencodeInput {
  const at = dice.below(Math.max(1, list.length));
  const chosen = list[at];
  if (chosen === undefined) return [someValue(dice, depth)];
  switch (dice.below(10)) {
    case 0:
      return list.filter((_, index) => index !== at);
    case 1:
      return [...list, chosen];
    case 2:
      return list.toReversed();
    case 3:
      return [...list.slice(0, at), someValue(dice, depth), ...list.slice(at)];
    case 4:
      return Array.from({ length: 1 + dice.below(100) }, () => chosen);
    default:
      return list.map((item, index) => (index === at ? mutateValue(item, dice, depth + 1) : item));
  }
}

/** Changes bytes without knowing what they mean. */
function mutateBytes(source: Uint8Array, dice: Dice): Uint8Array {
  const bytes = Buffer.from(source);
  const at = dice.below(bytes.length);
  switch (dice.below(7)) {
    case 0:
      bytes[at]! ^= 1 << dice.below(8);
      return bytes;
    case 1:
      bytes[at] = dice.pick([...Buffer.from('ilde0123456789:-')]);
      return bytes;
    case 2:
      return bytes.subarray(0, at);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + dice.below(20))]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(dice.below(bytes.length))]);
    case 5:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from(dice.pick(['d', 'l', 'e', 'i0e', '0:', '99999:', 'dddd', 'llll'])),
        bytes.subarray(at),
      ]);
    default:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.alloc(1 + dice.below(300), dice.pick(['d', 'l', 'd0:', 'i', '9'])),
        bytes.subarray(at),
      ]);
  }
}

/** One to four changes, of its structure or of its bytes. The same dice, the same result. */
export function mutateTorrent(source: Uint8Array, dice: Dice): Uint8Array {
  let bytes = source;
  for (let left = 1 + dice.below(4); left > 0 && bytes.length > 0; left -= 1) {
    const decoded = dice.below(3) === 0 ? undefined : decodeBencode(bytes, { keyOrder: 'any' });
    bytes = decoded?.ok === true ? encodeBencode(mutateValue(decoded.value, dice)) : mutateBytes(bytes, dice);
  }
  return bytes;
}
