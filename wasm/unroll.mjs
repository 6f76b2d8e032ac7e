/*
 * Writes the unrolled hashes from the round functions beside them, each for four messages side by side (lanes) and
 * for one (single):
 *
 *   node wasm/unroll.mjs            writes sha1-lanes.ts, sha1-single.ts, sha256-lanes.ts, sha256-single.ts
 *   node wasm/unroll.mjs --check    exit code 1 when they differ from what would be written
 *
 * Why unrolled: the schedule then lives in variables w0, w1, … that the engine's register allocator places, instead
 * of in memory; sha1-round.ts and sha256-round.ts say what was measured.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const LANES = [0, 1, 2, 3];
const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);

const lanes = {
  suffix: 'Lanes',
  imports: "import { fromBigEndian, highHalves, highPairs, lowHalves, lowPairs } from './transpose';",
  pointers: LANES.map((lane) => `p${lane}`),
  load: (at, offset) => `v128.load(${at}, ${offset * 4})`,
  store: (at, x, offset) => `v128.store(${at}, ${x}, ${offset * 4});`,
  splat: (at, offset) => `v128.load32_splat(${at}, ${offset})`,
  splatted: (at, offset) => `v128.load(${at}, ${offset})`,
  /** Words 4q … 4q + 3 of each block: loaded, turned from big-endian, transposed to one vector per word. */
  loadQuad: (q) => [
    ...LANES.map((lane) => `    const m${q}${lane} = fromBigEndian(v128.load(p${lane}, ${q * 16}));`),
    `    const lo${q} = lowPairs(m${q}0, m${q}1), lo${q}b = lowPairs(m${q}2, m${q}3);`,
    `    const hi${q} = highPairs(m${q}0, m${q}1), hi${q}b = highPairs(m${q}2, m${q}3);`,
    `    let w${q * 4} = lowHalves(lo${q}, lo${q}b), w${q * 4 + 1} = highHalves(lo${q}, lo${q}b);`,
    `    let w${q * 4 + 2} = lowHalves(hi${q}, hi${q}b), w${q * 4 + 3} = highHalves(hi${q}, hi${q}b);`,
  ],
};

const single = {
  suffix: 'Single',
  imports: undefined,
  pointers: ['p'],
  load: (at, offset) => `load<u32>(${at}, ${offset})`,
  store: (at, x, offset) => `store<u32>(${at}, ${x}, ${offset});`,
  splat: (at, offset) => `load<u32>(${at}, ${offset})`,
  splatted: (at, offset) => `load<u32>(${at}, ${offset})`,
  loadQuad: (q) =>
    range(q * 4, q * 4 + 4).map((t) => `    let w${t} = bswap<u32>(load<u32>(p, ${t * 4}));`),
};

/** The function around the rounds: state in variables over all blocks of a call, feed-forward at each block's end. */
function compress(target, { name, standard, table, imports, words, rounds }) {
  const { pointers } = target;
  const four = target === lanes;
  return [
    '// Written by unroll.mjs; change that, not this.',
    "import { add } from './word';",
    `import { ${imports.join(', ')} } from './${name}-round';`,
    ...(target.imports === undefined ? [] : [target.imports]),
    '',
    '/**',
    ` * ${standard}, ${four ? 'four messages side by side' : 'one message'}.`,
    ' *',
    ` * \`state\`: ${words.length} ${four ? 'vectors, lane i of each belongs to message i' : 'words'}. \`table\`: ${table}.`,
    ` * \`${pointers[0]}\`${four ? ` … \`${pointers.at(-1)}\`` : ''}: the next \`blocks\` × 64 bytes${four ? ' of each message' : ''}, at any alignment.`,
    ' */',
    `export function ${name}${target.suffix}(`,
    `  state: usize, table: usize, ${pointers.map((p) => `${p}: usize`).join(', ')}, blocks: i32`,
    '): void {',
    ...words.map((word, i) => `  let ${word} = ${target.load('state', i * 4)};`),
    '  for (; blocks > 0; blocks--) {',
    `    const ${words.map((word) => `${word}Before = ${word}`).join(', ')};`,
    ...rounds,
    ...words.map((word) => `    ${word} = add(${word}, ${word}Before);`),
    `    ${pointers.map((p) => `${p} += 64;`).join(' ')}`,
    '  }',
    ...words.map((word, i) => `  ${target.store('state', word, i * 4)}`),
    '}',
    '',
  ].join('\n');
}

/** The names after `round` rounds: each round all move one place on and the last becomes the first. */
function rotated(words, round) {
  const by = round % words.length;
  return [...words.slice(words.length - by), ...words.slice(0, words.length - by)];
}

function sha1(target) {
  const words = ['a', 'b', 'c', 'd', 'e'];
  const kinds = ['choose', 'parity', 'majority', 'parity'];
  const rounds = range(0, 80).flatMap((t) => {
    const [a, b, c, d, e] = rotated(words, t);
    const k = Math.floor(t / 20);
    const w = `w${t % 16}`;
    const schedule = `${w} = schedule(${[0, 8, 2, 13].map((after) => `w${(t + after) % 16}`).join(', ')}); `;
    const round = `${e} = ${kinds[k]}(${a}, ${b}, ${c}, ${d}, ${e}, k${k}, ${w}); ${b} = rotl30(${b});`;
    return [
      ...(t % 20 === 0 ? [`    const k${k} = ${target.splatted('table', k * 16)};`] : []),
      ...(t < 16 && t % 4 === 0 ? target.loadQuad(t / 4) : []),
      `    ${t < 16 ? '' : schedule}${round}`,
    ];
  });
  const imports = ['choose', 'majority', 'parity', 'rotl30', 'schedule'];
  const table = 'the four constants, splatted';
  return compress(target, { name: 'sha1', standard: 'FIPS 180-4 §6.1.2', table, imports, words, rounds });
}

function sha256(target) {
  const words = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const round = (t, table) => {
    const [a, b, c, d, e, f, g, h] = rotated(words, t);
    return (
      `${h} = mixed(${e}, ${f}, ${g}, ${h}, ${target.splat(table, t * 4)}, w${t}); ` +
      `${d} = add(${d}, ${h}); ${h} = add(${h}, summed(${a}, ${b}, ${c}));`
    );
  };
  const schedule = (t) =>
    `w${t} = schedule(${[0, 1, 9, 14].map((after) => `w${(t + after) % 16}`).join(', ')});`;
  const rounds = [
    ...range(0, 16).flatMap((t) => [
      ...(t % 4 === 0 ? target.loadQuad(t / 4) : []),
      `    ${round(t, 'table')}`,
    ]),
    '    for (let k = table + 64; k < table + 256; k += 64) {',
    ...range(0, 16).flatMap((t) => [`      ${schedule(t)}`, `      ${round(t, 'k')}`]),
    '    }',
  ];
  const imports = ['mixed', 'schedule', 'summed'];
  const table = 'the 64 constants';
  return compress(target, { name: 'sha256', standard: 'FIPS 180-4 §6.2.2', table, imports, words, rounds });
}

const files = {
  'sha1-lanes.ts': sha1(lanes),
  'sha1-single.ts': sha1(single),
  'sha256-lanes.ts': sha256(lanes),
  'sha256-single.ts': sha256(single),
};
for (const [name, text] of Object.entries(files)) {
  const url = new URL(name, import.meta.url);
  if (!process.argv.includes('--check')) writeFileSync(url, text);
  else if (readFileSync(url, 'utf8') !== text) {
    console.error(`wasm/${name} is not what wasm/unroll.mjs writes: run node wasm/unroll.mjs`);
    process.exitCode = 1;
  }
}
