// Aim: a node serves streams on its port: of a torrent that seeds, and not of one that is stopped.
import { mkdirSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Scene } from '../support/scene.ts';

const test = suite('streams of a node');

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1_500; turn++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.unreachable(what);
}

test('a reader of a torrent that seeds, and of one that is stopped', async () => {
  const scene = await Scene.open();
  mkdirSync(scene.pathOf('data'), { recursive: true });
  for (const [path, bytes] of scene.torrent.content) writeFileSync(scene.pathOf(path), bytes);
  const node = await scene.node({ watch: false, statusPort: 0 });
  try {
    const { row } = await node.control.add({ source: { torrentFile: scene.torrent.bytes } });
    await until('it seeds', () => node.control.row(row.infoHash)?.state === 'seeding');
    const [content] = scene.torrent.content.values();
    const url = new URL(`stream/${row.infoHash}/0/name.bin`, node.statusUrl);
    const part = await fetch(url, { headers: { Range: 'bytes=5-99' } });
    assert.is(part.status, 206);
    assert.is(Buffer.compare(Buffer.from(await part.arrayBuffer()), content!.subarray(5, 100)), 0);
    assert.match(part.headers.get('content-security-policy')!, 'sandbox');
    await node.control.stop(row.infoHash);
    assert.is((await fetch(url)).status, 404);
  } finally {
    await node.close();
    await scene.close();
  }
});

test.run();
