/**
 * Aim: web seeds alone are enough, and mean the same to us and to libtorrent: torrents with `url-list` made by either
 * are downloaded by the other from one ordinary web server; v1, v2, hybrid; names with spaces and beyond ASCII.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { Libtorrent } from './support/libtorrent.ts';
import { interopSuite } from './support/peers.ts';
import { runToEnd, scratchFolder } from './support/program.ts';
import { proves } from './support/proves.ts';

const MAIN = fileURLToPath(new URL('../../engine/cli/main.js', import.meta.url));
const suite = interopSuite('web seeds', ['libtorrent']);
const FILES = new Map([
  ['größe & maß/erste datei.bin', randomBytes(1_500_001)],
  ['zweite #2?.bin', randomBytes(70_000)],
  ['日本.bin', randomBytes(3)],
]);
let server: Server;
let root = '';
let url = '';
const asked: string[] = [];

suite.before(async () => {
  root = scratchFolder();
  for (const [name, bytes] of FILES) {
    const path = join(root, 'netz saat', name);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, bytes);
  }
  server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    const bytes = path.startsWith('/netz saat/') ? FILES.get(path.slice('/netz saat/'.length)) : undefined;
    asked.push(path);
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    if (bytes === undefined || range === null) {
      response.writeHead(bytes === undefined ? 404 : 200).end(bytes);
      return;
    }
    const part = bytes.subarray(Number(range[1]), range[2] === '' ? undefined : Number(range[2]) + 1);
    const first = Number(range[1]);
    response.writeHead(206, {
      'content-range': `bytes ${first}-${first + part.length - 1}/${bytes.length}`,
      'content-length': part.length,
    });
    response.end(part);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

suite.after(() => {
  server.closeAllConnections();
  server.close();
});

async function same(folder: string): Promise<void> {
  for (const [name, bytes] of FILES)
    assert.ok(bytes.equals(await readFile(join(folder, 'netz saat', name))), name);
}

async function get(torrent: string, more: readonly string[] = [], timeoutMs = 60_000) {
  const out = scratchFolder();
  const words = ['get', torrent, '-o', out, '--port', '0', '--host', '127.0.0.1', ...more];
  return { out, run: await runToEnd(process.execPath, [MAIN, ...words], { timeoutMs }) };
}

for (const kind of ['v1', 'v2', 'hybrid'] as const) {
  suite(
    proves(`${kind}: Allium downloads what libtorrent made`, ['web seed only (BEP 19)', 'libtorrent']),
    async () => {
      const torrent = join(scratchFolder(), 'their.torrent');
      const maker = await Libtorrent.start();
      const path = join(root, 'netz saat');
      await maker.create({ path, out: torrent, kind, pieceBytes: 65_536, webSeeds: [url] });
      await maker.stop();
      const { out, run } = await get(torrent);
      assert.is(run.code, 0, run.stderr);
      await same(out);
    },
  );

  suite(
    proves(`${kind}: libtorrent downloads what Allium made`, ['web seed only (BEP 19)', 'libtorrent']),
    async () => {
      const torrent = join(scratchFolder(), 'our.torrent');
      const words = ['create', join(root, 'netz saat'), '-o', torrent, '--web-seed', url, `--${kind}`];
      const made = await runToEnd(process.execPath, [MAIN, ...words]);
      assert.is(made.code, 0, made.stderr);
      const out = scratchFolder();
      const leecher = await Libtorrent.start();
      await leecher.add({ torrent, folder: out });
      assert.is((await leecher.complete()).failedBytes, 0);
      await same(out);
      await leecher.stop();
      const ours = await get(torrent);
      assert.is(ours.run.code, 0, ours.run.stderr);
      await same(ours.out);
    },
  );
}

suite('--no-web-seeds asks nobody', async () => {
  const torrent = join(scratchFolder(), 'our.torrent');
  const words = ['create', join(root, 'netz saat'), '-o', torrent, '--web-seed', url];
  assert.is((await runToEnd(process.execPath, [MAIN, ...words])).code, 0);
  asked.length = 0;
  const late = await get(torrent, ['--no-web-seeds'], 5_000).catch((error: unknown) => String(error));
  assert.match(String(late), 'did not end');
  assert.equal(asked, []);
});

suite.run();
