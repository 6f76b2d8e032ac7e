/**
 * Aim: BEP 32 and 45: IPv4 and IPv6 are two DHTs with a node, an id and a table each; `want` gets nodes of the other
 * family, and a group uses all its nodes as one.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LightWorld } from '../../../bench/dht/sim/light-world.ts';
import { readNodes } from '../../../engine/discovery/dht/compact.ts';
import { DhtGroup } from '../../../engine/discovery/dht/dht-group.ts';
import { DhtNode } from '../../../engine/discovery/dht/dht-node.ts';
import { decodeKrpc } from '../../../engine/discovery/dht/krpc-decode.ts';
import { encodeQuery, KrpcWriter } from '../../../engine/discovery/dht/krpc-encode.ts';
import type { KrpcMessage } from '../../../engine/discovery/dht/krpc-types.ts';
import type { DhtOptions } from '../../../engine/discovery/dht/options.ts';
import type { NodeLookup } from '../../../engine/discovery/dht/types.ts';
import { id } from './support/ids.ts';

const families = suite('BEP 32: two families');

function add(world: LightWorld, host: string, options: DhtOptions, sibling?: () => NodeLookup): DhtNode {
  const at = world.host({ host, port: 6881 });
  const node = new DhtNode(options, {
    runtime: world.runtime,
    socket: world.port(at),
    ...(sibling === undefined ? {} : { sibling }),
  });
  at.onDatagram = (bytes, from) => node.onDatagram(bytes, from);
  return node;
}

/** Ten nodes of each family, and one process that is in both. */
async function both(): Promise<{ world: LightWorld; four: DhtNode; six: DhtNode; all: DhtNode[] }> {
  const world = new LightWorld({ seed: 11 });
  const all: DhtNode[] = [];
  for (let i = 0; i < 10; i++) {
    const bootstrap =
      i === 0
        ? []
        : [
            { host: '30.0.0.1', port: 6881 },
            { host: '2001:db8::1', port: 6881 },
          ];
    all.push(add(world, `30.${i}.0.1`, { bootstrap }));
    all.push(add(world, i === 0 ? '2001:db8::1' : `2001:db8:${i}::1`, { bootstrap }));
  }
  const bootstrap = [
    { host: '30.0.0.1', port: 6881 },
    { host: '2001:db8::1', port: 6881 },
  ];
  const four: DhtNode = add(world, '40.0.0.1', { bootstrap }, () => six);
  const six: DhtNode = add(world, '2001:db8:ff::1', { bootstrap }, () => four);
  for (const node of [...all, four, six]) {
    void node.start();
    await world.run({ forMs: 2000 });
  }
  await world.run({ forMs: 60_000 });
  return { world, four, six, all };
}

families('each table holds its own family only, and the ids differ', async () => {
  const { four, six } = await both();
  assert.ok(four.table.size >= 8 && six.table.size >= 8, `${four.table.size} ${six.table.size}`);
  assert.ok(four.table.nodes().every(({ host }) => !host.includes(':')));
  assert.ok(six.table.nodes().every(({ host }) => host.includes(':')));
  assert.not.equal(four.id, six.id);
});

families('want gets both kinds of nodes; without it those of the transport', async () => {
  const { world, four } = await both();
  const writer = new KrpcWriter();
  const asker = world.host({ host: '50.0.0.1', port: 1 });
  const answers: KrpcMessage[] = [];
  asker.onDatagram = (bytes) => {
    const message = decodeKrpc(bytes) as KrpcMessage;
    if (message.kind === 'r') answers.push(message);
  };
  for (const wantBoth of [true, false]) {
    const head = { name: 'find_node', transaction: 1, readOnly: true } as const;
    const query = encodeQuery(writer, head, { id: id(1), target: id(2), wantBoth });
    world.port(asker).send(query, { host: '40.0.0.1', port: 6881 });
    await world.run({ forMs: 1000 });
  }
  assert.is(four.family, 4);
  assert.is(readNodes(answers[0]!.nodes!, 4, 20).length, 8);
  assert.is(readNodes(answers[0]!.nodes6!, 16, 20).length, 8);
  assert.is(readNodes(answers[1]!.nodes!, 4, 20).length, 8);
  assert.is(answers[1]!.nodes6, undefined);
});

families('a group announces to both DHTs and finds the peers of both', async () => {
  const { world, four, six, all } = await both();
  const group = new DhtGroup({ nodes: [four, six] });
  const announcement = group.announce(id(7), 4242, () => {});
  await world.run({ forMs: 20_000 });
  const found: string[] = [];
  const other = new DhtGroup({ nodes: [all[2]!, all[3]!] });
  let done = false;
  void other
    .findPeers(id(7), (peers) => found.push(...peers.map(({ host }) => host)))
    .then(() => {
      done = true;
    });
  await world.run({ forMs: 60_000, until: () => done });
  assert.equal(found.sort(), ['2001:db8:ff::1', '40.0.0.1']);
  announcement.stop();
  await group.stop();
});

families.run();
