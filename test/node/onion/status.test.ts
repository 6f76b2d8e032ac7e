/**
 * Aim: the state of a client can be read as JSON on this machine, by name of this machine only, and shows neither
 * destinations nor credentials; connections to it are bounded.
 */
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { JsonStatusServer, STATUS_CONNECTIONS_MAX } from '../../../engine/node/onion/status-server.ts';
import { onionView } from '../../../engine/node/onion/view.ts';
import { ProxyWorld } from '../../onion/socks/support/proxy-world.ts';

const status = suite('status of an onion client');
let server: JsonStatusServer;
status.before(async () => {
  server = await JsonStatusServer.start({ host: '127.0.0.1', port: 0 }, () => ({ answer: 42 }));
});
status.after(() => server.close());

function ask(path: string, headers = {}, method = 'GET'): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, server.url), { headers, method, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

status('JSON for this machine, nothing for pages from elsewhere', async () => {
  assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+\/status\.json$/);
  assert.equal(await ask('/status.json'), { status: 200, text: '{"answer":42}\n' });
  assert.is((await ask('/status.json', { host: 'localhost:1' })).status, 200);
  assert.is((await ask('/status.json', { host: 'evil.example' })).status, 403);
  assert.is((await ask('/status.json', {}, 'POST')).status, 405);
  assert.is((await ask('/')).status, 404);
  assert.is((await ask('/status.json', {}, 'HEAD')).text, '');
});

status('a port that is taken is an error with a code', async () => {
  const port = Number(new URL(server.url).port);
  await JsonStatusServer.start({ host: '127.0.0.1', port }, () => ({})).then(
    () => assert.unreachable('listens twice'),
    (error: { code: string }) => assert.is(error.code, 'ADDRESS_IN_USE'),
  );
});

status('connections have a bound', async () => {
  const { port } = new URL(server.url);
  const sockets: Socket[] = [];
  for (let count = 0; count < STATUS_CONNECTIONS_MAX; count++) {
    const socket = connect(Number(port), '127.0.0.1');
    sockets.push(socket);
    await new Promise((resolve) => socket.once('connect', resolve));
  }
  const further = connect(Number(port), '127.0.0.1');
  await new Promise((resolve) => further.once('close', resolve));
  for (const socket of sockets) socket.destroy();
});

status('the picture has counts and circuits, no destination and no credential', async () => {
  const on = new ProxyWorld();
  await on.listen('socks5', 9050);
  await on.asking('secret.example', 'secret-user');
  on.client.last.gone('connectRefused');
  await on.asking('secret.example', 'secret-user');
  const client = {
    network: undefined,
    guards: [],
    guardAlarm: undefined,
    circuits: [],
    circuitStats: { begun: 0, built: 0, failed: 0 },
    streamCount: 1,
  };
  const view = onionView({
    client: client as never,
    proxy: on.proxy,
    progress: { percent: 85, what: 'x' },
    startedAtMs: 5,
  });
  const text = JSON.stringify(view);
  assert.not.match(text, 'secret');
  assert.equal(view.proxy.failures, { connectRefused: 1 });
  assert.is(view.proxy.connections, 1);
  assert.is(view.bootstrap.percent, 85);
  assert.is(JSON.parse(text).network, null);
});

status.run();
