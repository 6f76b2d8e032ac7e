/**
 * Aim: imports only ever point down the floors of the house, the protocol rooms never import each other, and the
 * Runtime port stays free of code. The checker itself is shown to catch what it is there for.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { floorViolations } from './support/floors.ts';
import { importsOf } from './support/imports.ts';
import { PROJECT_ROOT, readProjectFile, readSources } from './support/tree.ts';

/** Opens a place for code inside a template. */
const OPEN = '${';
const floors = suite('floors');
const packages = new Set(['commander', '@scope/name']);
const check = (path: string, source: string): number => floorViolations(path, source, packages).length;

floors('imports of every form are seen', () => {
  const source = [
    "import type { A } from './a.ts';",
    "export * from './b.ts';",
    "import './c.ts';",
    "const d = await import('./d.ts');",
    `const e = \`${OPEN}await import("./e.ts")} from "./not.ts"\`;`,
    "type F = import('./f.ts').F;",
    "new Worker(new URL('./g.js', import.meta.url));",
    "// import './comment.ts'",
    "const text = \"import './string.ts'\"; const pattern = /from 'x'/;",
    "const h = require('./h.ts');",
  ].join('\n');
  const found = importsOf(source).map(({ specifier }) => specifier);
  assert.equal(
    found.sort(),
    ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((n) => (n === 'g' ? './g.js' : `./${n}.ts`)),
  );
});

floors('an import that runs up, sideways, out of the house or is computed is caught', () => {
  assert.is(check('engine/codec/x.ts', "import { y } from '../bittorrent/y.ts';"), 1);
  assert.is(check('engine/bittorrent/x.ts', "import type { Y } from '../runtime/real/y.ts';"), 1);
  assert.is(check('engine/bittorrent/peer/x.ts', "import { y } from '../../discovery/y.ts';"), 1);
  assert.is(check('engine/discovery/x.ts', "const y = await import('../bittorrent/y.ts');"), 1);
  assert.is(check('engine/codec/x.ts', "import { y } from '../kernels/y.ts';"), 1);
  assert.is(check('engine/node/x.ts', "import { y } from '../lab/y.ts';"), 1);
  assert.is(check('engine/cli/x.ts', "import { y } from '../../test/y.ts';"), 1);
  assert.is(check('engine/cli/x.ts', 'await import(name);'), 1);
  assert.is(check('engine/cli/x.ts', "import fc from 'fast-check';"), 1);
  assert.is(check('engine/cellar/x.ts', ''), 1);
});

floors('what may be imported passes', () => {
  assert.is(check('engine/codec/x.ts', "import type { Branded } from '../runtime/port.ts';"), 0);
  assert.is(check('engine/kernels/x.ts', "import { AlliumError } from '../codec/error.ts';"), 0);
  assert.is(check('engine/bittorrent/peer/x.ts', "import { y } from '../units.ts';"), 0);
  assert.is(
    check('engine/runtime/real/x.ts', "import { y } from '../../kernels/y.ts'; import 'node:net';"),
    0,
  );
  assert.is(
    check('engine/node/x.ts', "import { y } from '../runtime/real/y.ts'; import z from '@scope/name/deep';"),
    0,
  );
  assert.is(
    check('engine/cli/x.ts', "import { Command } from 'commander'; await import('../node/y.ts');"),
    0,
  );
});

floors('no import in engine/ breaks the rule', () => {
  const manifest = JSON.parse(readProjectFile('package.json')) as { dependencies: Record<string, string> };
  const known = new Set(Object.keys(manifest.dependencies));
  const sources = readSources('engine');
  assert.ok(sources.length > 20, 'the tree was found');
  const broken = sources.flatMap(({ path, source }) => floorViolations(path, source, known));
  assert.equal(broken, []);
});

floors('the Runtime port is types only', () => {
  const compiled = readFileSync(join(PROJECT_ROOT, 'dist/engine/runtime/port.js'), 'utf8');
  const code = compiled.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '').trim();
  assert.is(code, 'export {};');
});

floors.run();
