/**
 * Aim: the test run cannot pass by accident. Whatever way a test file goes wrong (a failed test, a failed hook, a
 * crash, a hang, a process left behind, no test at all) ends in a failure that is counted.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Clone } from './support/clone.ts';

const runner = suite<{ clone: Clone }>('runner');

runner.before((context) => {
  context.clone = new Clone();
  context.clone.linkPackages();
});
runner.after(({ clone }) => clone.remove());

const HEAD = "import { suite } from 'uvu';\nimport * as assert from 'uvu/assert';\nconst s = suite('s');\n";
const file = (body: string): string => `${HEAD}${body}\nvoid assert;\ns.run();\n`;

/** Each file, and the closing line of a run of it alone. */
const CASES: Readonly<Record<string, readonly [source: string, closing: string, said: RegExp]>> = {
  good: [file("s('a', () => {}); s('b', () => {});"), '3 passed, 0 failed', /ok .*good/],
  bad: [
    file("s('a', () => {}); s('b', () => assert.ok(false));"),
    '2 passed, 1 failed',
    /1 of 2 did not pass/,
  ],
  hook: [
    file("s.before(() => { throw new Error('no'); }); s('a', () => {});"),
    '1 passed, 1 failed',
    /1 of 1/,
  ],
  crash: ["throw new Error('at once');\n", '1 passed, 1 failed', /exit code 1/],
  late: [
    file("s('a', () => { setTimeout(() => process.exit(9), 50); });"),
    '2 passed, 1 failed',
    /exit code 9/,
  ],
  empty: [file(''), '1 passed, 1 failed', /holds no test/],
  skips: [file("s.skip('a'); s('b', () => {});"), '2 passed, 0 failed, 1 skipped', /ok .*skips/],
  peers: [
    file("process.stdout.write('[needs mktorrent: Debian package mktorrent]\\n'); s.skip('a');"),
    '1 passed, 0 failed, 1 skipped',
    /programs not installed: .*peers.* \(needs mktorrent: Debian package mktorrent\)/,
  ],
  hang: [
    `// Time limit: 1 s.\n${file("s('a', () => new Promise(() => { setInterval(() => {}, 9); }));")}`,
    '1 passed, 1 failed',
    /did not end within 1 s/,
  ],
  orphan: [
    `import { spawn } from 'node:child_process';\n${file("s('a', () => { spawn('sleep', ['60'], { stdio: 'ignore' }).unref(); });")}`,
    '2 passed, 1 failed',
    /left processes behind/,
  ],
};

for (const [name, [source, closing, said]] of Object.entries(CASES)) {
  runner(`${name}: ${closing}`, async ({ clone }) => {
    clone.write(`test/${name}.test.ts`, source);
    const ran = await clone.run('test.mjs', [`${name}.test`]);
    assert.is(ran.stdout.trim().split('\n').at(-1), closing, ran.stdout + ran.stderr);
    assert.match(ran.stdout, said);
    assert.is(ran.code, closing.includes(' 0 failed') ? 0 : 1);
  });
}

runner('a file that runs alone is done before the next one starts, and first', async ({ clone }) => {
  const body = file("s('a', () => new Promise((resolve) => { setTimeout(resolve, 400); }));");
  clone.write('test/order-a.test.ts', body);
  clone.write('test/order-b.test.ts', body);
  clone.write('test/order-c.test.ts', `// Runs alone.\n${body}`);
  const ran = await clone.run('test.mjs', ['order-', '--jobs', '3']);
  const order = [...ran.stdout.matchAll(/^ok .*order-(\w)/gm)].map((match) => match[1]);
  assert.is(order[0], 'c', ran.stdout);
  assert.is(order.length, 3);
});

runner('a compiler that dies ends the run: nothing half built is tried', async () => {
  const broken = new Clone();
  try {
    broken.write('node_modules/typescript/bin/tsc', 'process.kill(process.pid, "SIGKILL");\n');
    broken.pretendInstalled();
    const ran = await broken.run('test.mjs', ['any']);
    assert.is(ran.stdout.trim().split('\n').at(-1), '0 passed, 1 failed', ran.stdout + ran.stderr);
    assert.is(ran.code, 1);
  } finally {
    broken.remove();
  }
});

runner.run();
