// Aim: local service discovery (BEP 14): the message as documented, one announce in five minutes, 25 torrents to a
// datagram, own messages and floods passed over.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeLsdMessage, encodeLsdMessage, LSD_GROUPS } from '../../../engine/discovery/lsd/message.ts';
import { LocalSearch } from '../../../engine/discovery/lsd/search.ts';
import type { Endpoint } from '../../../engine/runtime/port.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';

const test = suite('local search');
const hashOf = (byte: number): Uint8Array => new Uint8Array(20).fill(byte);
const FROM = { host: '192.168.1.5', port: 6771 };

function setUp() {
  const world = new SimWorld({ seed: 1 });
  const { clock, random } = world.host({ address: '192.168.1.1' }).runtime;
  const sent: Uint8Array[] = [];
  const search = new LocalSearch({
    clock,
    random,
    group: LSD_GROUPS.ipv4,
    send: (bytes) => sent.push(bytes),
  });
  return { world, sent, search };
}

test('the message is the one of BEP 14', () => {
  const bytes = encodeLsdMessage({ port: 6881, infoHashes: [hashOf(0xab)], cookie: 'x1' }, LSD_GROUPS.ipv4);
  assert.is(
    new TextDecoder().decode(bytes),
    `BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 6881\r\nInfohash: ${'ab'.repeat(20)}\r\ncookie: x1\r\n\r\n\r\n`,
  );
  assert.equal(decodeLsdMessage(bytes), { port: 6881, infoHashes: [hashOf(0xab)], cookie: 'x1' });
  assert.match(
    new TextDecoder().decode(encodeLsdMessage({ port: 1, infoHashes: [], cookie: '' }, LSD_GROUPS.ipv6)),
    /Host: \[ff15::efc0:988f\]:6771/,
  );
});

test('what is no search is undefined', () => {
  const text = (lines: string): Uint8Array => new TextEncoder().encode(lines);
  const hash = `Infohash: ${'ab'.repeat(20)}`;
  for (const bad of [
    '',
    'GET / HTTP/1.1\r\nPort: 1\r\n',
    `BT-SEARCH * HTTP/1.1\r\n${hash}\r\n`,
    `BT-SEARCH * HTTP/1.1\r\nPort: 0\r\n${hash}\r\n`,
    'BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: zz\r\n',
  ])
    assert.is(decodeLsdMessage(text(bad)), undefined);
  assert.is(decodeLsdMessage(new Uint8Array(1401)), undefined);
});

test('a torrent is announced at once and every five minutes, until it is stopped', async () => {
  const { world, sent, search } = setUp();
  const running = search.announce(hashOf(1), 6881, () => {});
  await world.run({ forMs: 2000 });
  assert.is(sent.length, 1);
  await world.run({ forMs: 290_000 });
  assert.is(sent.length, 1);
  await world.run({ forMs: 20_000 });
  assert.is(sent.length, 2);
  running.stop();
  await world.run({ forMs: 900_000 });
  assert.is(sent.length, 2);
});

test('many torrents share datagrams, one datagram a second', async () => {
  const { world, sent, search } = setUp();
  for (let i = 0; i < 60; i++) search.announce(hashOf(i), 6881, () => {});
  await world.run({ forMs: 10_000 });
  assert.equal(
    sent.map((bytes) => decodeLsdMessage(bytes)!.infoHashes.length),
    [25, 25, 10],
  );
});

test('who asks for a torrent of ours is a peer; we are not, and who does not listen does not ask', async () => {
  const { world, sent, search } = setUp();
  const found: Endpoint[] = [];
  search.announce(hashOf(1), 6881, (peers) => found.push(...peers));
  search.announce(hashOf(2), 0, (peers) => found.push(...peers));
  await world.run({ forMs: 2000 });
  assert.equal(decodeLsdMessage(sent[0]!)!.infoHashes, [hashOf(1)]);
  search.onDatagram(sent[0]!, FROM);
  assert.equal(found, [], 'that was ourselves');
  search.onDatagram(
    encodeLsdMessage({ port: 5, infoHashes: [hashOf(2), hashOf(9)], cookie: 'other' }, LSD_GROUPS.ipv4),
    FROM,
  );
  assert.equal(found, [{ host: '192.168.1.5', port: 5 }]);
});

test('no more than fifty datagrams a second are looked at', () => {
  const { search } = setUp();
  let heard = 0;
  search.announce(hashOf(1), 6881, () => heard++);
  const bytes = encodeLsdMessage({ port: 5, infoHashes: [hashOf(1)], cookie: 'o' }, LSD_GROUPS.ipv4);
  for (let i = 0; i < 500; i++) search.onDatagram(bytes, FROM);
  assert.is(heard, 50);
  search.close();
  search.onDatagram(bytes, FROM);
  assert.is(heard, 50);
});

test('a datagram made to be slow to read is read as quickly as any other', () => {
  const line = `cookie:${' '.repeat(1300)}x\ny`;
  const bytes = new TextEncoder().encode(`BT-SEARCH * HTTP/1.1\r\nPort: 1\r\n${line}`);
  const begunMs = performance.now();
  assert.is(decodeLsdMessage(bytes), undefined);
  assert.ok(performance.now() - begunMs < 50);
});

test.run();
