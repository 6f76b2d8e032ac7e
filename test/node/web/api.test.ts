/**
 * Aim: what the page may ask for reaches the node as meant, wrong requests are refused in words, and no other page can
 * have them sent; the files of the page come whole, compressed and under a policy that allows nothing from elsewhere.
 */
import { request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PAGE_HEADER } from '../../../engine/node/web/wire.ts';
import { FakeControl } from '../control/fake-control.ts';
import { fakeRow } from '../control/fake-rows.ts';
import { type PageServer, servePage } from './support/page-server.ts';

const api = suite<{ control: FakeControl; server: PageServer }>('api of the page');
const MAGNET = `magnet:?xt=urn:btih:${'ab'.repeat(20)}&dn=wanted`;

api.before.each(async (context) => {
  context.control = new FakeControl(3);
  context.server = await servePage(context.control);
});
api.after.each(async ({ server }) => {
  await server.close();
  assert.equal(server.faults, []);
});

async function send(server: PageServer, method: string, path: string, body: unknown, headers = {}) {
  const answer = await fetch(new URL(path, server.url), {
    method,
    headers: { [PAGE_HEADER]: '1', 'Content-Type': 'application/json', ...headers },
    body: body instanceof Uint8Array ? body : JSON.stringify(body),
  });
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
}

const act = (server: PageServer, infoHashes: readonly string[], action: unknown) =>
  send(server, 'POST', 'api/actions', { infoHashes, action });

api('the page and its files: a strict policy, compressed, not sent twice', async ({ server }) => {
  const page = await fetch(server.url);
  const policy = page.headers.get('Content-Security-Policy') ?? '';
  assert.match(policy, "default-src 'none'");
  assert.not.match(policy, 'unsafe');
  const html = await page.text();
  assert.not.match(html, /<script>|style=|https?:/);
  for (const [, path = ''] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
    const file = await fetch(new URL(path, server.url));
    assert.is(file.status, 200, path);
    assert.ok((await file.arrayBuffer()).byteLength > 100, path);
    const again = await fetch(new URL(path, server.url), {
      headers: { 'If-None-Match': file.headers.get('ETag')! },
    });
    assert.is(again.status, 304, path);
  }
  const packed = await new Promise<Buffer>((resolve, reject) => {
    const ask = request(
      new URL('assets/app.js', server.url),
      { headers: { 'Accept-Encoding': 'gzip' } },
      (answer) => {
        const chunks: Buffer[] = [];
        answer
          .on('data', (chunk: Buffer) => chunks.push(chunk))
          .on('end', () => resolve(Buffer.concat(chunks)));
      },
    );
    ask.on('error', reject).end();
  });
  assert.ok(gunzipSync(packed).length > packed.length * 2);
});

api('no other page can have anything done', async ({ server, control }) => {
  const body = { infoHashes: [fakeRow(1).infoHash], action: { kind: 'stop' } };
  const bare = await fetch(new URL('api/actions', server.url), {
    method: 'POST',
    body: JSON.stringify(body),
  });
  assert.is(bare.status, 403);
  const foreign = await fetch(new URL('api/actions', server.url), {
    method: 'POST',
    headers: { [PAGE_HEADER]: '1', Origin: 'http://evil.test', 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  assert.is(foreign.status, 403);
  assert.equal(control.calls, []);
});

api(
  'actions reach the node; what fails for one is told and does not stop the others',
  async ({ server, control }) => {
    const [one, two] = [fakeRow(1).infoHash, fakeRow(2).infoHash];
    assert.equal((await act(server, [one, two], { kind: 'stop' })).json, {
      done: 2,
      failed: 0,
      failures: [],
    });
    const mixed = await act(server, ['00'.repeat(20), one], { kind: 'start' });
    assert.is(mixed.json['done'], 1);
    assert.is((mixed.json['failures'] as { code: string }[])[0]?.code, 'NOT_FOUND');
    await act(server, [two], { kind: 'move', root: '/new', moveData: true });
    await act(server, [two], { kind: 'recheck' });
    await act(server, [two], { kind: 'queue', where: 'top' });
    assert.is(control.row(two)?.queuePosition, 0);
    await act(server, [one], { kind: 'change', change: { addTags: ['x'], wishes: { 0: 0 }, downLimit: 5 } });
    assert.equal(
      [control.row(one)?.tags, control.row(one)?.wantedBytes, control.row(one)?.downLimit],
      [['x'], 0, 5],
    );
    await act(server, [one], { kind: 'remove', deleteData: true });
    assert.equal(control.calls, [
      'stop torrent 1',
      'stop torrent 2',
      'start torrent 1',
      'move torrent 2 /new with data',
      'recheck torrent 2',
      'remove torrent 1 with data',
    ]);
  },
);

api('torrents are added; what is none is refused in words', async ({ server, control }) => {
  const added = await send(server, 'POST', 'api/torrents', {
    magnet: MAGNET,
    options: { tags: ['t'], stopped: true },
  });
  assert.equal([added.json['name'], added.json['isNew']], ['wanted', true]);
  assert.equal(control.row('ab'.repeat(20))?.tags, ['t']);
  const bad = await send(server, 'POST', 'api/torrents?options={}', new Uint8Array(9), {
    'Content-Type': 'application/x-bittorrent',
  });
  assert.is(bad.status, 400);
  assert.match(String(bad.json['code']), /^BAD_/);
  assert.is((await send(server, 'POST', 'api/torrents', { magnet: 'http://x' })).status, 400);
});

api('options, categories and tags; wrong values name their field', async ({ server, control }) => {
  assert.is((await send(server, 'PATCH', 'api/options', { upLimit: 9, altEnabled: true })).status, 200);
  assert.equal([control.options.upLimit, control.options.altEnabled], [9, true]);
  const wrong = await send(server, 'PATCH', 'api/options', { upLimit: -1 });
  assert.equal([wrong.status, wrong.json['code']], [400, 'BAD_USAGE']);
  assert.match(String(wrong.json['message']), 'upLimit');
  assert.is((await send(server, 'PATCH', 'api/options', { unknown: 1 })).status, 400);
  assert.is((await send(server, 'PUT', 'api/categories', { name: 'new' })).status, 200);
  assert.ok(control.categories.has('new'));
  assert.is((await send(server, 'DELETE', 'api/categories', { name: 'new' })).status, 200);
  assert.is((await send(server, 'DELETE', 'api/categories', { name: 'new' })).status, 404);
  assert.is((await send(server, 'DELETE', 'api/tags', { name: 'x' })).status, 200);
  const space = await fetch(new URL('api/space?path=/srv', server.url));
  assert.is(((await space.json()) as { freeBytes: number }).freeBytes, 5_000_000_000);
  const nonsense = await fetch(new URL('api/options', server.url), {
    method: 'PATCH',
    headers: { [PAGE_HEADER]: '1' },
    body: '{',
  });
  assert.is(nonsense.status, 400);
});

api(
  'streams over HTTP: one that is too many is told to come later, one of nothing not to come again',
  async () => {
    const control = new FakeControl(1);
    const { list } = (await import('../../../engine/node/web/web-app.ts')).WEB_APP_DEFAULTS;
    const server = await servePage(control, { list: { ...list, streamsMax: 1 } });
    const first = await fetch(new URL('events', server.url));
    assert.is(first.headers.get('Content-Type'), 'text/event-stream');
    const second = await fetch(new URL('events', server.url));
    assert.equal([second.status, second.headers.get('Retry-After')], [503, '10']);
    assert.is((await fetch(new URL(`events/torrents/${'00'.repeat(20)}`, server.url))).status, 204);
    assert.is((await fetch(new URL(`api/torrents/${'00'.repeat(20)}/file`, server.url))).status, 404);
    assert.is((await fetch(new URL(`api/torrents/${fakeRow(1).infoHash}/file`, server.url))).status, 200);
    await server.close();
  },
);

api.run();
