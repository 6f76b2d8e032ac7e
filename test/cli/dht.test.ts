/**
 * Aim: the commands of the DHT work against one another on loopback: a node, an announce, a look-up, values stored and
 * fetched, a crawl; each ends by itself, says so in JSON, and refuses what makes no sense.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const dht = suite('allium dht');
const MAIN = fileURLToPath(new URL('../../engine/cli/main.js', import.meta.url));
const HASH = '8543d3e6115f0f98c944077a4493dcd543e49c73';
const folder = mkdtempSync(join(tmpdir(), 'allium-dht-'));
const nodes: ChildProcess[] = [];
let port = '';

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...words: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, 'dht', ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}

/** A node that runs until the end of the tests; resolves with its port when it has joined. */
function node(...words: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [MAIN, 'dht', '--host', '127.0.0.1', '--port', '0', ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  nodes.push(child);
  let text = '';
  return new Promise((resolve, reject) => {
    child.on('close', () => reject(new Error(text)));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const found = /port (\d+)[\s\S]*joined/.exec(text);
      if (found !== null) resolve(found[1]!);
    });
  });
}

const ask = (command: string, ...words: readonly string[]): Promise<Ended> =>
  run(command, ...words, '--host', '127.0.0.1', '--bootstrap', `127.0.0.1:${port}`);
const json = (ended: Ended): Record<string, unknown> => JSON.parse(ended.stdout) as Record<string, unknown>;

dht.before(async () => {
  port = await node();
  await Promise.all([1, 2].map(() => node('--bootstrap', `127.0.0.1:${port}`)));
});

dht.after(async () => {
  const gone = nodes.map((child) => new Promise((resolve) => child.once('close', resolve)));
  for (const child of nodes) child.kill('SIGTERM');
  await Promise.all(gone);
  rmSync(folder, { recursive: true, force: true });
});

dht('what announce says, get finds, with its counts', async () => {
  const announced = await ask('announce', HASH, '--peer-port', '4242', '--seed', '--json');
  assert.is(announced.code, 0, announced.stderr);
  assert.is(json(announced)['stored'], 3);
  const found = await ask('get', `magnet:?xt=urn:btih:${HASH}`, '--scrape', '--json');
  assert.is(found.code, 0, found.stderr);
  assert.equal(json(found)['peers'], [{ host: '127.0.0.1', port: 4242 }]);
  assert.is(json(found)['seeders'], 1);
  assert.is((await ask('get', HASH)).stdout, '127.0.0.1:4242\n');
  const crawled = await ask('crawl', '--nodes', '50');
  assert.is(crawled.stdout, `${HASH}\n`, crawled.stderr);
});

dht('what put stores, fetch gets: under its hash, and under a key with a salt', async () => {
  const stored = await ask('put', 'hello', '--json');
  assert.is(stored.code, 0, stored.stderr);
  const { target } = json(stored);
  assert.is((await ask('fetch', String(target))).stdout, 'hello\n');
  const key = join(folder, 'key');
  const words = ['--key', key, '--salt', 'news', '--json'];
  const first = await ask('put', '--torrent', HASH, ...words);
  assert.is(first.code, 0, first.stderr);
  assert.is(statSync(key).mode & 0o777, 0o600);
  assert.is(json(await ask('put', '--torrent', HASH.replace('8', '9'), ...words))['sequence'], 2);
  const fetched = json(await ask('fetch', String(json(first)['magnet']), '--json'));
  assert.is(fetched['infoHash'], HASH.replace('8', '9'));
  assert.is(fetched['sequence'], 2);
  const none = await ask('fetch', '00'.repeat(20), '--json');
  assert.is(none.code, 1);
  assert.equal(json(none), { found: false });
});

dht('a table that was saved is enough to come back', async () => {
  const state = join(folder, 'table');
  assert.is((await ask('get', HASH, '--state', state)).code, 0);
  const again = await run('get', HASH, '--host', '127.0.0.1', '--state', state, '--json');
  assert.is(again.code, 0, again.stderr);
  assert.equal(json(again)['peers'], [{ host: '127.0.0.1', port: 4242 }]);
});

dht('bad words end with 2, nobody to ask with 2, nobody who answers with 3', async () => {
  for (const words of [
    ['get', 'abc', '--bootstrap', '127.0.0.1:1'],
    ['get', HASH],
    ['announce', HASH, '--bootstrap', '127.0.0.1:1'],
    ['fetch', 'xyz', '--bootstrap', '127.0.0.1:1'],
    ['put', 'x'.repeat(1000), '--bootstrap', '127.0.0.1:1'],
    ['get', HASH, '--bootstrap', 'nowhere'],
  ]) {
    assert.is((await run(...words)).code, 2, words.join(' '));
  }
  const silent = await run('get', HASH, '--host', '127.0.0.1', '--bootstrap', '127.0.0.1:9', '--json');
  assert.is(silent.code, 3);
  assert.match(silent.stderr, 'no node of the DHT has answered');
});

dht('every command shows an example', async () => {
  for (const words of [[], ['get'], ['announce'], ['put'], ['fetch'], ['crawl']]) {
    const help = await run(...words, '--help');
    assert.is(help.code, 0);
    assert.match(help.stdout, '$ allium dht');
    assert.match(help.stdout, '--json');
  }
});

dht.run();
