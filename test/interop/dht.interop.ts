/**
 * Aim: our DHT and libtorrent's are one: each finds the peers that the other announced and the items that the other
 * put, immutable and signed, through nodes of both kinds. All of it on 127.0.0.1. (Transmission takes 127.0.0.0/8 for
 * unreachable and joins no DHT there.)
 */
import { randomBytes } from 'node:crypto';
import * as assert from 'uvu/assert';
import { hex } from '../../engine/codec/hex.ts';
import { crawl } from '../../engine/discovery/dht/crawler.ts';
import { DhtNode } from '../../engine/discovery/dht/dht-node.ts';
import { immutableTarget, makeItem, publicKeyOf } from '../../engine/discovery/dht/item.ts';
import { announceOnce } from '../../engine/discovery/dht/peer-search.ts';
import type { DatagramSocket } from '../../engine/runtime/port.ts';
import { createRealRuntime } from '../../engine/runtime/real/runtime.ts';
import { LibtorrentDht } from './support/libtorrent-dht.ts';
import { interopSuite } from './support/peers.ts';
import { scratchFolder, until } from './support/program.ts';
import { proves } from './support/proves.ts';

const dht = interopSuite('DHT', ['libtorrent']);
const OURS = 6;
const runtime = createRealRuntime();
const sockets: DatagramSocket[] = [];
const ours: DhtNode[] = [];
let one: LibtorrentDht;
let two: LibtorrentDht;

async function makeNode(bootstrapPorts: readonly number[]): Promise<DhtNode> {
  let node: DhtNode | undefined;
  const socket = await runtime.network.bindDatagram({ host: '127.0.0.1', port: 0 }, (bytes, from) =>
    node?.onDatagram(bytes, from),
  );
  sockets.push(socket);
  const bootstrap = bootstrapPorts.map((port) => ({ host: '127.0.0.1', port }));
  node = new DhtNode({ bootstrap }, { runtime, socket });
  ours.push(node);
  await node.start();
  return node;
}

dht.before(async () => {
  one = await LibtorrentDht.start();
  const first = await makeNode([]);
  const port = sockets[0]!.local.port;
  for (let i = 1; i < OURS; i++) await makeNode([port]);
  await one.ask({ op: 'add', port });
  two = await LibtorrentDht.start();
  await two.ask({ op: 'add', port: one.port });
  await two.ask({ op: 'add', port });
  // The last of ours knows only libtorrent.
  await makeNode([one.port]);
  await until('libtorrent knows our nodes', async () => {
    const { nodes } = await one.ask<{ nodes: number }>({ op: 'nodes' });
    return nodes >= 3;
  });
  await until('we know libtorrent', () => first.table.find('127.0.0.1', one.port) !== undefined);
});

dht.after(async () => {
  await Promise.all(ours.map((node) => node.stop()));
  for (const socket of sockets) socket.close();
  await Promise.all([one?.stop(), two?.stop()]);
});

dht('a node of ours that knows only libtorrent finds the others through it', () => {
  assert.ok(ours.at(-1)!.table.size >= 4, String(ours.at(-1)!.table.size));
});

dht(
  proves('what we announce, libtorrent finds', ['DHT: what we announce is found', 'libtorrent']),
  async () => {
    const infoHash = new Uint8Array(randomBytes(20));
    const report = await announceOnce(ours[1]!, infoHash, 4321, () => {}, {});
    assert.ok(report.stored >= OURS, `stored on ${report.stored}`);
    assert.is(report.refused, 0);
    const { peers } = await one.ask<{ peers: (readonly [string, number])[] }>({
      op: 'peers',
      hash: hex(infoHash),
    });
    assert.ok(
      peers.some(([host, port]) => host === '127.0.0.1' && port === 4321),
      JSON.stringify(peers),
    );
  },
);

dht(
  proves('what libtorrent announces, we find, and our crawler lists it', [
    'DHT: we find what is announced',
    'libtorrent',
  ]),
  async () => {
    const infoHash = new Uint8Array(randomBytes(20));
    // As a torrent that it has a magnet link of and nothing else.
    const { port } = await two.ask<{ port: number }>({
      op: 'announce',
      hash: hex(infoHash),
      folder: scratchFolder(),
    });
    const peers = await until('we find it', async () => {
      const found = await ours.at(-1)!.findPeers(infoHash);
      return found.peers.length > 0 && found.peers;
    });
    assert.is(peers[0]!.port, port);
    const report = await crawl(ours[2]!);
    assert.ok(report.sampling >= OURS - 1, 'BEP 51');
    assert.ok(report.infoHashes.includes(hex(infoHash)));
  },
);

dht(proves('an immutable item goes both ways', ['DHT: immutable items (BEP 44)', 'libtorrent']), async () => {
  const value = new Uint8Array(Buffer.from('11:from Allium'));
  const report = await ours[3]!.items.put({ value });
  assert.ok(report.stored >= OURS, `stored on ${report.stored}, refused by ${report.refused}`);
  const { text } = await two.ask<{ text: string }>({ op: 'get', target: hex(immutableTarget(value)) });
  assert.is(text, 'from Allium');
  const { target } = await one.ask<{ target: string }>({ op: 'put', text: 'from libtorrent' });
  const item = await until('we find it', async () => {
    const got = await ours[4]!.items.getImmutable(new Uint8Array(Buffer.from(target, 'hex')));
    return got.item;
  });
  assert.is(Buffer.from(item.value).toString(), '15:from libtorrent');
});

dht(
  proves('a signed item with a salt goes both ways', ['DHT: signed items (BEP 44)', 'libtorrent']),
  async () => {
    const seed = new Uint8Array(randomBytes(32));
    const salt = new Uint8Array(Buffer.from('s'));
    const value = new Uint8Array(Buffer.from('6:signed'));
    const report = await ours[3]!.items.put(makeItem({ seed, salt, sequence: 1, value }));
    assert.ok(report.stored >= OURS, `stored on ${report.stored}, refused by ${report.refused}`);
    const key = hex(publicKeyOf(seed));
    const { text } = await two.ask<{ text: string }>({ op: 'get-mutable', key, salt: 's' });
    assert.is(text, 'signed');

    const other = new Uint8Array(randomBytes(32));
    const otherKey = publicKeyOf(other);
    await one.ask({ op: 'put-mutable', seed: hex(other), key: hex(otherKey), text: 'theirs', salt: 't' });
    const item = await until('we find it', async () => {
      const got = await ours[4]!.items.getMutable(otherKey, new Uint8Array(Buffer.from('t')));
      return got.item;
    });
    assert.is(Buffer.from(item.value).toString(), '6:theirs');
  },
);

dht.run();
