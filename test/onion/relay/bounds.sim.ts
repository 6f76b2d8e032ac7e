/**
 * Aim: each bound of a relay is reached and holds: what goes beyond is refused in the way LIMITS.md says, the rest
 * goes on.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Lease } from '../../../engine/kernels/lease.ts';
import { encodeCreate2 } from '../../../engine/onion/cell/circuit-messages.ts';
import { CELL } from '../../../engine/onion/cell/command.ts';
import type { ResolvedAnswer } from '../../../engine/onion/cell/messages.ts';
import { DESTROY_REASON, END_REASON } from '../../../engine/onion/cell/reason.ts';
import { RELAY } from '../../../engine/onion/cell/relay-command.ts';
import { encodeResolve } from '../../../engine/onion/cell/resolve-messages.ts';
import { decodeEnd, encodeBegin } from '../../../engine/onion/cell/stream-messages.ts';
import type { RelayRefusal } from '../../../engine/onion/relay/counters.ts';
import type { RelayLimits } from '../../../engine/onion/relay/options.ts';
import { type Chain, openChain, silentServer, talkingServer } from './support/chain.ts';
import type { TestCircuit } from './support/test-circuit.ts';
import { TestClient } from './support/test-client.ts';
import { makeMemory } from './support/test-network.ts';

const test = suite('bounds of a relay');
const NOTHING = new Uint8Array(0);
const NOTHING_ASKED = new TextEncoder().encode('GET / HTTP/1.0');
const FLAGS = { ipv6Ok: false, ipv4NotOk: false, ipv6Preferred: false };

const limited = (limits: Partial<RelayLimits>): Promise<Chain> => openChain({ relay: { limits } });

function refusals(chain: Chain, relay: 0 | 1 | 2, why: RelayRefusal): number {
  return chain.relays[relay].relay.stats().counters.refusals.get(why) ?? 0;
}

for (const limits of [{ circuitsMax: 2 }, { circuitsPerChannelMax: 2 }]) {
  test(`circuits: ${JSON.stringify(limits)}`, async () => {
    const chain = await limited(limits);
    for (let i = 0; i < 2; i += 1) await chain.client.circuit().createFast();
    const third = chain.client.circuit();
    await third.createFast().catch(() => {});
    assert.is(third.destroyed, DESTROY_REASON.resourceLimit);
    assert.is(refusals(chain, 0, 'circuits'), 1);
    await chain.close();
  });
}

test('links', async () => {
  const chain = await limited({ channelsMax: 1 });
  await chain.client.circuit().createFast();
  const { runtime } = chain.world.host({ address: '10.0.0.7' });
  const other = new TestClient(chain.relays[0].place, { runtime, ...makeMemory(300), until: chain.until });
  await chain.until('the second is closed', () => other.end !== undefined);
  assert.is(refusals(chain, 0, 'channels'), 1);
  const circuit = chain.client.circuit();
  await circuit.createFast();
  await chain.close();
});

test('at the bound of links a client without circuits makes room, the one that is idle for longest', async () => {
  const chain = await limited({ channelsMax: 3 });
  await chain.client.circuit().createFast();
  const clients: TestClient[] = [];
  for (const address of ['10.0.0.21', '10.0.0.22', '10.0.0.23']) {
    const { runtime } = chain.world.host({ address });
    const client = new TestClient(chain.relays[0].place, { runtime, ...makeMemory(300), until: chain.until });
    await client.open();
    clients.push(client);
    await chain.world.run({ forMs: 1000 });
  }
  assert.ok(clients[0]!.end !== undefined, 'the oldest that is silent');
  assert.is(clients[1]!.end, undefined);
  await clients[2]!.circuit().createFast();
  assert.is(chain.client.end, undefined, 'one with a circuit stays, however old');
  assert.is(refusals(chain, 0, 'channels'), 1);
  for (const client of clients) client.channel.destroy('done');
  await chain.close();
});

test('a link to a client that makes no circuits is closed after an hour', async () => {
  const chain = await openChain();
  const { runtime } = chain.world.host({ address: '10.0.0.7' });
  const busy = new TestClient(chain.relays[0].place, { runtime, ...makeMemory(300), until: chain.until });
  await busy.open();
  await busy.circuit().createFast();
  await chain.world.run({ forMs: 3_500_000 });
  assert.is(chain.client.end, undefined);
  await chain.world.run({ forMs: 300_000 });
  assert.ok(chain.client.end !== undefined);
  assert.is(busy.end, undefined);
  busy.channel.destroy('done');
  await chain.close();
});

test('streams of a circuit, and of all', async () => {
  for (const limits of [{ streamsPerCircuitMax: 2 }, { streamsMax: 2 }]) {
    const chain = await limited(limits);
    const circuit = await chain.circuit();
    for (const stream of [1, 2, 3]) circuit.send(RELAY.beginDir, stream, NOTHING);
    assert.is(decodeEnd((await circuit.next(RELAY.end, 3)).data).reason, END_REASON.resourceLimit);
    assert.is(refusals(chain, 2, 'streams'), 1);
    await chain.close();
    assert.is(chain.relays[2].relay.stats().streams, 0);
  }
});

test('names being looked up', async () => {
  const silence = new Promise<never>(() => {});
  const resolver = { addresses: () => silence, names: () => silence };
  const chain = await openChain({ relay: { limits: { lookupsMax: 1 } }, modules: { resolver } });
  const circuit = await chain.circuit();
  circuit.send(RELAY.resolve, 1, encodeResolve('one.test'));
  circuit.send(RELAY.resolve, 2, encodeResolve('two.test'));
  assert.is((await circuit.next(RELAY.resolved, 2)).data[0], 0xf0);
  assert.is(refusals(chain, 2, 'lookups'), 1);
  await chain.close();
});

test('names being looked up for one circuit', async () => {
  const silence = new Promise<never>(() => {});
  const resolver = { addresses: () => silence, names: () => silence };
  const chain = await openChain({ relay: { limits: { lookupsPerCircuitMax: 1 } }, modules: { resolver } });
  const greedy = await chain.circuit();
  const other = await chain.circuit();
  greedy.send(RELAY.begin, 1, encodeBegin({ host: 'one.test', port: 80, ...FLAGS }));
  greedy.send(RELAY.resolve, 2, encodeResolve('two.test'));
  assert.is((await greedy.next(RELAY.resolved, 2)).data[0], 0xf0);
  greedy.send(RELAY.begin, 3, encodeBegin({ host: 'three.test', port: 80, ...FLAGS }));
  assert.is(decodeEnd((await greedy.next(RELAY.end, 3)).data).reason, END_REASON.resolveFailed);
  other.send(RELAY.resolve, 1, encodeResolve('four.test'));
  await chain.until('the other is served', () => chain.relays[2].relay.stats().counters.lookups === 2);
  assert.is(refusals(chain, 2, 'lookups'), 2);
  await chain.close();
});

test('memory for answers: a circuit that one is lost for is closed, not left to wait', async () => {
  let answer: (answers: readonly ResolvedAnswer[]) => void = () => {};
  const later = new Promise<readonly ResolvedAnswer[]>((resolve) => {
    answer = resolve;
  });
  const resolver = { addresses: () => later, names: () => later };
  const chain = await openChain({ relay: { limits: { lookupsPerCircuitMax: 500 } }, modules: { resolver } });
  const circuit = await chain.circuit();
  for (let stream = 1; stream <= 400; stream += 1) {
    circuit.send(RELAY.resolve, stream, encodeResolve('a.test'));
    if (stream % 50 === 0) await chain.world.run({ forMs: 200 });
  }
  const { relay, slab } = chain.relays[2];
  await chain.until('all are being looked up', () => relay.stats().counters.lookups === 400);
  const taken: Lease[] = [];
  for (let lease = slab.tryLease(1, 'test'); lease !== undefined; lease = slab.tryLease(1, 'test')) {
    taken.push(lease);
  }
  answer([{ kind: 'ipv4', value: '10.0.0.9', ttlSec: 7 }]);
  await chain.until('an answer is lost', () => refusals(chain, 2, 'memory') > 0);
  assert.is(refusals(chain, 2, 'memory'), 1, 'once for the circuit');
  assert.is(relay.stats().circuits, 0);
  for (const lease of taken) lease.release();
  await chain.until('DESTROY', () => circuit.destroyed !== undefined);
  await chain.close();
});

test('a directory request', async () => {
  const chain = await limited({ directoryRequestBytesMax: 1000 });
  const circuit = await chain.circuit();
  circuit.send(RELAY.beginDir, 1, NOTHING);
  for (let i = 0; i < 3; i += 1) circuit.send(RELAY.data, 1, new Uint8Array(498).fill(65));
  assert.is(decodeEnd((await circuit.next(RELAY.end, 1)).data).reason, END_REASON.resourceLimit);
  await chain.close();
});

test('links being made, and circuits that wait for one', async () => {
  const chain = await limited({ dialsMax: 1, waitingPerDialMax: 1 });
  const far = (host: string) => ({ ...chain.relays[2].place, endpoint: { host, port: 9 } });
  const circuits: TestCircuit[] = [];
  for (const host of ['10.9.9.9', '10.9.9.9', '10.8.8.8']) {
    const circuit = chain.client.circuit();
    await circuit.create(chain.relays[0].place);
    circuits.push(circuit);
    circuit.start(far(host));
  }
  await chain.until(
    'two are refused',
    () => circuits.filter((one) => one.destroyed !== undefined).length === 2,
  );
  assert.equal(
    circuits.map((circuit) => circuit.destroyed),
    [undefined, DESTROY_REASON.resourceLimit, DESTROY_REASON.resourceLimit],
  );
  assert.is(refusals(chain, 0, 'waiting-for-dial'), 1);
  assert.is(refusals(chain, 0, 'dials'), 1);
  await chain.close();
});

test('handshakes that wait', async () => {
  const onionskins = { parallelMax: 1, answer: () => {}, setOnionKeys: () => {}, setPolicy: () => {} };
  const params = new Map([['onion_queue_max_delay', 1]]);
  const chain = await openChain({ relay: { params }, modules: { onionskins } });
  const circuits = Array.from({ length: 12 }, () => chain.client.circuit());
  const body = encodeCreate2({ type: 2, data: new Uint8Array(84) });
  for (const { id } of circuits) chain.client.channel.sendControl(id, CELL.create2, body);
  await chain.until('some are refused', () => circuits.at(-1)!.destroyed !== undefined);
  assert.is(circuits[0]!.destroyed, undefined);
  assert.is(circuits.at(-1)!.destroyed, DESTROY_REASON.resourceLimit);
  const { counters } = chain.relays[0].relay.stats();
  assert.ok(counters.handshakesDropped.ntor > 0);
  await chain.close();
});

test('data that an exit connection does not take', async () => {
  const chain = await openChain({
    relay: { limits: { streamQueueBytesMax: 100_000 } },
    world: { windowBytes: 16_384, sendBufferBytes: 16_384 },
  });
  const circuit = await chain.circuit({ congestionControl: true, cgo: false });
  const server = await silentServer(chain);
  circuit.send(RELAY.begin, 1, encodeBegin({ ...server, ...FLAGS }));
  for (let i = 0; i < 400; i += 1) {
    circuit.send(RELAY.data, 1, new Uint8Array(498));
    if (i % 50 === 0) await chain.world.run({ forMs: 200 });
  }
  assert.is(decodeEnd((await circuit.next(RELAY.end, 1)).data).reason, END_REASON.resourceLimit);
  assert.is(refusals(chain, 2, 'stream-queue'), 1);
  await chain.close();
});

test('answers of the directory that nobody takes are memory that waits', async () => {
  const directory = () => new Uint8Array(2_000_000);
  const limits = { queueBytesMax: 3_000_000 };
  const chain = await openChain({ relay: { limits }, modules: { directory } });
  const circuits = [await chain.circuit(), await chain.circuit()];
  for (const circuit of circuits) {
    for (const stream of [1, 2]) {
      circuit.send(RELAY.beginDir, stream, NOTHING);
      circuit.send(RELAY.data, stream, NOTHING_ASKED);
    }
  }
  await chain.until('one circuit goes', () => circuits.some(({ destroyed }) => destroyed !== undefined));
  assert.ok(refusals(chain, 2, 'queue-bytes') > 0);
  await chain.close();
  assert.is(chain.relays[2].relay.stats().queuedBytes, 0, 'and all of it is given back');
});

for (const isStreamFloodClosed of [false, true]) {
  test(`streams that are opened too fast: ${isStreamFloodClosed ? 'the circuit goes' : 'each is refused'}`, async () => {
    const defence = { isStreamDefenceOn: true, isStreamFloodClosed, streamsPerSec: 1, streamBurst: 4 };
    const chain = await openChain({ relay: { dos: defence } });
    const [flood, quiet] = [await chain.circuit(), await chain.circuit()];
    const begin = encodeBegin({ ...(await silentServer(chain)), ...FLAGS });
    for (let stream = 1; stream <= 5; stream += 1) flood.send(RELAY.begin, stream, begin);
    if (isStreamFloodClosed) {
      await chain.until('it goes', () => flood.destroyed !== undefined);
    } else {
      assert.is(decodeEnd((await flood.next(RELAY.end, 5)).data).reason, END_REASON.resourceLimit);
      for (let stream = 1; stream <= 4; stream += 1) await flood.next(RELAY.connected, stream);
      await chain.world.run({ forMs: 1_500 });
      flood.send(RELAY.begin, 6, begin);
      await flood.next(RELAY.connected, 6);
    }
    assert.is(refusals(chain, 2, 'stream-flood'), 1);
    quiet.send(RELAY.begin, 1, begin);
    await quiet.next(RELAY.connected, 1);
    await chain.close();
  });
}

/** Four downloads on two circuits, of which the client takes nothing: what is beyond the windows is held at the exit. */
async function heldBack(queueBytesMax: number): Promise<Chain> {
  const limits = { queueBytesMax };
  const chain = await openChain({
    relay: { limits },
    world: { windowBytes: 16_384, sendBufferBytes: 16_384 },
  });
  const circuits = [await chain.circuit(), await chain.circuit()];
  const server = await talkingServer(chain, 1_000_000);
  chain.client.channel.pauseReading();
  for (const circuit of circuits) {
    for (const stream of [1, 2]) circuit.send(RELAY.begin, stream, encodeBegin({ ...server, ...FLAGS }));
  }
  await chain.world.run({ forMs: 20_000 });
  return chain;
}

test('downloads that are held back for a client are memory that waits', async () => {
  const roomy = await heldBack(50_000_000);
  const exit = roomy.relays[2].relay;
  const { queuedBytes } = exit.stats();
  assert.ok(queuedBytes >= 4 * 16_384 && queuedBytes <= 4 * 49_152, `${queuedBytes} bytes are held`);
  assert.is(refusals(roomy, 2, 'queue-bytes'), 0);
  await roomy.close();
  assert.is(exit.stats().queuedBytes, 0, 'and all of it is given back');
  const tight = await heldBack(queuedBytes / 2);
  assert.ok(refusals(tight, 2, 'queue-bytes') > 0, 'beyond the bound a circuit goes');
  assert.ok(tight.relays[2].relay.stats().queuedBytes <= queuedBytes / 2);
  await tight.close();
});

test('connections whose client has gone count for as long as they last', async () => {
  const chain = await openChain({
    relay: { limits: { streamsMax: 1 } },
    world: { windowBytes: 16_384, sendBufferBytes: 16_384 },
  });
  const circuit = await chain.circuit({ congestionControl: true, cgo: false });
  const begin = encodeBegin({ ...(await silentServer(chain)), ...FLAGS });
  circuit.send(RELAY.begin, 1, begin);
  await circuit.next(RELAY.connected, 1);
  for (let i = 0; i < 200; i += 1) circuit.send(RELAY.data, 1, new Uint8Array(498));
  circuit.send(RELAY.end, 1, Uint8Array.of(END_REASON.done));
  circuit.send(RELAY.begin, 2, begin);
  assert.is(decodeEnd((await circuit.next(RELAY.end, 2)).data).reason, END_REASON.resourceLimit);
  await chain.world.run({ forMs: 60_000 });
  circuit.send(RELAY.begin, 3, begin);
  await circuit.next(RELAY.connected, 3);
  await chain.close();
  assert.is(chain.relays[2].relay.stats().queuedBytes, 0);
});

test('a relay that is about to rest makes no circuits', async () => {
  const chain = await openChain();
  chain.relays[0].relay.setHibernating(true);
  const circuit = chain.client.circuit();
  await circuit.createFast().catch(() => {});
  assert.is(circuit.destroyed, DESTROY_REASON.hibernating);
  await chain.close();
});

test('an onion key is good for one more rotation', async () => {
  const chain = await openChain();
  const { relay, place } = chain.relays[0];
  relay.rotateOnionKey(new Uint8Array(32).fill(9));
  await chain.client.circuit().create(place);
  relay.rotateOnionKey(undefined);
  const late = chain.client.circuit();
  await late.create(place).catch(() => {});
  assert.is(late.destroyed, DESTROY_REASON.protocol);
  await chain.close();
});

test.run();
