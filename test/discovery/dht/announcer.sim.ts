/** Aim: an announce that begins before its node has joined is heard of soon after, not a long pause later. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LightWorld } from '../../../bench/dht/sim/light-world.ts';
import { DhtNode } from '../../../engine/discovery/dht/dht-node.ts';
import { id } from './support/ids.ts';

const test = suite('repeated announces');

test('announced before joining: heard of within five seconds', async () => {
  const world = new LightWorld({ seed: 5 });
  const bootstrap = [{ host: '30.0.0.1', port: 6881 }];
  const nodes: DhtNode[] = [];
  for (let i = 0; i < 4; i++) {
    const at = world.host({ host: `30.${i}.0.1`, port: 6881 });
    const node = new DhtNode(
      { bootstrap: i === 0 ? [] : bootstrap },
      { runtime: world.runtime, socket: world.port(at) },
    );
    at.onDatagram = (bytes, from) => node.onDatagram(bytes, from);
    nodes.push(node);
  }
  const [first, second, late, asking] = nodes as [DhtNode, DhtNode, DhtNode, DhtNode];
  for (const node of [first, second, asking]) void node.start();
  await world.run({ forMs: 30_000 });
  const announcement = late.announce(id(9), 4242, () => {});
  await world.run({ forMs: 500 });
  void late.start();
  const found: string[] = [];
  await world.run({ forMs: 4_500 });
  void asking.findPeers(id(9), (peers) => found.push(...peers.map(({ host }) => host)));
  await world.run({ forMs: 5_000 });
  assert.equal([...new Set(found)], ['30.2.0.1']);
  announcement.stop();
  for (const node of nodes) void node.stop();
});

test.run();
