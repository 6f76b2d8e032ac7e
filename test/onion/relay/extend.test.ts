/**
 * Aim: where a circuit may go on to, rule by rule; and one link for all circuits to a relay, bounded while it is
 * being made.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ExtendTarget } from '../../../engine/onion/cell/messages.ts';
import type { LinkPeer } from '../../../engine/onion/link/types.ts';
import { ChannelManager, IDLE_CHANNEL_MS } from '../../../engine/onion/relay/channel-manager.ts';
import { RelayCounters } from '../../../engine/onion/relay/counters.ts';
import { type NextHop, nextHop } from '../../../engine/onion/relay/extender.ts';
import type { Port } from '../../../engine/onion/relay/port.ts';
import { FakeChannel } from './support/fake-channel.ts';

const test = suite('where circuits go on to');
const id = (fill: number, length: number): Uint8Array => new Uint8Array(length).fill(fill);

const OWN = { fingerprint: id(1, 20), ed25519Id: id(1, 32), allowPrivateAddresses: false };
const TARGET: ExtendTarget = {
  ipv4: { host: '8.8.4.4', port: 9001 },
  ipv6: undefined,
  rsaId: id(3, 20),
  ed25519Id: id(3, 32),
};
const peerOf = (fill: number, host = '8.8.4.4'): LinkPeer => ({
  linkVersion: 5,
  rsaFingerprint: id(fill, 20),
  ed25519Id: id(fill, 32),
  ownHostSeen: undefined,
  hosts: [host],
  clockSkewSec: 0,
});

test('to a relay with an address and an identity', () => {
  assert.equal(nextHop(TARGET, OWN, peerOf(2))?.endpoints, [{ host: '8.8.4.4', port: 9001 }]);
  assert.ok(nextHop({ ...TARGET, ed25519Id: undefined }, OWN, undefined));
  const both = nextHop({ ...TARGET, ipv6: { host: '2001:db8::1', port: 9 } }, OWN, undefined);
  assert.is(both?.endpoints.length, 2);
});

const REFUSED: readonly (readonly [string, Partial<ExtendTarget>])[] = [
  ['nobody', { rsaId: undefined }],
  ['a zero fingerprint', { rsaId: id(0, 20) }],
  ['a zero key', { ed25519Id: id(0, 32) }],
  ['ourselves', { rsaId: id(1, 20) }],
  ['ourselves by the other key', { ed25519Id: id(1, 32) }],
  ['where it came from', { rsaId: id(2, 20) }],
  ['where it came from by the other key', { ed25519Id: id(2, 32) }],
  ['no address', { ipv4: undefined }],
  ['no port', { ipv4: { host: '8.8.4.4', port: 0 } }],
  ['a private network', { ipv4: { host: '192.168.1.1', port: 9001 } }],
  ['ourselves by the loopback', { ipv4: { host: '127.0.0.1', port: 9001 } }],
];

for (const [name, change] of REFUSED) {
  test(`not to ${name}`, () => {
    assert.is(nextHop({ ...TARGET, ...change }, OWN, peerOf(2)), undefined);
  });
}

function setUp(limits = { dialsMax: 8, waitingPerDialMax: 8 }) {
  const dials: Port[] = [];
  const clock = { nowMs: 0 };
  const manager = new ChannelManager(limits, {
    clock: { now: () => clock.nowMs as never, wallClock: () => 0, setTimer: () => ({ cancel() {} }) },
    counters: new RelayCounters(),
    dial: (to) => {
      dials.push(portTo(to.host));
      return dials.at(-1);
    },
  });
  return { manager, dials, clock };
}

function portTo(host: string): Port {
  const channel = new FakeChannel();
  channel.remoteHost = host;
  return { channel, legs: new Map(), isOpen: false, idleSinceMs: 0 } as unknown as Port;
}

function open(manager: ChannelManager, port: Port, peer: LinkPeer): void {
  (port.channel as FakeChannel).peer = peer;
  port.isOpen = true;
  manager.opened(port, peer);
}

function ask(manager: ChannelManager, hop: NextHop) {
  const got: { port?: Port; failed?: number; cancel: () => void } = { cancel: () => {} };
  const { cancel } = manager.request(hop, {
    onPort: (port) => {
      got.port = port;
    },
    onFailed: (reason) => {
      got.failed = reason;
    },
  });
  got.cancel = cancel;
  return got;
}

const HOP = nextHop(TARGET, OWN, undefined)!;

test('one link is made for all who wait, and used by all who come later', () => {
  const { manager, dials } = setUp();
  const [first, second, third] = [ask(manager, HOP), ask(manager, HOP), ask(manager, HOP)];
  assert.is(dials.length, 1);
  third.cancel();
  open(manager, dials[0]!, peerOf(3));
  assert.is(first.port, dials[0]);
  assert.is(second.port, dials[0]);
  assert.is(third.port, undefined);
  assert.is(ask(manager, HOP).port, dials[0]);
  assert.is(dials.length, 1);
});

test('a link that the relay made itself does as well, one of a stranger does not', () => {
  const { manager, dials } = setUp();
  open(manager, portTo('8.8.4.4'), peerOf(9));
  open(manager, portTo('8.8.4.4'), peerOf(3));
  assert.ok(ask(manager, HOP).port);
  assert.is(dials.length, 0);
});

test('a link from another address than the relay lives at is not used for it', () => {
  const { manager, dials } = setUp();
  const port = portTo('9.9.9.9');
  (port.channel as FakeChannel).initiated = false;
  open(manager, port, peerOf(3, '8.8.4.4'));
  assert.is(ask(manager, HOP).port, undefined);
  assert.is(dials.length, 1);
});

test('the second address is tried after the first', () => {
  const { manager, dials } = setUp();
  const hop = nextHop({ ...TARGET, ipv6: { host: '2001:db8::1', port: 9 } }, OWN, undefined)!;
  const waiter = ask(manager, hop);
  manager.closed(dials[0]!, false);
  assert.is(dials.length, 2);
  assert.is(waiter.failed, undefined);
  manager.closed(dials[1]!, true);
  assert.is(waiter.failed, 7);
  assert.is(manager.dialCount, 0);
});

test('idle links are closed after an hour', () => {
  const { manager, dials, clock } = setUp();
  ask(manager, HOP);
  open(manager, dials[0]!, peerOf(3));
  clock.nowMs = IDLE_CHANNEL_MS;
  manager.closeIdle();
  assert.is((dials[0]!.channel as FakeChannel).ended, undefined);
  clock.nowMs += 1;
  manager.closeIdle();
  assert.is((dials[0]!.channel as FakeChannel).ended, 'idle');
});

test.run();
