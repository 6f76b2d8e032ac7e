/**
 * Aim: messages of BEP 55 as the BEP has them; who is introduced, to whom, how often, and with which error; and hostile
 * messages by the thousand: no exception, no flood for a third one, nothing remembered beyond the bounds.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ASKED_MAX, HolePunch } from '../../../engine/bittorrent/holepunch/hole-punch.ts';
import {
  decodePunchMessage,
  encodePunchMessage,
  PUNCH_ERROR,
  type PunchMessage,
} from '../../../engine/bittorrent/holepunch/message.ts';
import type { ExtendedPeer } from '../../../engine/bittorrent/torrent/extension-desk.ts';
import type { PlugPeer } from '../../../engine/bittorrent/torrent/plug.ts';
import { hex } from '../../../engine/codec/hex.ts';
import type { Endpoint } from '../../../engine/runtime/port.ts';
import { mutateBytes } from '../support/mutate-bytes.ts';
import { seededRandom } from '../support/seeded-random.ts';

const test = suite('BEP 55');

interface PeerWords {
  readonly at: string;
  readonly port?: number;
  readonly listens?: number;
  readonly by?: 'tcp' | 'utp';
  readonly outgoing?: boolean;
  readonly mute?: boolean;
}

/** A relay with these peers, numbered from 1. */
function setUp(...peers: readonly PeerWords[]) {
  let nowMs = 0;
  const sent: (readonly [to: number, message: PunchMessage])[] = [];
  const called: Endpoint[] = [];
  const known = new Map<number, ExtendedPeer>();
  for (const [index, words] of peers.entries()) {
    const connection = {
      id: index + 1,
      remote: { host: words.at, port: words.port ?? 50_000 + index },
      direction: words.outgoing === true ? 'outgoing' : 'incoming',
      transport: words.by ?? 'tcp',
    };
    known.set(index + 1, {
      connection,
      listenPort: words.listens,
      extensions: new Map(words.mute === true ? [] : [['ut_holepunch', 7]]),
    } as unknown as ExtendedPeer);
  }
  const punch = new HolePunch({
    clock: { now: () => nowMs } as never,
    peers: known,
    send: (peer, payload) => sent.push([peer.connection.id, decodePunchMessage(payload)!]),
    call: (endpoint) => called.push(endpoint) > 0,
  });
  return {
    ...{ punch, sent, called },
    wait(ms: number) {
      nowMs += ms;
    },
    take(from: number, message: Omit<PunchMessage, 'error'>) {
      return punch.take(plug(from), encodePunchMessage({ ...message, error: 0 })!);
    },
  };
}

function plug(id: number): PlugPeer {
  return { id } as PlugPeer;
}

test('the bytes are those of the BEP, for IPv4 and IPv6', () => {
  const connect = { kind: 'connect', endpoint: { host: '1.2.3.4', port: 0x1a2b }, error: 0 } as const;
  assert.is(hex(encodePunchMessage(connect)!), '0100010203041a2b00000000');
  const error = { kind: 'error', endpoint: { host: '2001:db8::1', port: 6881 }, error: 3 } as const;
  assert.is(hex(encodePunchMessage(error)!), '020120010db80000000000000000000000011ae100000003');
  for (const message of [connect, error]) {
    assert.equal(decodePunchMessage(encodePunchMessage(message)!), message);
  }
  assert.equal(decodePunchMessage(encodePunchMessage(connect)!.subarray(0, 8)), connect, 'without error');
  assert.is(decodePunchMessage(encodePunchMessage(connect)!.subarray(0, 7)), undefined);
  assert.is(encodePunchMessage({ ...connect, endpoint: { host: 'a.name', port: 1 } }), undefined);
});

test('both hear of the other: by uTP where it comes from, by TCP where it listens', () => {
  const { sent, take } = setUp(
    { at: '1.0.0.1', port: 1111, listens: 6881, by: 'utp' },
    { at: '2.0.0.2', port: 2222, listens: 6882 },
  );
  take(1, { kind: 'rendezvous', endpoint: { host: '2.0.0.2', port: 6882 } });
  assert.equal(sent, [
    [2, { kind: 'connect', endpoint: { host: '1.0.0.1', port: 1111 }, error: 0 }],
    [1, { kind: 'connect', endpoint: { host: '2.0.0.2', port: 6882 }, error: 0 }],
  ]);
});

test('each error has its number, and names what was asked for', () => {
  const { sent, take } = setUp(
    { at: '1.0.0.1', listens: 6881 },
    { at: '2.0.0.2', listens: 6882, mute: true },
  );
  for (const [host, port, error] of [
    ['1.0.0.1', 6881, PUNCH_ERROR.noSelf],
    ['2.0.0.2', 6882, PUNCH_ERROR.noSupport],
    ['3.0.0.3', 6883, PUNCH_ERROR.notConnected],
    ['0.0.0.0', 0, PUNCH_ERROR.noSuchPeer],
  ] as const) {
    sent.length = 0;
    take(1, { kind: 'rendezvous', endpoint: { host, port } });
    assert.equal(sent, [[1, { kind: 'error', endpoint: { host, port }, error }]]);
  }
});

test('nobody can have one peer called again and again, alone or with others', () => {
  const callers = Array.from({ length: 50 }, (_, index) => ({ at: `9.0.0.${index}`, listens: 7000 }));
  const { sent, take } = setUp({ at: '1.0.0.1', listens: 6881 }, ...callers);
  for (let round = 0; round < 20; round++) {
    for (let from = 2; from <= 51; from++)
      take(from, { kind: 'rendezvous', endpoint: { host: '1.0.0.1', port: 6881 } });
  }
  assert.is(sent.filter(([to]) => to === 1).length, 16);
});

test('a relay can make us call a few, none of them on our own network', () => {
  const { punch, called, take, wait } = setUp({ at: '8.0.0.8', listens: 6881 });
  for (const host of ['127.0.0.1', '10.1.1.1', '192.168.1.1', '8.0.0.8'])
    take(1, { kind: 'connect', endpoint: { host, port: 6881 } });
  assert.equal(called, []);
  let fault: string | undefined;
  for (let index = 0; index < 200 && fault === undefined; index++)
    fault = take(1, { kind: 'connect', endpoint: { host: `5.0.${index}.1`, port: 80 } });
  assert.is(called.length, 4, 'the first four counted too');
  assert.is(fault, 'bad-extension', 'who goes on is let go');
  punch.gone(1);
  wait(60_000);
  take(1, { kind: 'connect', endpoint: { host: '5.0.0.1', port: 80 } });
  assert.is(called.length, 5);
});

test('an introducer that speaks it is asked once in five minutes, and few are remembered', () => {
  const { punch, sent, wait } = setUp(
    { at: '1.0.0.1', listens: 6881, mute: true },
    { at: '2.0.0.2', listens: 6882, outgoing: true, port: 6882 },
  );
  const via = [
    { host: '1.0.0.1', port: 6881 },
    { host: '2.0.0.2', port: 6882 },
  ];
  for (let round = 0; round < 3; round++) punch.unreachable({ host: '7.0.0.7', port: 1 }, via);
  assert.equal(sent, [[2, { kind: 'rendezvous', endpoint: { host: '7.0.0.7', port: 1 }, error: 0 }]]);
  wait(5 * 60_000);
  punch.unreachable({ host: '7.0.0.7', port: 1 }, via);
  assert.is(sent.length, 2);
  punch.unreachable({ host: '7.0.0.8', port: 1 }, via.slice(0, 1));
  assert.is(sent.length, 2, 'the one that does not speak it is not asked');
  for (let port = 1; port <= 2 * ASKED_MAX; port++) punch.unreachable({ host: '7.0.0.9', port }, via);
  punch.unreachable({ host: '7.0.0.7', port: 1 }, via);
  assert.is(sent.length, 2 + 2 * ASKED_MAX + 1, 'forgotten when there were too many');
});

test('100,000 hostile messages: no exception, bounded answers', () => {
  const random = seededRandom(55);
  const peers = Array.from({ length: 8 }, (_, index) => ({ at: `6.0.0.${index}`, listens: 6881 }));
  const { punch, sent, called, wait } = setUp(...peers);
  const valid = encodePunchMessage({
    kind: 'rendezvous',
    endpoint: { host: '6.0.0.3', port: 6881 },
    error: 0,
  })!;
  for (let index = 0; index < 100_000; index++) {
    const bytes = random.below(3) === 0 ? random.bytes(random.below(32)) : mutateBytes(valid, random);
    const fault = punch.take(plug(1 + random.below(8)), bytes);
    assert.ok(fault === undefined || fault === 'bad-extension');
    if (index % 10 === 0) wait(1);
  }
  // 10 seconds: eight peers with 16 at once and one in 5 s, each of which brings two messages at most.
  assert.ok(sent.length <= 8 * 18 * 2, String(sent.length));
  assert.ok(called.length <= 8 * 9, String(called.length));
});

test.run();
