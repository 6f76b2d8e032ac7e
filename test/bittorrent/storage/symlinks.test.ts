// Aim: the symbolic links of a torrent (BEP 47) are made relative and inside of it, are found again after it has moved,
// never take the place of anything, and never lead out of the torrent.
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseMetainfo } from '../../../engine/bittorrent/metainfo/parse.ts';
import type { Metainfo } from '../../../engine/bittorrent/metainfo/types.ts';
import { makeSymlinks, removeSymlinks } from '../../../engine/bittorrent/storage/symlinks.ts';
import { type BencodeInput, encodeBencode } from '../../../engine/codec/bencode-encode.ts';
import { moveContent } from '../../../engine/node/upkeep/move-content.ts';
import { createRealFiles } from '../../../engine/runtime/real/files.ts';

const test = suite('symbolic links');
const files = createRealFiles();
const folders: string[] = [];

test.after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'allium-links-'));
  folders.push(made);
  return made;
}

function torrent(list: readonly BencodeInput[]): Metainfo {
  const info = { files: list, name: 'n', 'piece length': 16_384, pieces: new Uint8Array(20) };
  return parseMetainfo(encodeBencode({ info }));
}

const LINKED = torrent([
  { length: 5, path: ['sub', 'target'] },
  { attr: 'l', length: 0, path: ['link'], 'symlink path': ['sub', 'target'] },
  { attr: 'l', length: 0, path: ['deep', 'er', 'link'], 'symlink path': ['sub'] },
]);

test('they are relative, lead to their targets, and stay when they are there', async () => {
  const root = folder();
  mkdirSync(join(root, 'n', 'sub'), { recursive: true });
  writeFileSync(join(root, 'n', 'sub', 'target'), 'hello');
  for (let round = 0; round < 2; round++) await makeSymlinks(LINKED, root, files);
  assert.is(readlinkSync(join(root, 'n', 'link')), join('sub', 'target'));
  assert.is(readlinkSync(join(root, 'n', 'deep', 'er', 'link')), join('..', '..', 'sub'));
  assert.is(readFileSync(join(root, 'n', 'deep', 'er', 'link', 'target'), 'utf8'), 'hello');

  const to = folder();
  await moveContent(LINKED, root, to, { files });
  assert.not(existsSync(join(root, 'n')), 'nothing is left behind');
  await makeSymlinks(LINKED, to, files);
  assert.is(readFileSync(join(to, 'n', 'link'), 'utf8'), 'hello');

  await removeSymlinks(LINKED, to, files);
  assert.equal(
    ['link', 'sub/target'].map((path) => existsSync(join(to, 'n', path))),
    [false, true],
  );
});

test('what lies in the place of one stays', async () => {
  const root = folder();
  mkdirSync(join(root, 'n'));
  writeFileSync(join(root, 'n', 'link'), 'mine');
  await makeSymlinks(LINKED, root, files);
  await removeSymlinks(LINKED, root, files);
  assert.is(readFileSync(join(root, 'n', 'link'), 'utf8'), 'mine');
});

test('below a folder that is a link itself none is made', async () => {
  const [root, outside] = [folder(), folder()];
  mkdirSync(join(root, 'n', 'deep'), { recursive: true });
  symlinkSync(outside, join(root, 'n', 'deep', 'er'));
  await makeSymlinks(LINKED, root, files);
  assert.not(existsSync(join(outside, 'link')));
  assert.ok(lstatSync(join(root, 'n', 'link')).isSymbolicLink());
});

test('no file of a torrent lies below one of its links', () => {
  assert.throws(() =>
    torrent([
      { attr: 'l', length: 0, path: ['a'], 'symlink path': ['b'] },
      { length: 5, path: ['a', 'x'] },
      { length: 5, path: ['b', 'y'] },
    ]),
  );
});

test.run();
