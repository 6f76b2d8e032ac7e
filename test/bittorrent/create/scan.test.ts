// Aim: a scan finds what belongs into a torrent, leaves out the torrent file itself, and refuses what has no place.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { scanContent } from '../../../engine/bittorrent/create/scan.ts';
import type { AlliumError } from '../../../engine/codec/error.ts';
import { createRealFiles } from '../../../engine/runtime/real/files.ts';

const test = suite<{ root: string }>('create scan');
const files = createRealFiles();

test.before.each((context) => {
  context.root = mkdtempSync(join(tmpdir(), 'allium-scan-'));
});
test.after.each((context) => rmSync(context.root, { recursive: true, force: true }));

function write(root: string, contents: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(contents)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

async function found(path: string, except?: string): Promise<string[]> {
  const content = await scanContent({ path, ...(except === undefined ? {} : { except }) }, files);
  return content.files.map((file) => `${file.path.join('/')}:${file.byteLength}`).sort();
}

async function codeOf(path: string): Promise<string> {
  try {
    await scanContent({ path }, files);
    return 'accepted';
  } catch (error) {
    assert.match((error as AlliumError).message, path.split('/').at(-1) ?? '');
    return (error as AlliumError).code;
  }
}

test('files at every depth, empty ones and hidden ones, but no empty folders', async ({ root }) => {
  write(root, { 'd/a': '1', 'd/.hidden': '22', 'd/s/t/b': '333', 'd/empty': '' });
  mkdirSync(join(root, 'd/nothing'));
  assert.equal(await found(join(root, 'd')), ['.hidden:2', 'a:1', 'empty:0', 's/t/b:3']);
  const content = await scanContent({ path: `${join(root, 'd')}/` }, files);
  assert.is(content.name, 'd');
  assert.is(content.isSingleFile, false);
  assert.is(content.contentBytes, 6);
});

test('a file alone', async ({ root }) => {
  write(root, { 'one.bin': 'data' });
  const content = await scanContent({ path: join(root, 'one.bin') }, files);
  assert.is(content.isSingleFile, true);
  assert.is(content.name, 'one.bin');
  assert.equal(content.files[0]?.path, []);
});

test('the torrent file itself is left out, by whatever path it is reached', async ({ root }) => {
  write(root, { 'd/a': '1', 'd/x.torrent': 'd1:ae', 'd/s/x.torrent': 'other' });
  symlinkSync(join(root, 'd'), join(root, 'link'));
  assert.equal(await found(join(root, 'd'), join(root, 'link', 'x.torrent')), ['a:1', 's/x.torrent:5']);
  assert.equal(await found(join(root, 'd'), join(root, 'd', 'not-there-yet')), [
    'a:1',
    's/x.torrent:5',
    'x.torrent:5',
  ]);
});

test('links are followed, unless they lead back', async ({ root }) => {
  write(root, { 'd/a': '1', 'other/b': '22' });
  symlinkSync(join(root, 'other'), join(root, 'd/folder'));
  symlinkSync(join(root, 'other/b'), join(root, 'd/file'));
  assert.equal(await found(join(root, 'd')), ['a:1', 'file:2', 'folder/b:2']);
  symlinkSync('..', join(root, 'd/up'));
  assert.is(await codeOf(join(root, 'd')), 'WRONG_KIND');
});

test('a link to nothing is refused', async ({ root }) => {
  write(root, { 'd/a': '1' });
  symlinkSync(join(root, 'gone'), join(root, 'd/dangling'));
  assert.is(await codeOf(join(root, 'd')), 'NOT_FOUND');
});

test('what is no file is refused', async ({ root }) => {
  write(root, { 'd/a': '1' });
  execFileSync('mkfifo', [join(root, 'd/pipe')]);
  assert.is(await codeOf(join(root, 'd')), 'WRONG_KIND');
  assert.is(await codeOf(join(root, 'd/pipe')), 'WRONG_KIND');
});

test('no data at all is refused', async ({ root }) => {
  write(root, { 'empty.bin': '' });
  mkdirSync(join(root, 'hollow'));
  assert.is(await codeOf(join(root, 'empty.bin')), 'BAD_USAGE');
  assert.is(await codeOf(join(root, 'hollow')), 'BAD_USAGE');
  assert.is(await codeOf(join(root, 'missing')), 'NOT_FOUND');
});

test('names that no torrent can have are refused, those that Windows cannot have are told', async ({
  root,
}) => {
  write(root, { 'd/what?': '1' });
  assert.is((await scanContent({ path: join(root, 'd') }, files)).warnings.length, 1);
  write(root, { 'd/s/CON': '1' });
  try {
    await scanContent({ path: join(root, 'd') }, files);
    assert.unreachable();
  } catch (error) {
    assert.is((error as AlliumError).code, 'UNSAFE_PATH');
  }
});

test('a scan can be stopped', async ({ root }) => {
  write(root, { 'd/a': '1' });
  const reason = new Error('enough');
  try {
    await scanContent({ path: join(root, 'd'), signal: AbortSignal.abort(reason) }, files);
    assert.unreachable();
  } catch (error) {
    assert.is(error, reason);
  }
});

test.run();
