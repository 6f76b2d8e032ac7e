// Aim: `allium magnet` prints the link of a torrent file, takes links apart, and refuses what is neither.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hex } from '../../engine/codec/hex.ts';
import { makeTorrent } from '../bittorrent/support/make-torrent.ts';
import { type Finished, runToEnd, scratchFolder } from '../interop/support/program.ts';

const test = suite('allium magnet');
const MAIN = fileURLToPath(new URL('../../engine/cli/main.js', import.meta.url));
const run = (words: readonly string[]): Promise<Finished> => runToEnd(process.execPath, [MAIN, ...words]);
const made = makeTorrent({
  name: 'a b',
  pieceLength: 16_384,
  fileBytes: [100, 40_000],
  version: 'hybrid',
  announce: 'http://127.0.0.1:1/announce',
});
const V1 = hex(made.metainfo.infoHashV1!);
const V2 = hex(made.metainfo.infoHashV2!);

test('the link of a torrent file, with what is added and left out', async () => {
  const file = join(scratchFolder(), 'a.torrent');
  writeFileSync(file, made.bytes);
  const plain = await run(['magnet', file]);
  assert.is(plain.code, 0, plain.stderr);
  assert.is(
    plain.stdout,
    `magnet:?xt=urn:btih:${V1}&xt=urn:btmh:1220${V2}&dn=a%20b&xl=40100&tr=http%3A%2F%2F127.0.0.1%3A1%2Fannounce\n`,
  );
  const more = await run([
    ...['magnet', file, '--json', '--no-trackers', '--peer', '[::1]:7', '--files', '1,0'],
  ]);
  const parts = JSON.parse(more.stdout);
  assert.is(
    parts.magnet,
    `magnet:?xt=urn:btih:${V1}&xt=urn:btmh:1220${V2}&dn=a%20b&xl=40100&x.pe=[::1]:7&so=0-1`,
  );
  assert.equal(parts.trackers, []);
  assert.equal(parts.files, [{ first: 0, last: 1 }]);
  const again = await run(['magnet', parts.magnet, '--json']);
  assert.equal(JSON.parse(again.stdout), parts);
});

test('what is no link and no file, and what names no files, ends with 2', async () => {
  const empty = await run(['magnet', 'magnet:?dn=x']);
  assert.is(empty.code, 2);
  assert.match(empty.stderr, /names no BitTorrent info-hash/);
  const bad = await run(['magnet', `magnet:?xt=urn:btih:${V1}`, '--files', 'x']);
  assert.is(bad.code, 2);
  assert.match(bad.stderr, /names no files/);
});

test.run();
