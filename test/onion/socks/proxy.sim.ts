/**
 * Aim: between a program and a stream of the network every byte arrives, in order, once, however slow either side is;
 * whoever is slow is waited for and not stored for; and when one side goes, the other hears of it in the right way.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ProxyWorld } from './support/proxy-world.ts';
import { bytesOf, socksRequest } from './support/talk.ts';

const proxy = suite('proxy');
const SUCCESS = bytesOf([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);

function pattern(length: number, start = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => ((start + index) * 7 + ((start + index) >> 8)) & 255);
}

/** Shows no difference of a million bytes when there is one. */
function isSame(some: ArrayLike<number>, others: Uint8Array): boolean {
  return Buffer.from(Uint8Array.from(some)).equals(others);
}

proxy('SOCKS5: the answer comes with the connection, then data both ways', async () => {
  const on = new ProxyWorld();
  await on.listen('socks5', 9050);
  const program = await on.asking();
  assert.is(on.client.last.host, 'a.example');
  assert.is(on.client.last.port, 80);
  assert.is(program.received.length, 0, 'no answer before there is a stream');
  on.client.last.open();
  await on.settle();
  assert.equal(program.take(), SUCCESS);
  program.send('hello');
  await on.settle();
  on.client.last.drain();
  assert.equal(Uint8Array.from(on.client.last.sent), bytesOf(['hello']));
  on.client.last.deliver(bytesOf(['world']));
  await on.settle();
  assert.equal(program.take(), bytesOf(['world']));
  assert.is(on.client.last.consumedBytes, 5);
  assert.is(on.proxy.stats.uploadedBytes, 5);
  assert.is(on.proxy.stats.downloadedBytes, 5);
});

proxy('what a program sends without waiting is not lost and comes first', async () => {
  const on = new ProxyWorld();
  await on.listen('socks5', 9050);
  const program = await on.program();
  program.send(5, 1, 0, ...socksRequest('h', 1), 'early ');
  await on.settle();
  program.send('and later');
  await on.settle();
  on.client.last.open();
  on.client.last.drain();
  assert.equal(Uint8Array.from(on.client.last.sent), bytesOf(['early and later']));
});

proxy('HTTP CONNECT', async () => {
  const on = new ProxyWorld();
  await on.listen('http-connect', 8118);
  const program = await on.program(8118);
  program.send('CONNECT [::1]:443 HTTP/1.1\r\n\r\nearly');
  await on.settle();
  assert.is(on.client.last.host, '::1');
  on.client.last.open();
  on.client.last.drain();
  await on.settle();
  assert.equal(program.take(), bytesOf(['HTTP/1.1 200 Connection established\r\n\r\n']));
  assert.equal(Uint8Array.from(on.client.last.sent), bytesOf(['early']));
});

proxy('a network that takes nothing stops the reading, and goes on where it stopped', async () => {
  const on = new ProxyWorld({ uploadQueueBytes: 65_536 });
  await on.listen('socks5', 9050);
  const program = await on.connected();
  const bytes = pattern(1_000_000);
  program.stream?.write(bytes);
  await on.settle(5000);
  const stream = on.client.last;
  assert.ok(stream.queuedBytes >= 65_536, 'it waits for the network');
  for (let turn = 0; turn < 200 && stream.sentBytes < bytes.length; turn++) {
    stream.drain(20_000);
    await on.settle(20);
  }
  assert.ok(isSame(stream.sent, bytes));
  // One more read may be under way when it is told to stop.
  assert.ok(stream.queuedBytesPeak <= 65_536 + 2 * 16_384, `${stream.queuedBytesPeak} bytes waited`);
});

proxy('a program that reads nothing holds up the exit, and gets everything when it does', async () => {
  const on = new ProxyWorld();
  await on.listen('socks5', 9050);
  const program = await on.connected();
  program.stream?.pause();
  const bytes = pattern(600_000);
  for (let at = 0; at < bytes.length; at += 30_000) {
    on.client.last.deliver(bytes.subarray(at, at + 30_000));
    await on.settle(5);
  }
  await on.settle();
  const consumed = on.client.last.consumedBytes;
  assert.ok(consumed < 300_000, `${consumed} consumed: only what the system holds`);
  program.stream?.resume();
  await on.settle(5000);
  assert.ok(isSame(program.take(), bytes));
  assert.is(on.client.last.consumedBytes, bytes.length);
  on.slab.assertAllReturned();
});

proxy('with the memory of cells scarce, none of it waits for a program', async () => {
  const on = new ProxyWorld();
  await on.listen('socks5', 9050);
  const program = await on.connected();
  program.stream?.pause();
  const scarce = on.slab.tryLease(210, 'others')!;
  const bytes = pattern(400_000);
  for (let at = 0; at < bytes.length; at += 40_000) on.client.last.deliver(bytes.subarray(at, at + 40_000));
  await on.settle();
  assert.is(on.slab.leasedSlots, 210);
  scarce.release();
  program.stream?.resume();
  await on.settle(5000);
  assert.ok(isSame(program.take(), bytes));
});

proxy('an exit that does not stop when told to ends the connection, not the others', async () => {
  const on = new ProxyWorld({ downloadQueueBytesMax: 500_000 });
  await on.listen('socks5', 9050);
  const other = await on.connected();
  const program = await on.connected();
  program.stream?.pause();
  for (let turn = 0; turn < 30 && on.client.last.state === 'open'; turn++) {
    on.client.last.deliver(pattern(40_000));
  }
  assert.is(on.client.last.state, 'closed');
  program.stream?.resume();
  await on.settle(20_000);
  assert.ok(program.end !== undefined);
  assert.is(on.proxy.connectionCount, 1);
  on.client.streams[0]?.deliver(bytesOf(['still here']));
  await on.settle();
  assert.equal(other.take(), bytesOf(['still here']));
  on.slab.assertAllReturned();
});

proxy('a program that finishes: what it sent goes out before the stream ends', async () => {
  const on = new ProxyWorld();
  await on.listen('socks5', 9050);
  const program = await on.connected();
  program.send('last words');
  program.stream?.end();
  await on.settle();
  assert.is(on.client.last.state, 'ending');
  on.client.last.drain();
  assert.equal(Uint8Array.from(on.client.last.sent), bytesOf(['last words']));
  assert.is(on.client.last.state, 'closed');
  assert.is(on.proxy.connectionCount, 0);
});

proxy('a stream without a program goes on sending for a while, not for ever', async () => {
  const on = new ProxyWorld({ lingerMs: 10_000 });
  await on.listen('socks5', 9050);
  const program = await on.connected();
  program.send('nobody takes this');
  program.stream?.end();
  await on.settle(9_000);
  assert.is(on.client.last.state, 'ending');
  assert.is(on.proxy.connectionCount, 1);
  await on.settle(2_000);
  assert.is(on.client.last.state, 'closed');
  assert.is(on.proxy.connectionCount, 0);
});

proxy('an exit that finishes: what came is read before the end', async () => {
  const on = new ProxyWorld();
  await on.listen('socks5', 9050);
  const program = await on.connected();
  const bytes = pattern(300_000);
  for (let at = 0; at < bytes.length; at += 30_000) on.client.last.deliver(bytes.subarray(at, at + 30_000));
  on.client.last.gone('done');
  await on.settle(5000);
  assert.ok(isSame(program.take(), bytes));
  assert.is(program.end?.kind, 'ended');
  assert.is(on.proxy.connectionCount, 0);
  on.slab.assertAllReturned();
});

proxy('a program that gives up before there is a stream', async () => {
  const on = new ProxyWorld();
  await on.listen('socks5', 9050);
  const program = await on.asking();
  program.stream?.destroy();
  await on.settle();
  assert.is(on.client.last.state, 'closed');
  assert.is(on.proxy.connectionCount, 0);
});

proxy('a stream that fails is answered with its reason, then the connection ends', async () => {
  const on = new ProxyWorld();
  await on.listen('socks5', 9050);
  const program = await on.asking();
  on.client.last.gone('connectRefused');
  await on.settle();
  assert.equal(program.take(), bytesOf([5, 5, 0, 1, 0, 0, 0, 0, 0, 0]));
  assert.is(program.end?.kind, 'ended');
  assert.equal([...on.proxy.stats.failures], [['connectRefused', 1]]);
});

proxy('look-ups: an address for a name, a name for an address, nothing at all', async () => {
  const on = new ProxyWorld();
  await on.listen('socks5', 9050);
  on.client.names.set('n.example', [
    { kind: 'ipv6', value: '::1', ttlSec: 60 },
    { kind: 'ipv4', value: '10.0.0.9', ttlSec: 60 },
  ]);
  on.client.names.set('10.0.0.9', [{ kind: 'name', value: 'n.example', ttlSec: 60 }]);
  const ask = async (...request: (number | string)[]): Promise<Uint8Array> => {
    const program = await on.program();
    program.send(5, 1, 0, ...request);
    await on.settle();
    assert.ok(program.end !== undefined, 'one question, one answer');
    return program.take().subarray(2);
  };
  assert.equal(await ask(5, 0xf0, 0, 3, 9, 'n.example', 0, 0), bytesOf([5, 0, 0, 1, 10, 0, 0, 9, 0, 0]));
  assert.equal(await ask(5, 0xf1, 0, 1, 10, 0, 0, 9, 0, 0), bytesOf([5, 0, 0, 3, 9, 'n.example', 0, 0]));
  assert.equal(await ask(5, 0xf0, 0, 3, 7, 'unknown', 0, 0), bytesOf([5, 4, 0, 1, 0, 0, 0, 0, 0, 0]));
  const asked = on.client.lookups.length;
  assert.equal(await ask(5, 0xf0, 0, 1, 1, 2, 3, 4, 0, 0), bytesOf([5, 0, 0, 1, 1, 2, 3, 4, 0, 0]));
  assert.is(on.client.lookups.length, asked, 'an address needs no look-up');
  assert.is(on.proxy.stats.lookups, 4);
});

proxy('who shares a circuit: equal credentials at one port, and nobody else', async () => {
  const on = new ProxyWorld();
  await on.listen('socks5', 9050);
  await on.listen('socks5', 9051);
  const keyOf = async (user?: string): Promise<string> => {
    await on.asking('a.example', user);
    return on.client.last.isolation;
  };
  const [none, one, again, two] = [await keyOf(), await keyOf('u1'), await keyOf('u1'), await keyOf('u2')];
  assert.is(one, again);
  const elsewhere = await on.program(9051);
  elsewhere.send(5, 1, 0, ...socksRequest('a.example', 80));
  await on.settle();
  assert.is(new Set([none, one, two, on.client.last.isolation]).size, 4);
  await on.asking('b.example');
  assert.is(on.client.last.isolation, none, 'another host is no reason');
});

proxy('where it is asked for, hosts and ports keep streams apart as well', async () => {
  const on = new ProxyWorld({ isolateDestinationHost: true });
  await on.listen('socks5', 9050);
  await on.asking('a.example');
  await on.asking('b.example');
  assert.is.not(on.client.streams[0]?.isolation, on.client.streams[1]?.isolation);
});

proxy.run();
