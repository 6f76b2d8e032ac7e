// Aim: whichever way a request goes, quick or by Node's own HTTP, the answer is the same; what is malformed or special is
// never answered quickly; who asks without reading is not served without bound; closing leaves nothing.
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createQuickServer } from '../../../engine/node/tracker/quick-http.ts';

const test = suite('tracker: quick HTTP');
let quick = 0;
let plain = 0;
const other = createServer((request, response) => {
  plain += 1;
  response.writeHead(200, { 'Content-Length': 5 + request.url!.length }).end(`node ${request.url}`);
});
other.on('clientError', (_error, socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
const { server, closeAll } = createQuickServer(
  { connectionsMax: 100, keepAliveMs: 300 },
  {
    answer: (target, from) => {
      if (!target.startsWith('/announce')) return undefined;
      quick += 1;
      return `${from.host} ${target} \xff${'x'.repeat(target.endsWith('long') ? 100_000 : 0)}`;
    },
    other,
  },
);
test.before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
test.after(async () => {
  closeAll();
  await new Promise((resolve) => server.close(resolve));
});
test.before.each(() => {
  quick = 0;
  plain = 0;
});

async function dial(): Promise<{ readonly socket: Socket; text: string; isClosed: boolean }> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const state = { socket, text: '', isClosed: false };
  socket.setEncoding('latin1').on('data', (text: string) => {
    state.text += text;
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    state.isClosed = true;
  });
  await new Promise((resolve) => socket.once('connect', resolve));
  return state;
}

async function until(ready: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400 && !ready(); tries += 1) await sleep(5);
  assert.ok(ready(), 'in time');
}

const get = (target: string, headers = 'Host: t\r\nUser-Agent: x/1 (y)\r\n'): string =>
  `GET ${target} HTTP/1.1\r\n${headers}\r\n`;

test('plain requests are answered in order, also several at once', async () => {
  const one = await dial();
  one.socket.write(get('/announce?a'));
  await until(() => one.text.endsWith('/announce?a \xff'));
  assert.match(
    one.text,
    /^HTTP\/1\.1 200 OK\r\nContent-Type: text\/plain\r\nContent-Length: 23\r\nDate: [^\r]+ GMT\r\n\r\n127\.0\.0\.1 /,
  );
  one.socket.write(get('/announce?b') + get('/announce?c') + get('/announce?d'));
  await until(() => one.text.endsWith('/announce?d \xff'));
  assert.ok(one.text.indexOf('?b') < one.text.indexOf('?c'));
  assert.equal([quick, plain], [4, 0]);
  one.socket.destroy();
});

test('another page, a request in two parts, one with a special header: all by Node, and the connection lives on', async () => {
  const cases: readonly (readonly [parts: readonly string[], target: string])[] = [
    [[get('/stats')], '/stats'],
    [[get('/announce?e').slice(0, 20), get('/announce?e').slice(20)], '/announce?e'],
    [[get('/announce?f', 'Host: t\r\nConnection: keep-alive\r\n')], '/announce?f'],
    [['POST /announce?g HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nhi'], '/announce?g'],
    [[get('/announce?h', 'Host: t\r\nX: \xe4\r\n')], '/announce?h'],
    [[get(`/announce?${'i'.repeat(5_000)}`)], `/announce?${'i'.repeat(5_000)}`],
  ];
  for (const [parts, target] of cases) {
    const one = await dial();
    for (const part of parts) {
      one.socket.write(part, 'latin1');
      await sleep(20);
    }
    await until(() => one.text.endsWith(`node ${target}`));
    one.socket.write(get('/announce?later'));
    await until(() => one.text.endsWith('node /announce?later'));
    one.socket.destroy();
  }
  assert.is(quick, 0);
});

test('a quick request and then another page on one connection', async () => {
  const one = await dial();
  one.socket.write(get('/announce?a') + get('/stats') + get('/announce?b'));
  await until(() => one.text.endsWith('node /announce?b'));
  assert.equal([quick, plain], [1, 2]);
  one.socket.destroy();
});

test('what is malformed, or could be understood in two ways, gets no answer but Node’s', async () => {
  const bad: readonly string[] = [
    get('/announce?a', ''),
    get('/announce?a', 'Host: t\r\nHost: u\r\n'),
    get('/announce?a', 'Host: t\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n'),
    get('/announce?a', 'Host : t\r\n'),
    get('/announce?a', 'Host: t\r\n folded\r\n'),
    get('/announce?a', 'Host: t\nX: y\r\n'),
    'GET /announce?a HTTP/1.1\nHost: t\n\n',
    'GET  /announce?a HTTP/1.1\r\nHost: t\r\n\r\n',
    'GET /announce?a\tb HTTP/1.1\r\nHost: t\r\n\r\n',
    'get /announce?a HTTP/1.1\r\nHost: t\r\n\r\n',
    'GET /announce?a HTTP/2.0\r\nHost: t\r\n\r\n',
    '\x16\x03\x01\x00\xa5',
  ];
  for (const request of bad) {
    const one = await dial();
    one.socket.write(request, 'latin1');
    await sleep(15);
    one.socket.destroy();
  }
  assert.is(quick, 0);
});

test('who asks and does not read waits; who reads then gets all', async () => {
  const one = await dial();
  one.socket.pause();
  const count = 400;
  one.socket.write(get('/announce?long').repeat(count));
  await sleep(150);
  const before = quick;
  assert.ok(before < count / 2, `${before} of ${count} were answered into the void`);
  one.socket.resume();
  await until(() => quick === count && one.text.length > count * 100_000);
  one.socket.destroy();
});

test('a connection that asks nothing is closed', async () => {
  const [silent, asked] = [await dial(), await dial()];
  asked.socket.write(get('/announce?a'));
  await until(() => silent.isClosed && asked.isClosed);
  assert.is(quick, 1);
});

test.run();
