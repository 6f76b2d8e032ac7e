import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { codeOf } from './errors.ts';
import { pattern, sameBytes } from './pair.ts';
import type { MakeWorld, TestWorld } from './world.ts';

type Attempts = Readonly<Record<string, () => Promise<unknown>>>;

/** What goes wrong with files, and which error says so: what every world must do. */
export function fileErrorConformance(test: Test, makeWorld: MakeWorld): void {
  const inWorld = (name: string, body: (world: TestWorld) => Promise<void>): void => {
    test(name, async () => {
      const world = await makeWorld();
      await body(world);
      await world.close();
    });
  };

  inWorld('what is not there is NOT_FOUND', async (world) => {
    const { files } = world.left;
    const none = `${world.folder}/none`;
    const attempts: Attempts = {
      open: () => files.open(none, 'read'),
      'open to write in a missing folder': () => files.open(`${none}/x`, 'write'),
      realPath: () => files.realPath(none),
      readDirectory: () => files.readDirectory(none),
      readFile: () => files.readFile(none, 10),
      'writeFile in a missing folder': () => files.writeFile(`${none}/x`, pattern(1)),
      rename: () => files.rename(none, `${world.folder}/other`),
      remove: () => files.remove(none),
    };
    for (const [what, attempt] of Object.entries(attempts)) {
      assert.is(await codeOf(world.wait(attempt())), 'NOT_FOUND', what);
    }
    assert.equal(await world.wait(files.readDirectory(world.folder)), []);
  });

  inWorld('a folder for a file, or the reverse, is WRONG_KIND', async (world) => {
    const { files } = world.left;
    const folder = `${world.folder}/folder`;
    const file = `${world.folder}/file`;
    await world.wait(files.makeDirectory(`${folder}/inner`));
    await world.wait(files.writeFile(file, pattern(1)));
    const attempts: Attempts = {
      'open a folder': () => files.open(folder, 'read'),
      'open a folder to write': () => files.open(folder, 'write'),
      'open below a file': () => files.open(`${file}/x`, 'write'),
      'read a folder': () => files.readFile(folder, 10),
      'write over a folder': () => files.writeFile(folder, pattern(1)),
      'list a file': () => files.readDirectory(file),
      'make a folder where a file is': () => files.makeDirectory(file),
      'make a folder below a file': () => files.makeDirectory(`${file}/x`),
      'rename a file over a folder': () => files.rename(file, folder),
      'rename a folder over a file': () => files.rename(folder, file),
      'remove a folder that is not empty': () => files.remove(folder),
    };
    for (const [what, attempt] of Object.entries(attempts)) {
      assert.is(await codeOf(world.wait(attempt())), 'WRONG_KIND', what);
    }
    assert.equal(await world.wait(files.readDirectory(world.folder)), ['file', 'folder']);
  });

  inWorld('a file longer than expected is not read', async (world) => {
    const path = `${world.folder}/long`;
    await world.wait(world.left.files.writeFile(path, pattern(1001)));
    assert.is(await codeOf(world.wait(world.left.files.readFile(path, 1000))), 'IO_FAILED');
    sameBytes(await world.wait(world.left.files.readFile(path, 1001)), pattern(1001), 'the greatest length');
  });

  inWorld('a file opened to read cannot be written, a closed one not used', async (world) => {
    const path = `${world.folder}/file`;
    await world.wait(world.left.files.writeFile(path, pattern(10)));
    const handle = await world.wait(world.left.files.open(path, 'read'));
    assert.is(await codeOf(world.wait(handle.writev([pattern(1)], 0))), 'IO_FAILED');
    await world.wait(handle.close());
    await world.wait(handle.close());
    assert.is(await codeOf(world.wait(handle.readv([new Uint8Array(1)], 0))), 'IO_FAILED');
    assert.is(await codeOf(world.wait(handle.stat())), 'IO_FAILED');
  });

  inWorld('a full disk is NO_SPACE', async (world) => {
    const path = await world.fullFile();
    if (path === undefined) return;
    const handle = await world.wait(world.left.files.open(path, 'write'));
    assert.is(await codeOf(world.wait(handle.writev([pattern(65536)], 0))), 'NO_SPACE');
    await world.wait(handle.close());
  });

  inWorld('what may not be touched is NO_PERMISSION', async (world) => {
    const path = `${world.folder}/mine`;
    await world.wait(world.left.files.writeFile(path, pattern(10)));
    await world.whileDenied(path, async () => {
      const { files } = world.left;
      assert.is(await codeOf(world.wait(files.open(path, 'read'))), 'NO_PERMISSION');
      assert.is(await codeOf(world.wait(files.open(path, 'write'))), 'NO_PERMISSION');
      assert.is(await codeOf(world.wait(files.readFile(path, 100))), 'NO_PERMISSION');
      assert.is(await codeOf(world.wait(files.writeFile(path, pattern(1)))), 'NO_PERMISSION');
    });
    sameBytes(await world.wait(world.left.files.readFile(path, 100)), pattern(10), 'untouched');
  });
}
