import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import type { FileHandle } from '../../../engine/runtime/port.ts';
import { pattern, sameBytes } from './pair.ts';
import type { MakeWorld, TestWorld } from './world.ts';

/** Runs `use` with a file of that content, open for writing. */
async function withFile(
  world: TestWorld,
  content: Uint8Array,
  use: (handle: FileHandle, path: string) => Promise<void>,
): Promise<void> {
  const path = `${world.folder}/file`;
  const handle = await world.wait(world.left.files.open(path, 'write'));
  await world.wait(handle.writev([content], 0));
  await use(handle, path);
  await world.wait(handle.close());
}

/** Reading, writing and arranging files: what every world must do. */
export function fileConformance(test: Test, makeWorld: MakeWorld): void {
  const inWorld = (name: string, body: (world: TestWorld) => Promise<void>): void => {
    test(name, async () => {
      const world = await makeWorld();
      await body(world);
      await world.close();
    });
  };

  inWorld('what is written is read, scattered and gathered as one likes', async (world) => {
    await withFile(world, pattern(1000), async (handle) => {
      const parts = [pattern(3, 2), new Uint8Array(0), pattern(500, 3)];
      await world.wait(handle.writev(parts, 700));
      const expected = Buffer.concat([pattern(1000).subarray(0, 700), ...parts]);
      const targets = [1, 0, 600, 1000].map((size) => new Uint8Array(new SharedArrayBuffer(size)));
      assert.is(await world.wait(handle.readv(targets, 0)), 1203, 'fewer only at the end');
      sameBytes(Buffer.concat(targets).subarray(0, 1203), expected, 'content');
      assert.is(await world.wait(handle.readv([new Uint8Array(10)], 1203)), 0, 'at the end');
      assert.is(await world.wait(handle.readv([new Uint8Array(10)], 5000)), 0, 'beyond it');
      assert.is(await world.wait(handle.readv([], 0)), 0, 'nothing asked');
    });
  });

  inWorld('more buffers than one system call takes', async (world) => {
    await withFile(world, new Uint8Array(0), async (handle) => {
      const parts = Array.from({ length: 2500 }, (_, i) => pattern(1 + (i % 7), i));
      await world.wait(handle.writev(parts, 11));
      const targets = parts.map((part) => new Uint8Array(part.length));
      const total = parts.reduce((sum, part) => sum + part.length, 0);
      assert.is(await world.wait(handle.readv(targets, 11)), total);
      sameBytes(Buffer.concat(targets), Buffer.concat(parts), 'content');
    });
  });

  inWorld('a hole reads as zeros, and opening to write keeps the content', async (world) => {
    await withFile(world, pattern(10), async (handle, path) => {
      await world.wait(handle.truncate(200_000));
      await world.wait(handle.writev([pattern(10, 4)], 150_000));
      await world.wait(handle.sync());
      const again = await world.wait(world.left.files.open(path, 'write'));
      const all = new Uint8Array(300_000);
      assert.is(await world.wait(again.readv([all], 0)), 200_000);
      const expected = new Uint8Array(200_000);
      expected.set(pattern(10));
      expected.set(pattern(10, 4), 150_000);
      sameBytes(all.subarray(0, 200_000), expected, 'content');
      await world.wait(again.close());
    });
  });

  inWorld('a file that shrinks while it is read ends early, and what grows again is zero', async (world) => {
    await withFile(world, pattern(100_000), async (handle, path) => {
      const reader = await world.wait(world.left.files.open(path, 'read'));
      await world.wait(handle.truncate(70_001));
      assert.is(await world.wait(reader.readv([new Uint8Array(100_000)], 0)), 70_001);
      await world.wait(handle.truncate(80_000));
      const tail = new Uint8Array(9_999);
      assert.is(await world.wait(reader.readv([tail], 70_001)), 9_999);
      assert.ok(tail.every((byte) => byte === 0));
      await world.wait(reader.close());
    });
  });

  inWorld('stat tells files from folders, and nothing from both', async (world) => {
    const { files } = world.left;
    await withFile(world, pattern(123), async (handle, path) => {
      for (const stat of [await world.wait(handle.stat()), await world.wait(files.stat(path))]) {
        assert.is(stat?.kind, 'file');
        assert.is(stat?.byteLength, 123);
        assert.ok(Math.abs((stat?.modifiedMs ?? 0) - world.left.clock.wallClock()) < 60_000);
      }
      const folder = await world.wait(files.stat(world.folder));
      assert.is(folder?.kind, 'directory');
      assert.is(folder?.device, (await world.wait(handle.stat())).device);
      assert.is(await world.wait(files.stat(`${world.folder}/none`)), undefined);
      assert.is(await world.wait(files.stat(`${path}/below a file`)), undefined);
      assert.is(await world.wait(files.realPath(`${world.folder}/./file`)), path);
    });
  });

  inWorld('folders are made with those above, listed in order, and removed when empty', async (world) => {
    const { files } = world.left;
    await world.wait(files.makeDirectory(`${world.folder}/a/b/c`));
    await world.wait(files.makeDirectory(`${world.folder}/a/b/c`));
    for (const name of ['z', 'y', 'ä'])
      await world.wait(files.writeFile(`${world.folder}/a/${name}`, pattern(1)));
    assert.equal(await world.wait(files.readDirectory(`${world.folder}/a`)), ['b', 'y', 'z', 'ä']);
    await world.wait(files.remove(`${world.folder}/a/b/c`));
    await world.wait(files.remove(`${world.folder}/a/z`));
    await world.wait(files.rename(`${world.folder}/a`, `${world.folder}/new`));
    assert.equal(await world.wait(files.readDirectory(world.folder)), ['new']);
    assert.equal(await world.wait(files.readDirectory(`${world.folder}/new`)), ['b', 'y', 'ä']);
  });

  inWorld('writeFile replaces the whole, rename what is there', async (world) => {
    const { files } = world.left;
    const path = `${world.folder}/state`;
    await world.wait(files.writeFile(path, pattern(5000)));
    await world.wait(files.writeFile(path, pattern(7, 2)));
    sameBytes(await world.wait(files.readFile(path, 7)), pattern(7, 2), 'the new content');
    assert.equal(await world.wait(files.readDirectory(world.folder)), ['state'], 'nothing else is left');
    await world.wait(files.writeFile(`${world.folder}/other`, pattern(0)));
    await world.wait(files.rename(path, `${world.folder}/other`));
    sameBytes(await world.wait(files.readFile(`${world.folder}/other`, 100)), pattern(7, 2), 'renamed');
  });
}
