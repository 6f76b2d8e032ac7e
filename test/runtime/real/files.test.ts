/** Aim: what only real file systems have — links, pipes, devices, descriptors — can neither mislead nor hang us. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { codeOf } from '../conformance/errors.ts';
import { pattern, sameBytes } from '../conformance/pair.ts';
import { makeRealWorld, type RealWorld } from '../support/real-world.ts';

const test = suite('real files');

function inWorld(name: string, body: (world: RealWorld) => Promise<void>): void {
  test(name, async () => {
    const world = await makeRealWorld();
    await body(world);
    await world.close();
  });
}

inWorld('a link is followed to read, never to write', async ({ left: { files }, folder }) => {
  fs.writeFileSync(`${folder}/secret`, 'keep');
  fs.symlinkSync('secret', `${folder}/link`);
  fs.symlinkSync('nowhere', `${folder}/dangling`);
  assert.is(Buffer.from(await files.readFile(`${folder}/link`, 10)).toString(), 'keep');
  assert.is((await files.stat(`${folder}/link`))?.byteLength, 4);
  assert.is(await files.realPath(`${folder}/link`), `${folder}/secret`);
  assert.is(await codeOf(files.open(`${folder}/link`, 'write')), 'WRONG_KIND');
  assert.is(await codeOf(files.open(`${folder}/dangling`, 'write')), 'WRONG_KIND');
  assert.is(await files.stat(`${folder}/dangling`), undefined);
  assert.not.ok(fs.existsSync(`${folder}/nowhere`));
  await files.writeFile(`${folder}/link`, pattern(3));
  assert.is(fs.readFileSync(`${folder}/secret`, 'utf8'), 'keep', 'writeFile replaces the link itself');
  await files.remove(`${folder}/dangling`);
  assert.equal(await files.readDirectory(folder), ['link', 'secret']);
});

inWorld('a pipe or a socket in the place of a file does not hang', async ({ left: { files }, folder }) => {
  execFileSync('mkfifo', [`${folder}/pipe`]);
  const server = net.createServer().listen(`${folder}/socket`);
  await new Promise((resolve) => server.once('listening', resolve));
  assert.is(await codeOf(files.open(`${folder}/pipe`, 'read')), 'WRONG_KIND');
  assert.is(await codeOf(files.open(`${folder}/pipe`, 'write')), 'WRONG_KIND');
  assert.is.not(await codeOf(files.open(`${folder}/socket`, 'read')), 'none');
  assert.is((await files.stat(`${folder}/pipe`))?.kind, 'other');
  server.close();
});

inWorld('the descriptor is the file, and is given back', async ({ left: { files }, folder }) => {
  const handle = await files.open(`${folder}/x`, 'write');
  await handle.writev([pattern(100)], 0);
  const bytes = new Uint8Array(100);
  fs.readSync(handle.fd, bytes, 0, 100, 0);
  sameBytes(bytes, pattern(100), 'read elsewhere');
  await handle.close();
  assert.throws(() => fs.fstatSync(handle.fd), /EBADF/);
  const before = fs.readdirSync('/dev/fd').length;
  for (let i = 0; i < 20; i++) await codeOf(files.open(folder, 'read'));
  assert.ok(fs.readdirSync('/dev/fd').length <= before, 'a refused folder is closed again');
});

inWorld('a failed writeFile leaves no rubbish', async ({ left: { files }, folder }) => {
  fs.mkdirSync(`${folder}/there`);
  assert.is(await codeOf(files.writeFile(`${folder}/there`, pattern(10))), 'WRONG_KIND');
  const long = `${folder}/${'n'.repeat(300)}`;
  assert.is(await codeOf(files.writeFile(long, pattern(10))), 'IO_FAILED');
  assert.equal(fs.readdirSync(folder), ['there']);
  const longest = 'n'.repeat(255);
  await files.writeFile(`${folder}/${longest}`, pattern(10));
  assert.equal(fs.readdirSync(folder).sort(), [longest, 'there']);
});

inWorld('a hole takes no space', async ({ left: { files }, folder }) => {
  const handle = await files.open(`${folder}/sparse`, 'write');
  await handle.truncate(1 << 30);
  await handle.close();
  const stats = fs.statSync(`${folder}/sparse`);
  assert.is(stats.size, 1 << 30);
  assert.ok(stats.blocks < 100, `${stats.blocks} blocks`);
});

test.run();
