/**
 * Aim: what a client keeps is for its user alone and comes back exactly as it was written; whatever else lies there
 * (damaged, of somebody else, put in its place) is told of and not used, and nothing of that ends the client.
 */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AlliumError } from '../../engine/codec/error.ts';
import { STATE_FILE_BYTES_MAX, StateFolder } from '../../engine/node/state-folder.ts';

const state = suite('state folder');
const root = fs.mkdtempSync(join(tmpdir(), 'allium-onion-state-'));
let count = 0;
let problems: AlliumError[] = [];
state.before.each(() => {
  problems = [];
});
state.after(() => fs.rmSync(root, { recursive: true }));

function open(path = join(root, `s${count++}`)): StateFolder {
  return StateFolder.open(path, (error) => problems.push(error));
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : new TextDecoder().decode(value);

state('a value comes back, also to the next process; a new one replaces it', async () => {
  const folder = open();
  assert.is(await folder.get('guards'), undefined);
  await folder.set('guards', bytes('one'));
  await folder.set('empty', new Uint8Array(0));
  assert.is(textOf(await open(folder.path).get('guards')), 'one');
  assert.is(textOf(await folder.get('empty')), '');
  // Not waited for one by one: the last one called is the one that stays.
  await Promise.all(['two', 'three', 'four'].map((text) => folder.set('guards', bytes(text))));
  assert.is(textOf(await folder.get('guards')), 'four');
  assert.equal(fs.readdirSync(folder.path).sort(), ['empty', 'guards']);
  assert.equal(problems, []);
});

state('folder and files are for one user', async () => {
  const folder = open(join(root, 'deep', 'er'));
  await folder.set('guards', bytes('x'));
  assert.is(fs.statSync(folder.path).mode & 0o777, 0o700);
  assert.is(fs.statSync(join(folder.path, 'guards')).mode & 0o777, 0o600);
});

state('a folder that others can look into is refused', () => {
  const path = join(root, 'open');
  fs.mkdirSync(path, { mode: 0o755 });
  fs.chmodSync(path, 0o755);
  assert.throws(
    () => open(path),
    (error: AlliumError) => error.code === 'BAD_STATE' && error.advice.includes(`chmod 0700 ${path}`),
  );
  fs.writeFileSync(join(root, 'file'), '');
  assert.throws(
    () => open(join(root, 'file')),
    (error: AlliumError) => error.code === 'WRONG_KIND',
  );
});

state('every damage of a file is seen, told of, and mended by the next value', async () => {
  const folder = open();
  const path = join(folder.path, 'guards');
  await folder.set('guards', bytes('some guards'));
  const whole = fs.readFileSync(path);
  const damages: Buffer[] = [Buffer.alloc(0), Buffer.from('torrc'), Buffer.concat([whole, Buffer.from('x')])];
  for (let at = 0; at < whole.length; at++) {
    damages.push(whole.subarray(0, at));
    const flipped = Buffer.from(whole);
    flipped[at] = flipped[at]! ^ 1;
    damages.push(flipped);
  }
  for (const damaged of damages) {
    fs.writeFileSync(path, damaged);
    problems = [];
    assert.is(await folder.get('guards'), undefined, damaged.toString('latin1'));
    assert.is(problems.length, 1);
    assert.is(problems[0]?.code, 'BAD_STATE');
  }
  await folder.set('guards', bytes('again'));
  assert.is(textOf(await folder.get('guards')), 'again');
});

state('a value of another key is not this one', async () => {
  const folder = open();
  await folder.set('certificates', bytes('c'));
  fs.copyFileSync(join(folder.path, 'certificates'), join(folder.path, 'guards'));
  assert.is(await folder.get('guards'), undefined);
  assert.is(problems.length, 1);
});

state('what others may have put there is not used', async () => {
  const folder = open();
  const path = join(folder.path, 'guards');
  await folder.set('guards', bytes('x'));
  fs.chmodSync(path, 0o660);
  assert.is(await folder.get('guards'), undefined);
  assert.match(problems[0]?.message ?? '', 'read or changed by others');
  fs.renameSync(path, join(folder.path, 'elsewhere'));
  fs.chmodSync(join(folder.path, 'elsewhere'), 0o600);
  fs.symlinkSync(join(folder.path, 'elsewhere'), path);
  assert.is(await folder.get('guards'), undefined);
  assert.match(problems[1]?.message ?? '', 'symbolic link');
  fs.rmSync(path);
  fs.mkdirSync(path);
  assert.is(await folder.get('guards'), undefined);
  assert.match(problems[2]?.message ?? '', 'is no file');
});

state('a file has a bound', async () => {
  const folder = open();
  const path = join(folder.path, 'guards');
  fs.writeFileSync(path, '', { mode: 0o600 });
  fs.truncateSync(path, STATE_FILE_BYTES_MAX + 1);
  assert.is(await folder.get('guards'), undefined);
  assert.match(problems[0]?.message ?? '', 'longer than');
});

state('a disk that takes nothing is told of and ends nothing', async () => {
  const folder = open();
  await folder.set('guards', bytes('old'));
  fs.rmSync(folder.path, { recursive: true });
  await folder.set('guards', bytes('new'));
  assert.is(problems[0]?.code, 'NOT_FOUND');
  assert.is(await folder.get('guards'), undefined);
});

state('what a killed process left half written is removed, nothing else', async () => {
  const folder = open();
  await folder.set('guards', bytes('x'));
  fs.writeFileSync(join(folder.path, '.guards.0123456789ab.tmp'), 'half');
  fs.writeFileSync(join(folder.path, 'mine.tmp'), 'not ours');
  folder.tidy();
  assert.equal(fs.readdirSync(folder.path).sort(), ['guards', 'mine.tmp']);
});

state.run();
