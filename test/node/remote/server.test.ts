/** Aim: the one HTTP port guards itself: who may ask, how long, how much, and what every answer carries. */

import { request } from 'node:http';
import { connect } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SIGN_IN_BYTES_MAX } from '../../../engine/node/remote/qbittorrent/sign-in.ts';
import { echoMount, PASSWORD, type RemoteScene, remoteScene, USER } from './support/remote-scene.ts';

const server = suite('remote server');

async function within(
  options: Parameters<typeof remoteScene>[0],
  use: (scene: RemoteScene) => Promise<void>,
): Promise<void> {
  const scene = await remoteScene(options);
  try {
    await use(scene);
    assert.equal(scene.faults, []);
  } finally {
    await scene.close();
  }
}

const basic = (user: string, password: string): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});
const form = (fields: Record<string, string>): RequestInit => ({
  method: 'POST',
  body: new URLSearchParams(fields),
});

/** Sends bytes and gives back what came until the other side closed. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (bytes) => {
      answer += bytes.toString();
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

server('on loopback nobody is asked; every answer is closed to other sites', async () => {
  await within({}, async ({ ask }) => {
    const answer = await ask('/api/v2/app/version');
    assert.is(answer.status, 200);
    assert.is(answer.headers.get('X-Content-Type-Options'), 'nosniff');
    assert.match(answer.headers.get('Content-Security-Policy') ?? '', /default-src 'none'/);
    assert.is(answer.headers.get('Cross-Origin-Resource-Policy'), 'same-origin');
    assert.is(answer.headers.get('Access-Control-Allow-Origin'), null);
    assert.is((await ask('/nothing')).status, 404);
  });
});

server('another name for this machine and another site are refused before anything is read', async () => {
  await within({}, async ({ ask, server: { port } }) => {
    const rebound = await raw(
      port,
      'GET /api/v2/app/version HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n',
    );
    assert.match(rebound, /^HTTP\/1.1 421 /);
    const answer = await ask('/api/v2/torrents/delete', {
      ...form({ hashes: 'all' }),
      headers: { Origin: 'http://evil.test' },
    });
    assert.is(answer.status, 403);
  });
});

server(
  'with a password: a challenge for Transmission, a plain refusal for qBittorrent, and both ways in',
  async () => {
    await within({ withPassword: true }, async ({ ask }) => {
      const rpc = await ask('/transmission/rpc', { method: 'POST', body: '{}' });
      assert.is(rpc.status, 401);
      assert.match(rpc.headers.get('WWW-Authenticate') ?? '', /^Basic /);
      assert.is(
        (await ask('/transmission/rpc', { method: 'POST', headers: basic(USER, PASSWORD) })).status,
        409,
      );
      assert.is((await ask('/api/v2/torrents/info')).status, 403);
      assert.is((await ask('/api/v2/torrents/info', { headers: basic(USER, PASSWORD) })).status, 200);
      const wrong = await ask('/api/v2/auth/login', form({ username: USER, password: 'no' }));
      assert.is(await wrong.text(), 'Fails.');
      assert.equal(wrong.headers.getSetCookie(), []);
      const right = await ask('/api/v2/auth/login', form({ username: USER, password: PASSWORD }));
      assert.is(await right.text(), 'Ok.');
      const [cookie = ''] = right.headers.getSetCookie();
      assert.match(cookie, /^SID=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
      const headers = { Cookie: cookie.split(';')[0]! };
      assert.is((await ask('/api/v2/torrents/info', { headers })).status, 200);
      assert.is(
        (await ask('/transmission/rpc', { method: 'POST', headers })).status,
        409,
        'the same for both',
      );
      await ask('/api/v2/auth/logout', { method: 'POST', headers });
      assert.is((await ask('/api/v2/torrents/info', { headers })).status, 403);
    });
  },
);

server('who tries passwords has to wait, and is told how long', async () => {
  await within({ withPassword: true }, async ({ ask, wait }) => {
    for (let tries = 0; tries < 3; tries++) {
      assert.is((await ask('/transmission/rpc', { headers: basic(USER, `no${tries}`) })).status, 401);
    }
    const refused = await ask('/transmission/rpc', { headers: basic(USER, PASSWORD) });
    assert.is(refused.status, 429, 'even the right one');
    assert.is(refused.headers.get('Retry-After'), '1');
    const login = await ask('/api/v2/auth/login', form({ username: USER, password: PASSWORD }));
    assert.is(login.status, 403, 'by whichever way');
    wait(1_001);
    assert.is((await ask('/transmission/rpc', { headers: basic(USER, PASSWORD) })).status, 409);
  });
});

server('a mount that is open answers without a password, one with a challenge asks', async () => {
  const mounts = [echoMount('/healthz', 'open'), echoMount('/', 'challenge')];
  await within({ withPassword: true, mounts }, async ({ ask }) => {
    assert.is(await (await ask('/healthz')).text(), 'GET /healthz 0');
    assert.is((await ask('/')).status, 401);
    assert.is((await ask('/healthzz')).status, 401, 'the name has to end');
  });
});

server('a body is read up to its bound, with and without its length', async () => {
  const mounts = [echoMount('/echo', 'open')];
  await within({ mounts, remote: { bodyBytesMax: 1_000 } }, async ({ ask, server: { port } }) => {
    const post = async (body: string): Promise<number> =>
      (await ask('/echo', { method: 'POST', body })).status;
    assert.is(await post('x'.repeat(1_000)), 200);
    assert.is(await post('x'.repeat(1_001)), 413);
    const status = await new Promise((resolve, reject) => {
      const sent = request({ port, host: '127.0.0.1', path: '/echo', method: 'POST' }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      sent.on('error', reject);
      sent.write('x'.repeat(600));
      sent.end('x'.repeat(600));
    });
    assert.is(status, 413);
  });
});

server('bodies that are read at one time are bounded together', async () => {
  const mounts = [echoMount('/echo', 'open')];
  await within({ mounts, remote: { bodiesBytesMax: 1_500 } }, async ({ ask, server: { port } }) => {
    const held = request({
      port,
      host: '127.0.0.1',
      path: '/echo',
      method: 'POST',
      headers: { 'Content-Length': 1_200 },
    });
    held.on('error', () => {});
    const ended = new Promise((resolve) => held.on('response', (answer) => resolve(answer.statusCode)));
    held.write('x'.repeat(1_000));
    let status = 200;
    for (let tries = 0; tries < 100 && status === 200; tries++) {
      status = (await ask('/echo', { method: 'POST', body: 'x'.repeat(1_000) })).status;
    }
    assert.is(status, 503);
    held.end('x'.repeat(200));
    assert.is(await ended, 200, 'the first is not harmed');
    assert.is(
      (await ask('/echo', { method: 'POST', body: 'x'.repeat(1_000) })).status,
      200,
      'there is room again',
    );
  });
});

server('whoever has not signed in can only send as much as a password needs', async () => {
  await within({ withPassword: true }, async ({ ask, server: { port } }) => {
    const long = await ask('/api/v2/auth/login', form({ username: 'x'.repeat(SIGN_IN_BYTES_MAX) }));
    assert.is(long.status, 413);
    const head = 'POST /api/v2/auth/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n';
    assert.match(await raw(port, `${head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`), /^HTTP\/1.1 411 /);
  });
});

server('connections are bounded', async () => {
  await within({ remote: { connectionsMax: 2 } }, async ({ server: { port } }) => {
    const open = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
    await Promise.all(open.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    const answer = await raw(port, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n').catch(() => '');
    assert.is(answer, '');
    for (const socket of open) socket.destroy();
  });
});

server('a request that does not end is ended', async () => {
  await within({ remote: { headersTimeoutMs: 100, requestTimeoutMs: 200 } }, async ({ server: { port } }) => {
    assert.match(await raw(port, 'GET / HTTP/1.1\r\nHost: loc'), /^HTTP\/1.1 408 /);
    const head = 'POST /transmission/rpc HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nx';
    assert.match(await raw(port, head), /^HTTP\/1.1 40[89] /);
  });
});

server.run();
