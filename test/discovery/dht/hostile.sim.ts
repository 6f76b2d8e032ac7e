/**
 * Aim: strangers cannot make a node grow, work for others, or believe lies: forged tokens, floods, liars in look-ups,
 * forged items, spoofed answers.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LightWorld } from '../../../bench/dht/sim/light-world.ts';
import { SimNetwork } from '../../../bench/dht/sim/network.ts';
import { writeNodes } from '../../../engine/discovery/dht/compact.ts';
import { DhtNode } from '../../../engine/discovery/dht/dht-node.ts';
import { decodeKrpc } from '../../../engine/discovery/dht/krpc-decode.ts';
import { encodeAnswer, encodeQuery, KrpcWriter } from '../../../engine/discovery/dht/krpc-encode.ts';
import { KrpcMessage } from '../../../engine/discovery/dht/krpc-types.ts';
import type { DhtOptions } from '../../../engine/discovery/dht/options.ts';
import type { Endpoint } from '../../../engine/runtime/port.ts';
import { id } from './support/ids.ts';

const hostile = suite('DHT among strangers');
const writer = new KrpcWriter();

interface Sent {
  readonly bytes: Uint8Array;
  readonly to: Endpoint;
}

/** One node whose datagrams are kept. */
function alone(options: DhtOptions = {}): { node: DhtNode; sent: Sent[]; world: LightWorld } {
  const world = new LightWorld({ seed: 5 });
  const sent: Sent[] = [];
  const socket = {
    local: { host: '20.0.0.1', port: 6881 },
    send: (bytes: Uint8Array, to: Endpoint) => void sent.push({ bytes, to }),
  };
  const node = new DhtNode({ nodeId: id(0), ...options }, { runtime: world.runtime, socket });
  void node.start();
  return { node, sent, world };
}

function ask(name: 'ping' | 'get_peers' | 'announce_peer' | 'find_node', fields: object = {}): Uint8Array {
  return encodeQuery(writer, { name, transaction: 1, readOnly: true }, { id: id(77), ...fields });
}

function answerIn(sent: readonly Sent[]): KrpcMessage {
  const message = decodeKrpc(sent.at(-1)!.bytes);
  assert.instance(message, KrpcMessage);
  return message as KrpcMessage;
}

hostile('BEP 5: a token from another address never works, nor an old or invented one', async () => {
  const { node, sent, world } = alone();
  const [a, b] = [
    { host: '30.1.1.1', port: 1 },
    { host: '30.1.1.2', port: 1 },
  ];
  node.onDatagram(ask('get_peers', { infoHash: id(5) }), a);
  const token = answerIn(sent).token!.slice();
  const announce = (given: Uint8Array): Uint8Array =>
    ask('announce_peer', { infoHash: id(5), port: 1234, token: given });
  node.onDatagram(announce(token), b);
  assert.is(answerIn(sent).errorCode, 203);
  node.onDatagram(announce(new Uint8Array(8)), a);
  assert.is(answerIn(sent).errorCode, 203);
  assert.is(node.stats.peers, 0);
  node.onDatagram(announce(token), { ...a, port: 2 });
  assert.is(answerIn(sent).kind, 'r', 'the address counts, not the port');
  assert.is(node.stats.peers, 1);
  await world.run({ forMs: 11 * 60_000 });
  node.onDatagram(announce(token), a);
  assert.is(answerIn(sent).errorCode, 203);
  assert.is(node.stats.badTokens, 3);
});

hostile('an address gets a bounded number of bytes; others are served as before', () => {
  const { node, sent } = alone({ answerBytesPerSec: 1000, answerBytesBurst: 5000 });
  for (let i = 0; i < 10_000; i++) node.onDatagram(ask('ping'), { host: '30.1.1.1', port: i });
  const bytes = sent.reduce((sum, { bytes: answer }) => sum + answer.length, 0);
  assert.ok(bytes >= 5000 && bytes < 5000 + 200, String(bytes));
  assert.ok(node.stats.limited > 9000);
  const before = sent.length;
  node.onDatagram(ask('ping'), { host: '30.1.2.1', port: 1 });
  assert.is(sent.length, before + 1);
});

hostile(
  'no amplification: answers to short queries are short, and what is no message is not answered',
  () => {
    const { node, sent } = alone({ answerBytesBurst: 1e9 });
    for (let i = 0; i < 200; i++) {
      const from = { host: `31.${i}.1.1`, port: 1 };
      node.onDatagram(ask('get_peers', { infoHash: id(5) }), from);
      node.onDatagram(ask('announce_peer', { infoHash: id(5), port: 9, token: answerIn(sent).token }), from);
    }
    const query = ask('get_peers', { infoHash: id(5) });
    node.onDatagram(query, { host: '32.1.1.1', port: 1 });
    assert.ok(
      sent.at(-1)!.bytes.length < 8 * query.length,
      `${sent.at(-1)!.bytes.length} for ${query.length}`,
    );
    assert.ok(sent.at(-1)!.bytes.length < 1200, 'one packet');
    const before = sent.length;
    for (const junk of ['', 'd', 'hello', 'd1:y1:qe', 'd1:t2:xx1:y1:re', 'd1:t2:xx1:y1:ee']) {
      node.onDatagram(Buffer.from(junk), { host: '32.1.1.1', port: 1 });
    }
    assert.is(sent.length, before);
  },
);

hostile('answers that nobody asked for, or from elsewhere, change nothing', async () => {
  const { node, sent, world } = alone();
  node.addNode({ host: '40.1.1.1', port: 6881 });
  await world.run({ forMs: 1 });
  const query = answerIn(sent);
  const answer = encodeAnswer(
    writer,
    { id: id(99), transaction: query.transaction, externalAddress: undefined },
    { nodes: writeNodes([{ id: id(98), host: '41.1.1.1', port: 1 }], 4) },
  );
  node.onDatagram(answer, { host: '40.1.1.2', port: 6881 });
  node.onDatagram(answer, { host: '40.1.1.1', port: 6882 });
  assert.is(node.table.size, 0);
  assert.is(node.stats.unexpected, 2);
  node.onDatagram(answer, { host: '40.1.1.1', port: 6881 });
  assert.is(node.table.size, 1);
  node.onDatagram(answer, { host: '40.1.1.1', port: 6881 });
  assert.is(node.stats.unexpected, 3, 'once');
});

hostile('who asks is pinged before it may enter the table, and only a few at a time', () => {
  const { node, sent } = alone();
  const query = encodeQuery(writer, { name: 'ping', transaction: 1, readOnly: false }, { id: id(77) });
  for (let i = 0; i < 500; i++) node.onDatagram(query, { host: `50.${i & 255}.${i >> 8}.1`, port: 1 });
  assert.is(node.table.size, 0);
  const pings = sent.filter(({ bytes }) => (decodeKrpc(bytes) as KrpcMessage).kind === 'q');
  assert.is(pings.length, 16);
});

hostile('named nodes and queries under way are bounded', () => {
  const { node } = alone({ pendingQueriesMax: 100 });
  for (let i = 0; i < 1000; i++) node.addNode({ host: `51.${i & 255}.${i >> 8}.1`, port: 1 });
  for (let i = 0; i < 200; i++) void node.findPeers(id(i));
  assert.ok(node.stats.pendingQueries <= 100);
});

hostile('liars in a look-up: their nodes are from one place, lead nowhere, and hide no peer', async () => {
  const network = new SimNetwork({ seed: 3, nodes: 100 });
  await network.grow();
  const infoHash = id(0x42, 1);
  network.nodes[8]!.node.announce(infoHash, 4242, () => {});
  await network.world.run({ forMs: 10_000 });
  // Thirty nodes answer every get_peers with nodes that would be nearest, all of one /24, and with a value.
  const lies = Array.from({ length: 8 }, (_, i) => ({
    id: id(0x42, 1, i),
    host: `66.6.6.${i + 1}`,
    port: 1,
  }));
  for (const { node, host } of network.nodes.slice(50, 80)) {
    const honest = host.onDatagram;
    host.onDatagram = (bytes, from) => {
      const message = decodeKrpc(bytes);
      if (typeof message === 'string' || message.kind !== 'q' || message.query !== 'get_peers') {
        honest(bytes, from);
        return;
      }
      const head = { id: node.id, transaction: message.transaction, externalAddress: undefined };
      node.modules.socket.send(encodeAnswer(writer, head, { nodes: writeNodes(lies, 4) }), from);
    };
  }
  let found = 0;
  let done = 0;
  for (let i = 10; i < 40; i++) {
    void network.nodes[i]!.node.findPeers(infoHash).then(({ peers, lookup }) => {
      done++;
      if (peers.some(({ port }) => port === 4242)) found++;
      assert.ok(lookup.queriesSent <= 60, `${lookup.queriesSent} queries`);
    });
  }
  await network.world.run({ forMs: 60_000 });
  assert.is(done, 30);
  assert.ok(found >= 29, `${found} of 30`);
});

hostile('a forged item is not believed, and counted', async () => {
  const network = new SimNetwork({ seed: 4, nodes: 40 });
  await network.grow();
  const { immutableTarget } = await import('../../../engine/discovery/dht/item.ts');
  const value = new Uint8Array(Buffer.from('4:true'));
  const target = immutableTarget(value);
  for (const { node, host } of network.nodes) {
    const honest = host.onDatagram;
    host.onDatagram = (bytes, from) => {
      const message = decodeKrpc(bytes);
      const isGet = typeof message !== 'string' && message.kind === 'q' && message.query === 'get';
      if (!isGet) return honest(bytes, from);
      const head = { id: node.id, transaction: message.transaction, externalAddress: undefined };
      node.modules.socket.send(encodeAnswer(writer, head, { value: Buffer.from('5:false') }), from);
    };
  }
  let result: { forged: number; item: unknown } | undefined;
  void network.nodes[0]!.node.items.getImmutable(target).then((got) => {
    result = got;
  });
  await network.world.run({ forMs: 60_000 });
  assert.is(result?.item, undefined);
  assert.ok((result?.forged ?? 0) > 0);
});

hostile('a token too long for any message of ours is no token', async () => {
  const { node, sent, world } = alone();
  const liar = { host: '40.1.1.1', port: 6881 };
  let answered = 0;
  const answerAll = (): void => {
    for (; answered < sent.length; answered++) {
      const { transaction } = decodeKrpc(sent[answered]!.bytes) as KrpcMessage;
      const head = Buffer.concat([Buffer.from('d1:rd2:id20:'), id(99), Buffer.from('5:token3900:')]);
      const tail = Buffer.concat([Buffer.from('e1:t4:'), transaction, Buffer.from('1:y1:re')]);
      node.onDatagram(Buffer.concat([head, Buffer.alloc(3900, 1), tail]), liar);
    }
  };
  node.addNode(liar);
  for (let i = 0; i < 100; i++) {
    const announcement = node.announce(id(i), 6881, () => {});
    for (let step = 0; step < 10; step++) {
      await world.run({ forMs: 100 });
      answerAll();
    }
    announcement.stop();
  }
  assert.ok(sent.length > 100, String(sent.length));
  assert.ok(sent.every(({ bytes }) => bytes.length < 500));
});

hostile.run();
