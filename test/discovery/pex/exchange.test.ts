// Aim: each rule of peer exchange (BEP 11) by name: one message a minute, fifty of each kind, who has left, flags, who
// may send how much, and whose addresses are not believed.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { scopeOf } from '../../../engine/codec/address-scope.ts';
import { PexExchange, type PexPartner } from '../../../engine/discovery/pex/exchange.ts';
import {
  decodePexMessage,
  encodePexMessage,
  PEX_PEERS_MAX,
  type PexFlags,
  type PexMessage,
  type PexPeer,
} from '../../../engine/discovery/pex/message.ts';
import type { Endpoint, Milliseconds, Timer } from '../../../engine/runtime/port.ts';

const test = suite('peer exchange');
const NO_FLAGS: PexFlags = {
  prefersEncryption: false,
  isSeed: false,
  utp: false,
  holepunch: false,
  reachable: false,
};

function setUp() {
  const state = { nowMs: 0, heard: [] as PexPeer[] };
  const exchange = new PexExchange({
    clock: {
      now: () => state.nowMs as Milliseconds,
      wallClock: () => 0,
      setTimer: (): Timer => ({ cancel() {} }),
    },
    onPeers: (peers) => state.heard.push(...peers),
  });
  return { state, exchange };
}

interface FakePartner extends PexPartner {
  readonly got: PexMessage[];
}

function partner(id: number, more: Partial<PexPartner> = {}): FakePartner {
  const got: PexMessage[] = [];
  return {
    ...{ id, dialable: { host: `203.0.${id >> 8}.${id & 255}`, port: 6881 }, isOutgoing: true },
    ...{ isSeed: false, canHolepunch: false, takes: true },
    send: (bytes) => got.push(decodePexMessage(bytes)!),
    ...more,
    got,
  };
}

function run(exchange: PexExchange, state: { nowMs: number }, peers: readonly PexPartner[], forMs: number) {
  for (const endMs = state.nowMs + forMs; state.nowMs < endMs; state.nowMs += 1000) {
    exchange.tick(state.nowMs, () => peers);
  }
}

const hosts = (message: PexMessage | undefined): string[] =>
  (message?.added ?? []).map(({ endpoint }) => endpoint.host).sort();

test('a message goes out and comes back, both families, with flags', () => {
  const message: PexMessage = {
    added: [
      { endpoint: { host: '203.0.113.1', port: 1 }, flags: { ...NO_FLAGS, isSeed: true, reachable: true } },
      { endpoint: { host: '2001:db8::1', port: 65535 }, flags: { ...NO_FLAGS, utp: true, holepunch: true } },
    ],
    dropped: [
      { host: '203.0.113.9', port: 9 },
      { host: '2001:db8::9', port: 9 },
    ],
  };
  assert.equal(decodePexMessage(encodePexMessage(message)), message);
});

test('what is no dictionary is undefined; bad entries and those over fifty are left out', () => {
  assert.is(decodePexMessage(new TextEncoder().encode('le')), undefined);
  assert.is(decodePexMessage(new Uint8Array(0)), undefined);
  const unusable = Uint8Array.of(0, 1, 2, 3, 0, 1, 224, 0, 0, 1, 0, 1, 1, 2, 3, 4, 0, 0, 1, 2);
  const odd = Buffer.concat([Buffer.from(`d5:added${unusable.length}:`), unusable, Buffer.from('e')]);
  assert.equal(decodePexMessage(odd), { added: [], dropped: [] });
  const many = Buffer.concat(Array.from({ length: 200 }, (_, i) => Buffer.from([1, 2, 3, 4, 1, i])));
  const long = Buffer.concat([Buffer.from(`d5:added${many.length}:`), many, Buffer.from('e')]);
  assert.is(decodePexMessage(long)!.added.length, PEX_PEERS_MAX);
});

test('a new peer hears of the others soon, then once a minute of what has changed', () => {
  const { exchange, state } = setUp();
  const [a, b, c] = [partner(1), partner(2, { isSeed: true }), partner(3)];
  run(exchange, state, [a, b], 10_000);
  assert.is(a.got.length, 1);
  assert.equal(hosts(a.got[0]), ['203.0.0.2']);
  assert.ok(a.got[0]!.added[0]!.flags.isSeed);
  assert.ok(a.got[0]!.added[0]!.flags.reachable);
  run(exchange, state, [a, b, c], 30_000);
  assert.is(a.got.length, 1, 'not within the minute');
  run(exchange, state, [a, b, c], 60_000);
  assert.is(a.got.length, 2);
  assert.equal(hosts(a.got[1]), ['203.0.0.3'], 'only what is new');
  exchange.gone(2);
  run(exchange, state, [a, c], 70_000);
  assert.equal(a.got[2]?.dropped, [b.dialable]);
  run(exchange, state, [a, c], 300_000);
  assert.is(a.got.length, 3, 'nothing new, no message');
});

test('nobody is told of himself, nor of those who cannot be dialled; who does not take it gets nothing', () => {
  const { exchange, state } = setUp();
  const [a, b] = [partner(1), partner(2, { dialable: undefined })];
  const c = partner(3, { takes: false });
  run(exchange, state, [a, b, c], 200_000);
  assert.equal(hosts(a.got[0]), ['203.0.0.3']);
  assert.equal(hosts(b.got[0]), ['203.0.0.1', '203.0.0.3']);
  assert.is(c.got.length, 0);
});

test('fifty at a time, the rest in the minutes that follow', () => {
  const { exchange, state } = setUp();
  const peers = Array.from({ length: 121 }, (_, i) => partner(i + 1));
  run(exchange, state, peers, 300_000);
  assert.equal(
    peers[0]!.got.map(({ added }) => added.length),
    [50, 50, 20],
  );
});

test('three messages at once are taken, then one in 45 s; who goes on is let go', () => {
  const { exchange, state } = setUp();
  const sender = partner(1);
  const message = encodePexMessage({
    added: [{ endpoint: { host: '203.0.113.7', port: 7 }, flags: NO_FLAGS }],
    dropped: [],
  });
  for (let i = 0; i < 10; i++) assert.is(exchange.take(sender, message), undefined);
  assert.is(state.heard.length, 3);
  state.nowMs += 45_000;
  exchange.take(sender, message);
  exchange.take(sender, message);
  assert.is(state.heard.length, 4);
  let verdict: string | undefined;
  for (let i = 0; i < 30 && verdict === undefined; i++) verdict = exchange.take(sender, message);
  assert.is(verdict, 'bad-extension');
  assert.is(exchange.take(partner(2), new TextEncoder().encode('x')), 'bad-extension');
});

test('a peer far away is not believed about this machine or this network, one beside us is', () => {
  const addresses = ['127.0.0.1', '10.1.1.1', '203.0.113.1', '::1', 'fe80::1', '2001:db8::5'];
  const added = addresses.map((host) => ({ endpoint: { host, port: 5 }, flags: NO_FLAGS }));
  const heardFrom = (dialable: Endpoint | undefined): string[] => {
    const { exchange, state } = setUp();
    exchange.take(partner(1, { dialable }), encodePexMessage({ added, dropped: [] }));
    return state.heard.map(({ endpoint }) => endpoint.host);
  };
  assert.equal(heardFrom({ host: '198.51.100.1', port: 1 }), ['203.0.113.1', '2001:db8::5']);
  assert.equal(heardFrom(undefined), ['203.0.113.1', '2001:db8::5']);
  assert.equal(heardFrom({ host: '192.168.1.1', port: 1 }).includes('10.1.1.1'), true);
  assert.equal(heardFrom({ host: '192.168.1.1', port: 1 }).includes('127.0.0.1'), false);
  assert.is(heardFrom({ host: '127.0.0.1', port: 1 }).length, addresses.length);
});

test('scopes of addresses', () => {
  for (const host of ['127.9.9.9', '::1', '::', 'name']) assert.is(scopeOf(host), 0, host);
  for (const host of [
    '10.0.0.1',
    '172.31.0.1',
    '192.168.0.1',
    '169.254.1.1',
    '100.64.0.1',
    'fd00::1',
    'fe80::1',
  ])
    assert.is(scopeOf(host), 1, host);
  for (const host of ['172.32.0.1', '100.128.0.1', '8.8.8.8', '2001:db8::1'])
    assert.is(scopeOf(host), 2, host);
});

test('somebody far away is not told of addresses on this network, which it cannot reach', () => {
  const { state, exchange } = setUp();
  const far = partner(1);
  const near = partner(2, { dialable: { host: '192.168.1.2', port: 6881 } });
  const alsoNear = partner(3, { dialable: { host: '192.168.1.3', port: 6881 } });
  run(exchange, state, [far, near, alsoNear], 5000);
  assert.equal(hosts(far.got[0]), []);
  assert.equal(hosts(near.got[0]).sort(), ['192.168.1.3', '203.0.0.1']);
});

test.run();
