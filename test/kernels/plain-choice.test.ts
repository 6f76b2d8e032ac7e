// Aim: where the outcome of a calibration is said to be plain, a calibration for several threads agrees; and on a CPU
// whose SHA instructions are hidden it is not plain.
import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { OPERATION_NAMES } from '../../engine/kernels/choice.ts';
import { plainChoice } from '../../engine/kernels/plain-choice.ts';

const test = suite('plain choice');

test('a choice names a twin for every operation, or there is none', () => {
  const choice = plainChoice();
  if (choice === undefined) return;
  assert.equal(Object.keys(choice).sort(), [...OPERATION_NAMES].sort());
  assert.is(choice['sha256-root'], 'wasm');
  assert.is(choice.sha1, 'native');
});

test('without SHA instructions it has to be measured', () => {
  const url = new URL('../../engine/kernels/plain-choice.js', import.meta.url).href;
  const script = `import(${JSON.stringify(url)}).then(({ plainChoice }) => console.log(plainChoice() === undefined))`;
  const env = { ...process.env, OPENSSL_ia32cap: ':~0x20000000' };
  const { stdout } = spawnSync(process.execPath, ['-e', script], { env, encoding: 'utf8' });
  // The switch is for x86 only; elsewhere it changes nothing.
  if (process.arch === 'x64') assert.is(stdout.trim(), 'true');
});

test.run();
