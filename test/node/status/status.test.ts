/**
 * Aim: the status page shows the node and cannot be turned against its owner: only read, only by this machine, every
 * name escaped, nothing fetched from elsewhere; the JSON is the same picture.
 */
import { createHash } from 'node:crypto';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlliumError } from '../../../engine/codec/error.ts';
import { type NodeView, totalsOf } from '../../../engine/node/status/node-view.ts';
import { escapeHtml, renderPage } from '../../../engine/node/status/page.ts';
import { STATUS_DEFAULTS, StatusServer } from '../../../engine/node/status/server.ts';
import type { TorrentView } from '../../../engine/node/view.ts';

const status = suite('status page');

const TORRENT: TorrentView = {
  infoHash: 'aa'.repeat(20),
  name: 'name',
  state: 'downloading',
  error: '',
  totalBytes: 1024 ** 3,
  pieceCount: 1024,
  pieceDoneCount: 256,
  progress: 0.25,
  downBytesPerSec: 1024 ** 2,
  upBytesPerSec: 2048,
  downloadedBytes: 1,
  uploadedBytes: 3 * 1024,
  peerCount: 5,
  root: '/downloads',
  addedAtMs: 1,
};
const VIEW: NodeView = {
  version: '9.9.9',
  startedAtMs: 0,
  nowMs: 61_000,
  memoryBytes: 1024 ** 2,
  problems: [],
  folders: { state: '/s', downloads: '/d', watch: '/w' },
  torrents: [TORRENT],
  listening: '0.0.0.0:6881',
  connectionCount: 5,
  closeReasons: {},
  slab: { slotCount: 100, leasedSlots: 25, leasedSlotsPeak: 30 },
  hashing: { messages: 0, bytes: 0, pending: 0 },
};
const withTorrents = (...torrents: readonly Partial<TorrentView>[]): NodeView => ({
  ...VIEW,
  torrents: torrents.map((some) => ({ ...TORRENT, ...some })),
});

interface Answer {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function ask(
  server: StatusServer,
  path: string,
  options: { method?: string; host?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = options.host === undefined ? {} : { host: options.host };
    const outgoing = request(
      { port: server.port, host: '127.0.0.1', path, method: options.method ?? 'GET', headers, agent: false },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          body += chunk;
        });
        response.on('end', () =>
          resolve({ code: response.statusCode ?? 0, headers: response.headers, body }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

async function served(view: () => NodeView, play: (server: StatusServer) => Promise<void>): Promise<void> {
  const modules = { view, now: () => performance.now() };
  const server = await StatusServer.start({ ...STATUS_DEFAULTS, port: 0 }, modules);
  try {
    await play(server);
  } finally {
    await server.close();
  }
}

status('the page says what there is to say', () => {
  const page = renderPage({ ...VIEW, problems: ['the <disk> is full'] });
  const facts = [
    ...['9.9.9', 'listening on 0.0.0.0:6881', 'up 1 m 01 s', '25.0 %, 256 of 1024 pieces, 12 m 48 s left'],
    ...['1.00 MiB/s', '2.00 KiB/s', '1.00 GiB', '3.00 KiB', 'the &lt;disk&gt; is full', 'watching /w'],
  ];
  for (const fact of facts) assert.ok(page.includes(fact), fact);
  assert.match(renderPage({ ...VIEW, torrents: [] }), 'Put a torrent file into /w');
  assert.match(renderPage(withTorrents({ state: 'error', error: 'gone' })), /class="error"[\s\S]*gone/);
});

status('names of torrents cannot become markup, nor turn the text around', () => {
  const nasty = `"><script>alert(1)</script>'&\u202e\x1b[2J`;
  const page = renderPage(withTorrents({ name: nasty, error: nasty, state: 'error' }));
  assert.not.match(page, '<script>alert');
  assert.is(escapeHtml(nasty), '&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&amp;\\u202e\\x1b[2J');
});

status('trouble comes first, and of very many torrents the rest is in the JSON', () => {
  const many = Array.from({ length: 600 }, (_, index) => ({ name: `t${index}`, addedAtMs: index }));
  const page = renderPage(withTorrents(...many, { name: 'broken', state: 'error', addedAtMs: 0 }));
  assert.match(page, '101 more in');
  assert.ok(page.indexOf('broken') < page.indexOf('t599'));
  assert.not.match(page, '>t50<');
});

status('totals are sums', () => {
  const totals = totalsOf(withTorrents({}, { state: 'seeding', peerCount: 2 }, { state: 'stopped' }));
  assert.equal(totals, {
    ...{ torrents: 3, downloading: 1, seeding: 1, peers: 12 },
    ...{ downBytesPerSec: 3 * 1024 ** 2, upBytesPerSec: 3 * 2048 },
  });
});

status('page and JSON are served with headers that forbid everything else', async () => {
  await served(
    () => VIEW,
    async (server) => {
      const page = await ask(server, '/');
      assert.is(page.code, 200);
      const policy = String(page.headers['content-security-policy']);
      assert.match(policy, "default-src 'none'");
      assert.not.match(policy, /unsafe|\*|http/);
      // The browser runs our style and script only if their hashes are those of the policy.
      for (const tag of ['style', 'script']) {
        const text = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(page.body)?.[1] ?? '';
        assert.ok(policy.includes(`'sha256-${createHash('sha256').update(text).digest('base64')}'`), tag);
      }
      assert.not.match(page.body, /(?:src|href)="(?:https?:)?\/\//);
      const json = await ask(server, '/status.json?x=1');
      assert.equal(JSON.parse(json.body), JSON.parse(JSON.stringify(VIEW)));
      assert.is(json.headers['content-type'], 'application/json; charset=utf-8');
      assert.is((await ask(server, '/', { method: 'HEAD' })).body, '');
    },
  );
});

status('who asks under another name, wants to write, or asks for something else is refused', async () => {
  await served(
    () => VIEW,
    async (server) => {
      for (const host of ['evil.example', `evil.example:${server.port}`, '127.0.0.1.evil.example']) {
        assert.is((await ask(server, '/status.json', { host })).code, 403, host);
      }
      for (const host of ['localhost', 'LOCALHOST:1', `127.0.0.1:${server.port}`]) {
        assert.is((await ask(server, '/status.json', { host })).code, 200, host);
      }
      for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
        assert.is((await ask(server, '/', { method })).code, 405, method);
      }
      for (const path of ['/x', '/../etc/passwd', '//']) assert.is((await ask(server, path)).code, 404, path);
    },
  );
});

status('noise on the socket ends that connection only', async () => {
  await served(
    () => VIEW,
    async (server) => {
      await new Promise<void>((resolve) => {
        const socket = connect(server.port, '127.0.0.1', () =>
          socket.write('\x13BitTorrent protocol\r\n\r\n'),
        );
        socket.on('error', () => {});
        socket.on('close', () => resolve());
      });
      assert.is((await ask(server, '/')).code, 200);
    },
  );
});

status('however many ask, the node is looked at only now and then', async () => {
  let looks = 0;
  const view = (): NodeView => {
    looks += 1;
    return VIEW;
  };
  let now = 0;
  const server = await StatusServer.start({ ...STATUS_DEFAULTS, port: 0 }, { view, now: () => now });
  await Promise.all(Array.from({ length: 30 }, () => ask(server, '/status.json')));
  assert.is(looks, 1);
  now = STATUS_DEFAULTS.cacheMs;
  await ask(server, '/');
  assert.is(looks, 2);
  await server.close();
});

status('connections beyond the bound are closed', async () => {
  const modules = { view: () => VIEW, now: () => 0 };
  const server = await StatusServer.start({ port: 0, connectionsMax: 2, cacheMs: 0 }, modules);
  const open = Array.from({ length: 3 }, () => connect(server.port, '127.0.0.1'));
  const closed = await Promise.race(
    open.map(
      (socket) =>
        new Promise<string>((resolve) => socket.on('error', () => {}).on('close', () => resolve('closed'))),
    ),
  );
  assert.is(closed, 'closed');
  for (const socket of open) socket.destroy();
  await server.close();
});

status('a port that is taken is said so', async () => {
  await served(
    () => VIEW,
    async (server) => {
      const again = StatusServer.start(
        { ...STATUS_DEFAULTS, port: server.port },
        { view: () => VIEW, now: () => 0 },
      );
      const error = await again.catch((thrown: unknown) => thrown);
      assert.instance(error, AlliumError);
      assert.is((error as AlliumError).code, 'ADDRESS_IN_USE');
    },
  );
});

status.run();
