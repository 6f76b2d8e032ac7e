// Aim: a bound network has every local end where it is bound, refuses what has none there, asks for names from there,
// and closes everything when its address goes away; a filtered one talks to no blocked host in either direction.
import { createSocket } from 'node:dgram';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlliumError } from '../../../engine/codec/error.ts';
import { BoundNames } from '../../../engine/node/net/bound-names.ts';
import { BoundNetwork } from '../../../engine/node/net/bound-network.ts';
import { filterNetwork } from '../../../engine/node/net/filtered-network.ts';
import { addressesOf } from '../../../engine/node/net/interface-addresses.ts';
import { NET_DEFAULTS, openWorld } from '../../../engine/node/net/world.ts';
import type { ByteStream, Listener, Network, StreamHandler } from '../../../engine/runtime/port.ts';
import { createRealRuntime } from '../../../engine/runtime/real/runtime.ts';
import { Recorder } from '../../runtime/conformance/recorder.ts';

const test = suite('bound and filtered networks');

const runtime = createRealRuntime();
const { clock, network } = runtime;
const HERE = '127.0.0.5';
const closers: (() => unknown)[] = [];
test.after(async () => {
  for (const close of closers.reverse()) await close();
});

async function until(what: string, condition: () => boolean): Promise<void> {
  const endMs = Date.now() + 15_000;
  while (!condition()) {
    if (Date.now() > endMs) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function bind(addresses: () => readonly string[], onChange?: (isUp: boolean) => void): BoundNetwork {
  const names = new BoundNames({}, (family) => (family === 4 ? addresses()[0] : undefined));
  const bound = new BoundNetwork(
    { bind: 'tun0', pollMs: 10 },
    { network, clock, addressesOf: addresses, names, ...(onChange === undefined ? {} : { onChange }) },
  );
  closers.push(() => bound.close());
  return bound;
}

async function door(over: Network, host: string): Promise<{ listener: Listener; accepted: ByteStream[] }> {
  const accepted: ByteStream[] = [];
  const listener = await over.listen({ host, port: 0 }, (stream): StreamHandler => {
    accepted.push(stream);
    const recorder = new Recorder();
    recorder.stream = stream;
    return recorder;
  });
  closers.push(() => listener.close());
  return { listener, accepted };
}

function dial(over: Network, host: string, port: number): Recorder {
  const recorder = new Recorder();
  recorder.stream = over.connect({ host, port }, recorder, { timeoutMs: 5000 });
  return recorder;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'done',
    (error: unknown) => (error instanceof AlliumError ? error.code : String(error)),
  );
}

test('interfaces by name and by address', () => {
  assert.ok(addressesOf('lo').includes('127.0.0.1'));
  assert.equal(addressesOf('127.0.0.1'), ['127.0.0.1']);
  assert.equal(addressesOf('203.0.113.77'), []);
  assert.equal(addressesOf('no-such-interface'), []);
});

test('every local end is the bound address; what has none there is refused', async () => {
  const bound = bind(() => [HERE]);
  const { listener, accepted } = await door(network, '127.0.0.1');
  const stream = dial(bound, '127.0.0.1', listener.local.port);
  await until('the stream', () => stream.opened && accepted.length === 1);
  assert.is(accepted[0]!.remote.host, HERE);
  const byName = dial(bound, 'localhost', listener.local.port);
  await until('the stream by name', () => byName.opened && accepted.length === 2);
  assert.is(accepted[1]!.remote.host, HERE);
  const v6 = dial(bound, '::1', listener.local.port);
  await until('the refusal', () => v6.ends.length === 1);
  assert.equal(v6.end, { kind: 'failed', code: 'EWOULDLEAK' });
  const own = await door(bound, '0.0.0.0');
  assert.is(own.listener.local.host, HERE);
  assert.is(await codeOf(bound.listen({ host: '127.0.0.1', port: 0 }, () => undefined)), 'WOULD_LEAK');
  assert.is(await codeOf(bound.bindDatagram({ host: '::', port: 0 }, () => {})), 'WOULD_LEAK');
  const udp = await bound.bindDatagram({ host: '0.0.0.0', port: 0 }, () => {});
  assert.is(udp.local.host, HERE);
  udp.close();
  for (const { stream: open } of [stream, byName]) open!.destroy();
});

test('when the address goes away sockets are closed and none is made; when it comes back they are', async () => {
  let addresses: readonly string[] = [HERE];
  const changes: boolean[] = [];
  const bound = bind(
    () => addresses,
    (isUp) => changes.push(isUp),
  );
  const { listener } = await door(network, '127.0.0.1');
  const stream = dial(bound, '127.0.0.1', listener.local.port);
  const heard: string[] = [];
  const other = await network.bindDatagram({ host: '127.0.0.1', port: 0 }, (bytes) =>
    heard.push(Buffer.from(bytes).toString()),
  );
  closers.push(() => other.close());
  const udp = await bound.bindDatagram({ host: '0.0.0.0', port: 0 }, () => {});
  udp.send(Buffer.from('before'), other.local);
  await until('the stream and the datagram', () => stream.opened && heard.length === 1);
  const keepAlive = setInterval(() => {}, 20);
  addresses = [];
  await until('the end', () => stream.ends.length === 1);
  assert.equal(stream.end, { kind: 'failed', code: 'EWOULDLEAK' });
  assert.equal(stream.faults, []);
  udp.send(Buffer.from('after'), other.local);
  const late = dial(bound, '127.0.0.1', listener.local.port);
  await until('the refusal', () => late.ends.length === 1);
  assert.is(late.opened, false);
  assert.is(await codeOf(bound.bindDatagram({ host: '0.0.0.0', port: 0 }, () => {})), 'WOULD_LEAK');
  const url = `http://127.0.0.1:${listener.local.port}/`;
  assert.is(await codeOf(bound.http({ url, timeoutMs: 2000, maxBytes: 10 })), 'NETWORK_FAILED');
  assert.equal(heard, ['before']);
  addresses = [HERE];
  const again = dial(bound, '127.0.0.1', listener.local.port);
  await until('a new stream', () => again.opened);
  await until('both changes', () => changes.length === 2);
  assert.equal(changes, [false, true]);
  again.stream!.destroy();
  clearInterval(keepAlive);
});

test('what is given up while its name is looked up is not dialled any more', async () => {
  let answer: (hosts: readonly string[]) => void = () => {};
  const looked = new Promise<readonly string[]>((resolve) => (answer = resolve));
  let dialled = 0;
  const counting: Network = {
    ...network,
    connect: (to, handler, how) => {
      dialled++;
      return network.connect(to, handler, how);
    },
  };
  const names = { lookup: () => looked, lookupText: async () => [] };
  const modules = { network: counting, clock, addressesOf: () => [HERE], names };
  const bound = new BoundNetwork({ bind: 'tun0', pollMs: 10 }, modules);
  closers.push(() => bound.close());
  const { listener } = await door(network, '127.0.0.1');
  const stream = dial(bound, 'peer.example', listener.local.port);
  stream.stream!.destroy();
  await until('the end', () => stream.ends.length === 1);
  answer(['127.0.0.1']);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.is(dialled, 0);
  const kept = dial(bound, 'peer.example', listener.local.port);
  await until('another one', () => kept.opened);
  assert.is(dialled, 1);
  kept.stream!.destroy();
});

test('names are asked for from the bound address', async () => {
  const from: string[] = [];
  const server = createSocket('udp4');
  server.on('message', (question, { address, port }) => {
    from.push(address);
    // The question back with one answer: 127.0.0.1, or none for AAAA.
    const isA = question[question.length - 3] === 1;
    const head = Buffer.from(question);
    head.writeUInt16BE(0x8180, 2);
    head.writeUInt16BE(isA ? 1 : 0, 6);
    const answer = Buffer.from('c00c00010001000000010004 7f000001'.replace(' ', ''), 'hex');
    server.send(isA ? Buffer.concat([head, answer]) : head, port, address);
  });
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  const servers = [{ host: '127.0.0.1', port: server.address().port }];
  const names = new BoundNames({ servers }, (family) => (family === 4 ? HERE : undefined));
  assert.equal(await names.lookup('peer.example'), ['127.0.0.1']);
  assert.equal(from, [HERE]);
  assert.equal(await names.lookup('10.1.2.3'), ['10.1.2.3']);
  const none = new BoundNames({ servers }, () => undefined);
  assert.is(await codeOf(none.lookup('peer.example')), 'NETWORK_FAILED');
  assert.is(from.length, 1);
});

test('blocked hosts are not dialled, not let in, not heard and not told anything', async () => {
  const stats = { dialled: 0, accepted: 0, datagrams: 0 };
  const filtered = filterNetwork(network, { isBlocked: (host) => host === HERE }, stats);
  const { listener, accepted } = await door(filtered, '127.0.0.1');
  const blocked = new Recorder();
  blocked.stream = network.connect(listener.local, blocked, { timeoutMs: 5000, localHost: HERE });
  await until('the end', () => blocked.ends.length === 1);
  const welcome = dial(network, '127.0.0.1', listener.local.port);
  await until('the other', () => accepted.length === 1);
  const out = dial(filtered, HERE, listener.local.port);
  await until('the refusal', () => out.ends.length === 1);
  assert.equal(out.end, { kind: 'failed', code: 'EBLOCKED' });
  const heard: string[] = [];
  const inside = await filtered.bindDatagram({ host: '127.0.0.1', port: 0 }, (bytes) =>
    heard.push(Buffer.from(bytes).toString()),
  );
  const outside = await network.bindDatagram({ host: HERE, port: 0 }, () => heard.push('told'));
  const friend = await network.bindDatagram({ host: '127.0.0.1', port: 0 }, () => {});
  inside.send(Buffer.from('hello'), outside.local);
  outside.send(Buffer.from('from a blocked one'), inside.local);
  friend.send(Buffer.from('from a friend'), inside.local);
  await until('the friend', () => heard.length > 0);
  assert.equal(heard, ['from a friend']);
  assert.equal(stats, { dialled: 1, accepted: 1, datagrams: 2 });
  for (const socket of [inside, outside, friend]) socket.close();
  welcome.stream!.destroy();
});

test('multicast stays as it was, without the blocked', async () => {
  const stats = { dialled: 0, accepted: 0, datagrams: 0 };
  const group = { host: '239.192.152.143', port: 6771 };
  let arrive: (bytes: Uint8Array, from: { host: string; port: number }) => void = () => {};
  const sent: string[] = [];
  const joining: Network = {
    ...network,
    joinMulticast: async (at, _localHost, onMessage) => {
      arrive = onMessage;
      return { local: at, queuedBytes: 0, send: (_bytes, to) => sent.push(to.host), close: () => {} };
    },
  };
  const filter = { isBlocked: (host: string) => host === HERE };
  const heard: string[] = [];
  const socket = await filterNetwork(joining, filter, stats).joinMulticast!(
    group,
    undefined,
    (_bytes, from) => heard.push(from.host),
  );
  for (const host of [HERE, '127.0.0.6']) arrive(new Uint8Array(1), { host, port: 1 });
  socket.send(new Uint8Array(1), group);
  assert.equal(heard, ['127.0.0.6']);
  assert.equal(sent, [group.host]);
  assert.is(stats.datagrams, 1);
  const { joinMulticast: _, ...without } = joining;
  assert.is(filterNetwork(without, filter, stats).joinMulticast, undefined);
});

test('behind a proxy peers are reached by TCP alone: datagrams might go around it', async () => {
  const plain = await openWorld();
  assert.equal(plain.transports, ['tcp', 'utp']);
  plain.close();
  for (const proxy of ['http://127.0.0.1:9', 'socks5://127.0.0.1:9']) {
    const world = await openWorld({ ...NET_DEFAULTS, proxy });
    assert.equal(world.transports, ['tcp']);
    world.close();
  }
});

test('settings that make no sense are refused before anything is opened', async () => {
  const code = (settings: Partial<typeof NET_DEFAULTS>): Promise<string> =>
    codeOf(openWorld({ ...NET_DEFAULTS, ...settings }));
  assert.is(await code({ proxyOnly: true }), 'BAD_USAGE');
  assert.is(await code({ proxy: 'nonsense' }), 'BAD_USAGE');
  assert.is(await code({ bind: 'no-such-interface' }), 'WOULD_LEAK');
  assert.is(await code({ blocklist: '/no/such/file' }), 'NOT_FOUND');
  const world = await openWorld({ ...NET_DEFAULTS, proxy: 'socks5://127.0.0.1:9', proxyOnly: true });
  assert.is(world.mayListen, false);
  world.close();
});

test.run();
