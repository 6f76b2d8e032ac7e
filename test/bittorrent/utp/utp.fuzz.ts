// Aim: no datagram makes uTP throw, hang or grow without bound: 60,000 mutated packets, from strangers and within
// connections that stand, from seeds that can be run again.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HEADER_BYTES, writeHeader } from '../../../engine/bittorrent/utp/packet.ts';
import { SimRandom } from '../../../engine/runtime/sim/chance.ts';
import { Recorder } from '../../runtime/conformance/recorder.ts';
import { ScriptedPeer, THERE } from './support/scripted-peer.ts';

const test = suite('mutated uTP');
const LIMITS = { connectionsMax: 50, halfOpenMax: 20, receivedBytesMax: 200_000, sentBytesMax: 200_000 };

function mutated(random: SimRandom, peer: ScriptedPeer): Uint8Array {
  const extensions = random.below(3) === 0 ? random.below(40) : 0;
  const bytes = new Uint8Array(HEADER_BYTES + extensions + random.below(60));
  const near = (value: number): number => (value + random.below(9) - 4) & 0xffff;
  writeHeader(bytes, {
    type: random.below(5) as 0,
    connectionId: random.below(4) === 0 ? random.below(65536) : near(peer.connectionId),
    timestampUs: random.below(2 ** 32),
    differenceUs: random.below(2 ** 32),
    windowBytes: random.below(2) === 0 ? random.below(2 ** 32) : random.below(3000),
    seq: random.below(8) === 0 ? random.below(65536) : (peer.seq + random.below(40)) & 0xffff,
    ack: random.below(8) === 0 ? random.below(65536) : (peer.ack + random.below(30)) & 0xffff,
  });
  if (extensions > 0) bytes.set(random.bytes(extensions), HEADER_BYTES - 1 + random.below(2));
  if (random.below(3) === 0) bytes[1] = random.below(4);
  for (let i = random.below(4); i > 0; i--) bytes[random.below(bytes.length)] = random.below(256);
  return random.below(20) === 0 ? bytes.subarray(0, random.below(bytes.length)) : bytes;
}

for (let seed = 1; seed <= 6; seed++) {
  test(`10,000 datagrams of seed ${seed}`, async () => {
    const random = new SimRandom(seed, 'utp');
    const peer = await ScriptedPeer.start(LIMITS);
    const { endpoint } = peer.ours;
    const owners: Recorder[] = [];
    endpoint.listen((stream) => {
      const owner = new Recorder({ targetSizes: [64] });
      owner.stream = stream;
      owners.push(owner);
      return owner;
    });
    let standing = new Recorder();
    for (let i = 0; i < 10_000; i++) {
      if (i % 500 === 0) {
        standing.stream?.destroy();
        peer.got.length = 0;
        await peer.pass(100);
        standing = new Recorder({ targetSizes: [64] });
        standing.stream = endpoint.connect(THERE, standing, { timeoutMs: 5000 });
        await peer.pass(15);
        peer.connectionId = peer.got.find(({ type }) => type === 4)?.connectionId ?? 0;
        peer.seq = random.below(65536);
        peer.ack = 1;
        peer.say({});
        await peer.pass(25);
        standing.write(new Uint8Array(20_000));
      }
      endpoint.onDatagram(mutated(random, peer), THERE);
      if (i % 50 === 0) await peer.pass(random.below(30));
      assert.ok(endpoint.connectionCount <= LIMITS.connectionsMax);
      assert.ok(endpoint.halfOpenCount <= LIMITS.halfOpenMax);
      assert.ok(endpoint.keptBytes.received <= LIMITS.receivedBytesMax + 4096);
      assert.ok(endpoint.keptBytes.sent <= LIMITS.sentBytesMax + LIMITS.connectionsMax * 1400);
    }
    await peer.pass(200_000);
    for (const owner of [...owners, standing]) assert.equal(owner.faults, []);
    endpoint.close();
    await peer.pass(10);
    assert.equal([endpoint.connectionCount, endpoint.keptBytes.received, endpoint.keptBytes.sent], [0, 0, 0]);
  });
}

test.run();
