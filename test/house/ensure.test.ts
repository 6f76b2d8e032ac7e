/**
 * Aim: the set-up step builds what is out of date and nothing else, costs next to nothing when all is current, is
 * safe in two processes at once, survives one that was killed, and says in one line what the reader has to do.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Clone, runNode } from './support/clone.ts';
import { PROJECT_ROOT } from './support/tree.ts';

const ensure = suite<{ clone: Clone }>('ensure');

ensure.before.each((context) => {
  context.clone = new Clone();
});
ensure.after.each(({ clone }) => clone.remove());

ensure('builds once, then is silent, then builds again what was changed or deleted', async ({ clone }) => {
  clone.linkPackages();
  const first = await clone.run('run.mjs', ['a', 'b']);
  assert.is(first.code, 0, first.stderr);
  assert.is(first.stdout, 'main a b\n');
  assert.match(first.stderr, 'compiling TypeScript');

  assert.is((await clone.run('run.mjs')).stderr, '');

  clone.write('engine/cli/main.ts', "process.stdout.write('changed\\n');\n");
  assert.is((await clone.run('run.mjs')).stdout, 'changed\n');

  rmSync(join(clone.root, 'dist/allium/bin/main.js'));
  assert.is((await clone.run('run.mjs')).stdout, 'changed\n');
});

ensure('the output of a source that is gone is deleted', async ({ clone }) => {
  clone.linkPackages();
  clone.write('test/old.test.ts', 'export {};\n');
  await clone.run('ensure.mjs');
  assert.ok(existsSync(join(clone.root, 'dist/test/old.test.js')));
  rmSync(join(clone.root, 'test/old.test.ts'));
  await clone.run('ensure.mjs');
  assert.not.ok(existsSync(join(clone.root, 'dist/test/old.test.js')));
});

ensure('two at once build once', async ({ clone }) => {
  clone.linkPackages();
  const both = await Promise.all([clone.run('run.mjs', ['x']), clone.run('run.mjs', ['x'])]);
  assert.equal(
    both.map(({ code, stdout }) => [code, stdout]),
    [
      [0, 'main x\n'],
      [0, 'main x\n'],
    ],
  );
  const builds = both.filter(({ stderr }) => stderr.includes('compiling TypeScript')).length;
  assert.is(builds, 1);
});

ensure('the lock of a process that was killed is taken over', async ({ clone }) => {
  clone.linkPackages();
  const lock = join(clone.root, 'dist/.lock');
  mkdirSync(lock, { recursive: true });
  const hourAgo = new Date(Date.now() - 3_600_000);
  utimesSync(lock, hourAgo, hourAgo);
  const ran = await clone.run('ensure.mjs');
  assert.is(ran.code, 0, ran.stderr);
  assert.not.ok(existsSync(lock));
});

ensure(
  'a type error is told with its place and exit code 2, and does not count as built',
  async ({ clone }) => {
    clone.linkPackages();
    clone.write('engine/cli/main.ts', "const n: number = 'text';\n");
    for (const _ of [1, 2]) {
      const ran = await clone.run('run.mjs');
      assert.is(ran.code, 2);
      assert.match(ran.stderr, /TypeScript does not compile[\s\S]*engine\/cli\/main\.ts\(1,7\)/);
    }
  },
);

ensure('an old Node, a registry out of reach: one line that says what to do', async ({ clone }) => {
  const settings = {
    npm_config_registry: 'http://127.0.0.1:9/',
    npm_config_cache: join(clone.root, 'cache'),
    npm_config_fetch_retries: '0',
  };
  const offline = await clone.run('ensure.mjs', [], settings);
  assert.is(offline.code, 2);
  assert.match(offline.stderr, /registry is out of reach \(ECONNREFUSED\)\. Connect to the network/);

  const manifest = readFileSync(join(clone.root, 'package.json'), 'utf8');
  clone.write('package.json', manifest.replace(/"node": "[^"]+"/, '"node": ">=99.5"'));
  const old = await clone.run('ensure.mjs');
  assert.is(old.code, 2);
  assert.match(old.stderr, /^allium: this is Node [\d.]+, Allium needs Node 99\.5 or newer\. Install.*\n$/);
});

ensure('costs less than 0.3 s when all is current', async () => {
  // Paired with a Node that does nothing, because a busy machine slows both. Median of five.
  const extra: number[] = [];
  assert.is(
    (await runNode([join(PROJECT_ROOT, 'scripts/ensure.mjs')])).stderr,
    '',
    'the project is up to date',
  );
  for (let round = 0; round < 5; round += 1) {
    const bare = await runNode(['-e', '0']);
    const current = await runNode([join(PROJECT_ROOT, 'scripts/ensure.mjs')]);
    extra.push(current.ms - bare.ms);
  }
  const median = extra.sort((a, b) => a - b)[2] ?? Number.NaN;
  assert.ok(median < 300, `${median.toFixed(0)} ms more than a bare Node`);
});

ensure.run();
