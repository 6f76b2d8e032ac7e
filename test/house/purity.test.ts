/**
 * Aim: protocol code (floor 2) touches neither clock, chance, network nor disk by itself, so that the simulated
 * world runs the very same code. The checker itself is shown to catch what it is there for.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { purityViolations } from './support/floors.ts';
import { maskText } from './support/mask.ts';
import { readSources } from './support/tree.ts';

const purity = suite('purity');
/** Opens a place for code inside a template. */
const OPEN = '${';
const PATH = 'engine/bittorrent/x.ts';

purity('every way out into the real world is caught', () => {
  const impure = [
    'const t = Date.now();',
    'const t = new Date();',
    'const t = performance.now();',
    'const r = Math.random();',
    "const r = Math['random']();",
    'setTimeout(() => {}, 5);',
    'setInterval(f, 5);',
    'setImmediate(f);',
    'process.nextTick(f);',
    'globalThis.setTimeout(f);',
    "await fetch('http://x/');",
    'crypto.getRandomValues(a);',
    `const text = \`${OPEN}Date.now()}\`;`,
    'Atomics.wait(a, 0, 0);',
    "console.log('x');",
    "import { connect } from 'node:net';",
    "import type { Socket } from 'node:dgram';",
    "const fs = await import('node:fs/promises');",
    "import { randomBytes } from 'node:crypto';",
    "import { createHash, randomInt } from 'node:crypto';",
    "import { createGunzip } from 'node:zlib';",
    "import crypto from 'node:crypto';",
    "import * as crypto from 'node:crypto';",
    'const env = process.env.HOME;',
    "export { Worker } from 'node:worker_threads';",
  ];
  for (const source of impure) assert.is.not(purityViolations(PATH, source).length, 0, source);
});

purity('words in comments, strings and names of our own pass', () => {
  const pure = [
    '// Date.now() is forbidden here',
    '/* setTimeout */ const a = 1;',
    "const text = 'process.exit';",
    'const text = `Math.random`;',
    'const pattern = /setTimeout(Date)/;',
    'this.#runtime.clock.setTimer(5, f);',
    'const updated = creationDate + 1;',
    'queueMicrotask(f);',
    "import { join } from 'node:path';",
    "import { createHash, type Hash } from 'node:crypto';",
    "import { gunzipSync } from 'node:zlib';",
    "const windows = process.platform === 'win32';",
    'pool.process(1);',
    'const half = total / 2; const note = "a / Date";',
  ];
  for (const source of pure) assert.equal(purityViolations(PATH, source), [], source);
});

purity('masking keeps every position', () => {
  const template = `const e = \`f${OPEN}g('h')}i\``;
  const source = `const a = 'b\\'c'; // d\n${template}; /* j\nk */ const l = /m'[/]n/.test(o);`;
  const masked = maskText(source);
  assert.is(masked.length, source.length);
  for (const kept of ['const a =', 'const e =', 'g(', 'const l =', '.test(o)']) {
    assert.is(masked.indexOf(kept), source.indexOf(kept), kept);
  }
  assert.not.match(masked, /[bcdfhijkmn]'|\bd\b|\bj\b|\bk\b|m'/);
});

purity('the rule holds on floor 2 only', () => {
  assert.equal(purityViolations('engine/runtime/real/clock.ts', 'Date.now();'), []);
  assert.is(purityViolations('engine/discovery/x.ts', 'Date.now();').length, 1);
});

purity('floor 2 is pure', () => {
  const sources = ['bittorrent', 'discovery', 'onion'].flatMap((room) => readSources(`engine/${room}`));
  assert.ok(sources.length > 5, 'the tree was found');
  assert.equal(
    sources.flatMap(({ path, source }) => purityViolations(path, source)),
    [],
  );
});

purity.run();
