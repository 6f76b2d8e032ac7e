/**
 * Aim: a relay on several threads is one relay to the outside: all threads get connections, keys and certificates
 * reach each of them, what they count adds up, one that dies comes back and costs only its own circuits, and nothing is
 * left of it when it is closed.
 */
import net from 'node:net';
import tls from 'node:tls';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AlliumError } from '../../../../engine/codec/error.ts';
import { RELAY } from '../../../../engine/onion/cell/relay-command.ts';
import type { DirectoryHandler } from '../../../../engine/onion/relay/services.ts';
import { makeShardKit, runtime, type ShardKit, until } from './support/shard-kit.ts';

const shards = suite('shards of a relay');
// Nothing of the runtime keeps a process alive.
const alive = setInterval(() => {}, 1000);
shards.after(() => clearInterval(alive));

async function withKit(kit: ShardKit, run: () => Promise<void>): Promise<void> {
  await kit.plane.open();
  try {
    await run();
  } finally {
    await kit.plane.close();
  }
}

const linksOf = (kit: ShardKit): readonly number[] =>
  kit.plane.threads.map(({ report }) => report!.stats.channels);

async function failure(run: () => Promise<unknown>): Promise<AlliumError> {
  try {
    await run();
  } catch (error) {
    return error as AlliumError;
  }
  throw new Error('nothing was thrown');
}

shards('all threads serve clients at once, and their figures add up', async () => {
  const kit = makeShardKit();
  await withKit(kit, async () => {
    const clients = await Promise.all(Array.from({ length: 6 }, () => kit.client()));
    await Promise.all(
      clients.map(async (client, i) => {
        const circuit = client.circuit();
        await circuit.create(kit.place(), { congestionControl: true, cgo: i % 2 === 0 });
        circuit.send(RELAY.beginDir, 1, new Uint8Array(0));
        await circuit.next(RELAY.connected);
      }),
    );
    await kit.settled();
    assert.equal(linksOf(kit), [3, 3], 'none has more to do than the other');
    const { stats, traffic } = kit.plane.report();
    assert.is(stats.channels, 6);
    assert.is(stats.links.opened, 6);
    assert.is(stats.counters.circuitsMade, 6);
    assert.is(stats.counters.handshakes.ntor3, 6);
    assert.is(stats.circuits, 6);
    assert.is(stats.streams, 6);
    assert.ok(traffic.receivedBytes > 6 * 514 && traffic.sentBytes > 6 * 514);
    const each = kit.plane.threads.map(({ report }) => report!.stats.counters.cellsIn);
    assert.is(stats.counters.cellsIn, each[0]! + each[1]!);
    assert.ok(each.every((cells) => cells > 0));
    for (const client of clients) client.channel.destroy('done');
  });
});

shards('directory requests are answered by the main thread, and fail alone', async () => {
  const asked: number[] = [];
  const directory: DirectoryHandler = (request) => {
    asked.push(request.length);
    if (Buffer.from(request).includes('/broken')) throw new Error('no such document');
    return new Uint8Array(40_000).fill(7);
  };
  const kit = makeShardKit({ modules: { directory } });
  await withKit(kit, async () => {
    for (let i = 0; i < 2; i += 1) {
      const client = await kit.client();
      const circuit = client.circuit();
      await circuit.create(kit.place());
      circuit.send(RELAY.beginDir, 1, new Uint8Array(0));
      await circuit.next(RELAY.connected);
      circuit.send(RELAY.data, 1, Buffer.from('GET /tor/status HTTP/1.0\r\n'));
      circuit.send(RELAY.data, 1, Buffer.from('\r\n'));
      await circuit.next(RELAY.end);
      const bytes = circuit.received.reduce((sum, one) => sum + one.data.length, 0);
      assert.is(bytes, 40_000);
      assert.equal(asked.splice(0), [28], 'not asked before it was whole');
      circuit.send(RELAY.beginDir, 2, new Uint8Array(0));
      await circuit.next(RELAY.connected, 2);
      circuit.send(RELAY.data, 2, Buffer.from('GET /broken HTTP/1.0\r\n\r\n'));
      await circuit.next(RELAY.end, 2);
      asked.length = 0;
      client.channel.destroy('done');
    }
    assert.is(kit.log.said.filter((line) => line.includes('no such document')).length, 2);
  });
});

shards('new onion keys and certificates reach every thread, and one that starts later', async () => {
  const kit = makeShardKit();
  await withKit(kit, async () => {
    const old = kit.keys;
    const fresh = runtime.random.bytes(32).slice();
    kit.keys = { ...old, onionKeys: [fresh, old.onionKeys[0]!] };
    kit.plane.relay!.rotateOnionKey(fresh);
    for (let i = 0; i < 4; i += 1) {
      const client = await kit.client();
      for (const key of kit.keys.onionKeys) await client.circuit().create(kit.place(key));
      client.channel.destroy('done');
    }
    kit.keys = { ...kit.keys, onionKeys: [fresh] };
    kit.plane.relay!.rotateOnionKey(undefined);
    const { outfit } = kit.keys;
    const other = makeShardKit().keys;
    assert.is(other.outfit, outfit);
    await kit.plane.threads[0]!.kill();
    await until('the thread is back', () => kit.plane.threads.length === 2);
    for (let i = 0; i < 4; i += 1) {
      const client = await kit.client();
      await client.circuit().create(kit.place(fresh));
      const refused = await failure(() => client.circuit().create(kit.place(old.onionKeys[0]!)));
      assert.match(refused.message, 'destroyed', 'the time of grace is over');
      client.channel.destroy('done');
    }
  });
});

shards('links show the present certificate', async () => {
  const kit = makeShardKit();
  await withKit(kit, async () => {
    const shown = async (): Promise<ReadonlySet<string>> => {
      const seen = await Promise.all(Array.from({ length: 4 }, () => certificate(kit.plane.port!)));
      return new Set(seen);
    };
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
    assert.equal([...(await shown())], [hex(kit.keys.outfit.tls.certificateDer)]);
    kit.keys = makeShardKit({ freshKeys: true }).keys;
    kit.plane.relay!.setLinkOutfit(kit.keys.outfit);
    assert.equal([...(await shown())], [hex(kit.keys.outfit.tls.certificateDer)]);
  });
});

shards('a thread that dies comes back, and costs only its own circuits', async () => {
  const kit = makeShardKit();
  await withKit(kit, async () => {
    const clients = await Promise.all(Array.from({ length: 4 }, () => kit.client()));
    for (const client of clients) await client.circuit().create(kit.place());
    await kit.settled();
    const before = kit.plane.report();
    const [victim, survivor] = kit.plane.threads;
    await victim!.kill();
    await until('its links break', () => clients.filter(({ end }) => end !== undefined).length === 2);
    await until('it is back', () => kit.plane.threads.length === 2);
    assert.is(kit.plane.threads.includes(survivor!), true);
    assert.is(kit.plane.threads.includes(victim!), false);
    assert.is(kit.log.said.filter((line) => line.startsWith('error: a shard died')).length, 1);
    const client = await kit.client();
    await client.circuit().create(kit.place());
    for (const one of clients.filter(({ end }) => end === undefined)) await one.circuit().create(kit.place());
    await kit.settled();
    const after = kit.plane.report();
    assert.is(
      after.stats.counters.circuitsMade,
      before.stats.counters.circuitsMade + 3,
      'nothing is forgotten',
    );
    assert.is(after.stats.channels, 3);
    assert.ok(after.traffic.receivedBytes > before.traffic.receivedBytes);
    assert.equal([...linksOf(kit)].sort(), [1, 2], 'the new one is given the next connection');
    for (const one of [...clients, client]) if (one.end === undefined) one.channel.destroy('done');
  });
});

shards('closing ends all threads and frees the port; it can be opened again', async () => {
  const kit = makeShardKit();
  await kit.plane.open();
  const port = kit.plane.port!;
  const client = await kit.client();
  await client.circuit().create(kit.place());
  await kit.plane.close();
  assert.is(kit.plane.relay, undefined);
  assert.equal(kit.plane.threads, []);
  await until('the link is closed', () => client.end !== undefined);
  assert.is(kit.plane.report().stats.counters.circuitsMade, 1, 'its last report came');
  const again = net.createServer();
  await new Promise<void>((resolve) => again.listen(port, '127.0.0.1', resolve));
  await new Promise((resolve) => again.close(resolve));
  await withKit(kit, async () => {
    const next = await kit.client();
    await next.circuit().create(kit.place());
    next.channel.destroy('done');
  });
  assert.is(kit.plane.report().stats.counters.circuitsMade, 2);
});

shards(
  'a port that is taken, and memory that is too small, are told as ever, and nothing stays',
  async () => {
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as net.AddressInfo;
    const taken = makeShardKit({ port });
    assert.is((await failure(() => taken.plane.open())).code, 'ADDRESS_IN_USE');
    assert.equal(taken.plane.threads, []);
    server.close();
    const small = makeShardKit({ words: { maxCircuits: 1_000_000 } });
    const error = await failure(() => small.plane.open());
    assert.is(error.code, 'SLAB_FULL');
    assert.match(error.advice, 'more memory');
    assert.equal(small.plane.threads, []);
  },
);

shards('while floods are looked for, all connections of an address go to one thread', async () => {
  const kit = makeShardKit({ words: { dos: { isConnectionDefenceOn: true, connectionsMax: 3 } } });
  await withKit(kit, async () => {
    const clients = await Promise.all(Array.from({ length: 3 }, () => kit.client()));
    await kit.settled();
    assert.equal([...linksOf(kit)].sort(), [0, 3]);
    await failure(() => kit.client());
    await kit.settled();
    assert.is(kit.plane.report().stats.dos.connectionsRefused, 1, 'three are allowed, wherever they go');
    for (const one of clients) one.channel.destroy('done');
  });
});

function certificate(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().raw.toString('hex'));
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

shards.run();
