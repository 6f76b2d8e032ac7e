// Aim: in a whole node: what another program had verified seeds without a byte being hashed; a second torrent of the
// same data, in other pieces and under other names, finds the copy that is there, proves it and never writes to it;
// moving and deleting either leaves the other whole; a scrub finds a rotten piece, and only that one is fetched again.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeBencode } from '../../../engine/codec/bencode.ts';
import { hex } from '../../../engine/codec/hex.ts';
import type { TorrentRow } from '../../../engine/node/control/row.ts';
import type { NodeDaemon } from '../../../engine/node/daemon/daemon.ts';
import { findSource } from '../../../engine/node/import/read-source.ts';
import { runImport } from '../../../engine/node/import/run-import.ts';
import { PIECE_LENGTH, Scene } from '../support/scene.ts';

/** When the files were last changed, Unix seconds: damage does not show in it. */
const CHANGED_SEC = 1_700_000_000;
const test = suite<{ scene: Scene }>('one copy of data');

test.before.each(async (context) => {
  context.scene = await Scene.open();
});
test.after.each(({ scene }) => scene.close());

async function until(
  node: NodeDaemon,
  what: string,
  wanted: (rows: readonly TorrentRow[]) => boolean,
): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!wanted([...node.control.rows.values()])) {
    if (performance.now() > deadline)
      throw new Error(`${what}: ${JSON.stringify([...node.control.rows.values()])}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** All of the scene's torrent, where it would be saved. */
function layContent(scene: Scene): void {
  for (const [path, bytes] of scene.torrent.content) {
    mkdirSync(join(scene.pathOf(path), '..'), { recursive: true });
    writeFileSync(scene.pathOf(path), bytes);
    utimesSync(scene.pathOf(path), CHANGED_SEC, CHANGED_SEC);
  }
}

/** Lets a node begin with what another program left. */
async function imported(scene: Scene): Promise<string> {
  layContent(scene);
  const { metainfo, bytes } = scene.torrent;
  const infoHash = hex(metainfo.infoHashV1!);
  const folder = join(scene.folder, 'BT_backup');
  mkdirSync(folder);
  writeFileSync(join(folder, `${infoHash}.torrent`), bytes);
  const resume = { pieces: Buffer.alloc(metainfo.pieceCount, 1), save_path: join(scene.folder, 'downloads') };
  writeFileSync(join(folder, `${infoHash}.fastresume`), encodeBencode(resume));
  const options = {
    source: findSource(folder),
    state: join(scene.folder, 'state'),
    mappings: [],
    isDry: false,
  };
  const totals = await runImport({ ...options, nowMs: Date.now(), onLine: () => {} });
  assert.is(totals.taken, 1);
  return infoHash;
}

test('an import seeds and hashes nothing; a second torrent shares its copy; what is done to one leaves the other', async ({
  scene,
}) => {
  const infoHash = await imported(scene);
  const node = await scene.node();
  await until(node, 'seeds', ([row]) => row?.state === 'seeding');
  assert.is(node.control.stats().hashing.messages, 0);

  const files = [...scene.torrent.content.values()];
  const other = otherTorrent(files);
  const { row } = await node.control.add({ source: { torrentFile: other }, findData: true });
  await until(node, 'shares', () => node.control.row(row.infoHash)?.state === 'seeding');
  const shared = node.control.row(row.infoHash)!;
  assert.is(shared.doneBytes, shared.totalBytes);
  assert.ok(node.control.stats().hashing.messages >= shared.pieceCount, 'all of it was proved');

  const elsewhere = join(scene.folder, 'elsewhere');
  await node.control.move(row.infoHash, elsewhere, { moveData: true });
  await until(node, 'moved', () => node.control.row(row.infoHash)?.state === 'seeding');
  assert.is(node.control.row(row.infoHash)!.root, elsewhere);
  for (const [path, bytes] of scene.torrent.content)
    assert.ok(readFileSync(scene.pathOf(path)).equals(bytes), path);
  await node.control.remove(row.infoHash, { deleteData: true });
  for (const [path, bytes] of scene.torrent.content)
    assert.ok(readFileSync(scene.pathOf(path)).equals(bytes), path);
  await until(node, 'still seeds', () => node.control.row(infoHash)?.state === 'seeding');
  await node.close();
});

test('a rotten piece is found by the scrub, and only that one is fetched again', async ({ scene }) => {
  const infoHash = await imported(scene);
  const node = await scene.node();
  await until(node, 'seeds', ([row]) => row?.state === 'seeding');
  const [path, bytes] = [...scene.torrent.content][0]!;
  const rotten = Buffer.from(bytes);
  rotten[PIECE_LENGTH * 7 + 3]! ^= 1;
  writeFileSync(scene.pathOf(path), rotten);
  utimesSync(scene.pathOf(path), CHANGED_SEC, CHANGED_SEC);
  await node.control.setOptions({ scrubRate: 100_000_000, scrubEveryMs: 0 });
  await until(node, 'is whole again', () => {
    const row = node.control.row(infoHash)!;
    return row.downloadedBytes > 0 && row.state === 'seeding';
  });
  assert.is(node.control.row(infoHash)!.downloadedBytes, PIECE_LENGTH);
  await node.close();
  assert.ok(readFileSync(scene.pathOf(path)).equals(bytes));
});

/** A v1 torrent of these bytes, in pieces of another length and under other names. */
function otherTorrent(files: readonly Uint8Array[]): Uint8Array {
  const pieceLength = 16_384;
  const whole = Buffer.concat(files);
  const hashes: Buffer[] = [];
  for (let at = 0; at < whole.length; at += pieceLength) {
    hashes.push(
      createHash('sha1')
        .update(whole.subarray(at, at + pieceLength))
        .digest(),
    );
  }
  const list = files.map((bytes, at) => ({ length: bytes.length, path: [`x${at}.mkv`] }));
  const info = {
    files: list,
    name: 'other name',
    'piece length': pieceLength,
    pieces: Buffer.concat(hashes),
  };
  return encodeBencode({ info });
}

test.run();
