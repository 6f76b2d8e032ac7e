// Aim: the short way to the system's datagrams sends and brings the same as Node's own, refuses what Node would refuse
// without throwing, and is left alone where an engine has no such way.
import dgram from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bindUdp } from '../../../engine/runtime/real/datagram.ts';
import { type DirectDatagrams, openDirect } from '../../../engine/runtime/real/direct-send.ts';
import { createRealStats } from '../../../engine/runtime/real/stats.ts';

const test = suite('runtime: direct datagrams');
type Bound = { readonly socket: dgram.Socket; readonly port: number; readonly got: string[] };

async function bound(family: 4 | 6): Promise<Bound & { readonly direct: DirectDatagrams | undefined }> {
  const host = family === 6 ? '::1' : '127.0.0.1';
  const socket = dgram.createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    lookup: (name, _options, done) => done(null, name, family),
  });
  await new Promise<void>((resolve) => socket.bind(0, host, resolve));
  const got: string[] = [];
  const direct = openDirect(socket, family, (bytes, from) => {
    got.push(`${Buffer.from(bytes).toString()} ${from.address} ${from.port}`);
  });
  return { socket, port: socket.address().port, got, direct };
}

async function until(ready: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400 && !ready(); tries += 1) await sleep(5);
  assert.ok(ready(), 'in time');
}

for (const family of [4, 6] as const) {
  const host = family === 6 ? '::1' : '127.0.0.1';
  test(`IPv${family}: what is sent comes, with where it came from`, async () => {
    const [one, two] = [await bound(family), await bound(family)];
    assert.ok(one.direct !== undefined && two.direct !== undefined, 'this engine has the short way');
    const expected: string[] = [];
    for (let round = 0; round < 200; round += 1) {
      const bytes = Buffer.from(`${round} `.repeat(1 + (round % 50)));
      assert.is(one.direct!.send(bytes, two.port, host), 'sent');
      expected.push(`${bytes} ${host} ${one.port}`);
    }
    await until(() => two.got.length === 200);
    assert.equal(two.got, expected);
    two.socket.send('by Node', one.port, host);
    await until(() => one.got.length === 1);
    assert.is(one.direct!.send(new Uint8Array(0), two.port, host), 'sent');
    await until(() => two.got.length === 201);
    assert.is(two.got[200], ` ${host} ${one.port}`);
    for (const { socket } of [one, two]) socket.close();
  });

  test(`IPv${family}: addresses of the other family and what is none are refused`, async () => {
    const { socket, direct } = await bound(family);
    const others = [family === 6 ? '127.0.0.1' : '::1', 'localhost', '', '1.2.3', 'x'.repeat(300)];
    for (const other of others) assert.is(direct!.send(new Uint8Array(9), 9, other), 'refused', other);
    assert.is(direct!.send(new Uint8Array(70_000), 9, host), 'refused', 'too long');
    socket.close();
    assert.is(direct!.send(new Uint8Array(9), 9, host), 'refused', 'closed');
  });
}

test('no datagram is sent to find out how', async () => {
  const target = dgram.createSocket('udp4');
  await new Promise<void>((resolve) => target.bind(0, '127.0.0.1', resolve));
  let count = 0;
  target.on('message', () => {
    count += 1;
  });
  const { socket, direct } = await bound(4);
  direct!.send(new Uint8Array(1), target.address().port, '127.0.0.1');
  await until(() => count > 0);
  assert.is(count, 1);
  assert.is(socket.getSendQueueSize(), 0);
  socket.close();
  target.close();
});

test('an engine whose sockets are made in another way keeps them as they are', () => {
  const strange = { send: () => assert.unreachable() } as unknown as dgram.Socket;
  assert.is(
    openDirect(strange, 4, () => {}),
    undefined,
  );
  const empty = { [Symbol('state symbol')]: { handle: { send() {} } } } as unknown as dgram.Socket;
  assert.is(
    openDirect(empty, 4, () => {}),
    undefined,
  );
});

test('a socket of the runtime counts what it drops', async () => {
  const stats = createRealStats();
  const got: string[] = [];
  const options = { queuedBytesMax: 1_000_000 };
  const at = { host: '127.0.0.1', port: 0 };
  const socket = await bindUdp(at, options, { stats }, (bytes) => got.push(String(bytes.length)));
  socket.send(new Uint8Array(3), { host: '::1', port: 9 });
  for (const port of [0, -1, 65_536, 1.5, Number.NaN])
    socket.send(new Uint8Array(3), { host: '127.0.0.1', port });
  assert.is(stats.datagramsDropped, 6);
  socket.send(new Uint8Array(3), socket.local);
  await until(() => got.length === 1);
  assert.is(socket.queuedBytes, 0);
  socket.close();
  socket.send(new Uint8Array(3), { host: '127.0.0.1', port: 9 });
  assert.is(stats.datagramsDropped, 7);
});

test.run();
