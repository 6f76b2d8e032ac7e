// Aim: `allium get` with a magnet link that names no peer finds the seeder by the DHT alone, by a key in it, and by the local
// network alone; an interrupted search ends with 130.
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  endPrograms,
  freePort,
  RunningProgram,
  runToEnd,
  scratchFolder,
  until,
} from '../interop/support/program.ts';

const test = suite('allium get by magnet');
const MAIN = fileURLToPath(new URL('../../engine/cli/main.js', import.meta.url));
const LOOPBACK = ['--host', '127.0.0.1', '--no-tracker', '--no-pex'];
const content = randomBytes(300_000);
const root = scratchFolder();
const torrent = join(root, 'data.torrent');

test.before(async () => {
  mkdirSync(join(root, 'data'));
  writeFileSync(join(root, 'data', 'x.bin'), content);
  const made = await runToEnd(process.execPath, [MAIN, 'create', join(root, 'data'), '-o', torrent]);
  assert.is(made.code, 0, made.stderr);
});
test.after(endPrograms);

async function start(words: readonly string[], sign: string): Promise<RunningProgram> {
  const program = new RunningProgram(process.execPath, [MAIN, ...words]);
  await until(sign, () => {
    if (!program.running) throw new Error(`it has ended: ${program.stderr}`);
    return (program.stderr + program.stdout).includes(sign);
  });
  return program;
}

async function transfer(source: readonly string[]): Promise<void> {
  const port = String(await freePort());
  const seeder = await start(['seed', torrent, root, '--port', port, ...LOOPBACK, ...source], 'serving');
  const link = (await runToEnd(process.execPath, [MAIN, 'magnet', torrent])).stdout.trim();
  const out = scratchFolder();
  const words = ['get', link, '-o', out, '--port', '0', ...LOOPBACK, ...source];
  const run = await runToEnd(process.execPath, [MAIN, ...words]);
  assert.is(run.code, 0, run.stderr);
  assert.ok(content.equals(readFileSync(join(out, 'data', 'x.bin'))));
  await seeder.stop();
}

test('by the DHT alone', async () => {
  const port = String(await freePort());
  const router = await start(['dht', '--host', '127.0.0.1', '--port', port], 'listening');
  await transfer(['--dht-bootstrap', `127.0.0.1:${port}`]);
  await router.stop();
});

test('by a key alone: the torrent that its owner points to in the DHT (BEP 46)', async () => {
  const port = String(await freePort());
  const source = ['--dht-bootstrap', `127.0.0.1:${port}`];
  const router = await start(['dht', '--host', '127.0.0.1', '--port', port], 'listening');
  const at = String(await freePort());
  const seeder = await start(['seed', torrent, root, '--port', at, ...LOOPBACK, ...source], 'serving');
  const link = (await runToEnd(process.execPath, [MAIN, 'magnet', torrent])).stdout.trim();
  const [, infoHash] = /btih:([0-9a-f]{40})/.exec(link) ?? [];
  const put = await runToEnd(process.execPath, [
    ...[MAIN, 'dht', 'put', infoHash!, '--torrent', '--key', join(root, 'my.key'), '--json'],
    ...['--bootstrap', `127.0.0.1:${port}`, '--host', '127.0.0.1', '--port', '0'],
  ]);
  assert.is(put.code, 0, put.stderr);
  const { magnet } = JSON.parse(put.stdout) as { magnet: string };
  assert.match(magnet, /^magnet:\?xs=urn:btpk:/);
  const out = scratchFolder();
  const words = ['get', magnet, '-o', out, '--port', '0', ...LOOPBACK];
  const run = await runToEnd(process.execPath, [MAIN, ...words, ...source]);
  assert.is(run.code, 0, run.stderr);
  assert.ok(content.equals(readFileSync(join(out, 'data', 'x.bin'))));
  const without = await runToEnd(process.execPath, [MAIN, ...words]);
  assert.is(without.code, 2, 'there is no DHT');
  assert.match(without.stderr, '--dht-bootstrap');
  await Promise.all([seeder.stop(), router.stop()]);
});

test('by the local network alone', async () => {
  await transfer(['--no-dht', '--lsd']);
});

test('files that are wanted alone: the result counts them, and none at all is bad usage', async () => {
  const folder = scratchFolder();
  mkdirSync(join(folder, 'two'));
  for (const [name, byteLength] of [
    ['a', 20_000],
    ['b', 30_000],
  ] as const)
    writeFileSync(join(folder, 'two', name), randomBytes(byteLength));
  const two = join(folder, 'two.torrent');
  const made = await runToEnd(process.execPath, [MAIN, 'create', join(folder, 'two'), '-o', two]);
  assert.is(made.code, 0, made.stderr);
  const get = (files: string) =>
    runToEnd(process.execPath, [
      ...[MAIN, 'get', two, '-o', folder, '--port', '0', ...LOOPBACK],
      ...['--files', files, '--json'],
    ]);
  const one = await get('1');
  assert.is(one.code, 0, one.stderr);
  const { totalBytes, wantedBytes } = JSON.parse(one.stdout);
  assert.equal({ totalBytes, wantedBytes }, { totalBytes: 50_000, wantedBytes: 30_000 });
  const none = await get('2-7');
  assert.is(none.code, 2, none.stderr);
  assert.match(none.stderr, 'has no file');
});

test('a search that is interrupted ends with 130', async () => {
  const link = `magnet:?xt=urn:btih:${'0'.repeat(40)}`;
  const words = ['get', link, '-o', scratchFolder(), '--port', '0', ...LOOPBACK];
  const program = new RunningProgram(process.execPath, [MAIN, ...words]);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  assert.ok(program.running, program.stderr);
  assert.is(await program.stop('SIGINT'), 130);
});

test.run();
