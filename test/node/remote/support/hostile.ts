import type { Random } from '../../../../engine/runtime/port.ts';

const WORDS: readonly string[] = [
  ...[
    '',
    'all',
    '|',
    '-1',
    '1e400',
    'NaN',
    'true',
    '__proto__',
    'constructor',
    'toString',
    'recently_active',
  ],
  ...[
    '\u0000',
    '\ud800',
    '../../etc',
    '/srv/x',
    'http://x.test/',
    'magnet:?xt=urn:btih:',
    'a\nb',
    '@rows@',
    '"',
  ],
  ...['0', '1', '2', '6', '{}', '[]', '{"dl_limit":{}}', 'x'.repeat(300)],
];
const NUMBERS: readonly number[] = [0, -0, -1, 1, 2, 0.5, 1e300, 2 ** 53, -(2 ** 31), 4_294_967_296, 65_536];

/** One of a list. */
export function oneOf<T>(list: readonly T[], random: Random): T {
  return list[random.below(list.length)]!;
}

export function hostileText(random: Random): string {
  return oneOf(WORDS, random);
}

/** Any JSON value, of the kinds that programs do not expect. */
export function hostileValue(random: Random, depth = 0): unknown {
  const kind = random.below(depth > 3 ? 5 : 8);
  if (kind === 0) return oneOf([null, true, false], random);
  if (kind <= 2) return oneOf(NUMBERS, random);
  if (kind <= 4) return hostileText(random);
  const length = random.below(4);
  if (kind <= 6) return Array.from({ length }, () => hostileValue(random, depth + 1));
  return Object.fromEntries(
    Array.from({ length }, () => [hostileText(random), hostileValue(random, depth + 1)]),
  );
}
