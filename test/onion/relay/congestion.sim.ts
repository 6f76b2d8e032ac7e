/**
 * Aim: cells that a link does not take wait by circuit and arrive all the same, in order; a client that takes nothing
 * costs itself and not others; what waits is bounded.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DESTROY_REASON } from '../../../engine/onion/cell/reason.ts';
import { RELAY } from '../../../engine/onion/cell/relay-command.ts';
import type { RelayLimits } from '../../../engine/onion/relay/options.ts';
import { type Chain, openChain } from './support/chain.ts';
import type { TestCircuit } from './support/test-circuit.ts';
import { TestClient } from './support/test-client.ts';
import { makeMemory } from './support/test-network.ts';

const test = suite('congested relays');
const SMALL_WORLD = { windowBytes: 16_384, sendBufferBytes: 16_384 };
const REQUEST = new TextEncoder().encode('GET / HTTP/1.0\r\n\r\n');

/** Two circuits with two downloads each, to a client that stops reading. */
async function stuck(limits: Partial<RelayLimits> = {}, slotCount = 400) {
  const chain = await openChain({ relay: { limits, slotCount }, world: SMALL_WORLD });
  const circuits = [await chain.circuit(), await chain.circuit()];
  const got = circuits.map((circuit) => count(circuit));
  chain.client.channel.pauseReading();
  for (const circuit of circuits) {
    for (const stream of [1, 2]) {
      circuit.send(RELAY.beginDir, stream, new Uint8Array(0));
      circuit.send(RELAY.data, stream, REQUEST);
    }
  }
  await chain.world.run({ forMs: 20_000 });
  return { chain, circuits, got };
}

function count(circuit: TestCircuit): { bytes: number } {
  const got = { bytes: 0 };
  circuit.onData = (_stream, length) => {
    got.bytes += length;
  };
  return got;
}

const waiting = (chain: Chain): number => chain.relays[0].relay.stats().queuedBytes;

for (const slotCount of [400, 190]) {
  test(`what waited arrives, with ${slotCount} slots`, async () => {
    const { chain, circuits, got } = await stuck({ circuitsMax: 8 }, slotCount);
    const first = chain.relays[0].relay.stats();
    assert.ok(waiting(chain) > 100_000, `${waiting(chain)} bytes wait`);
    if (slotCount === 190) assert.ok(first.counters.cellsMoved > 0, 'moved together');
    chain.client.channel.resumeReading();
    for (const circuit of circuits) for (const stream of [1, 2]) await circuit.next(RELAY.end, stream);
    assert.equal(
      got.map(({ bytes }) => bytes),
      [600_000, 600_000],
    );
    assert.is(waiting(chain), 0);
    await chain.close();
  });
}

test('memory: the circuits whose cells have waited longest go', async () => {
  const { chain, circuits } = await stuck({ queueBytesMax: 100_000 });
  // What the last one has not sent yet counts too.
  const all = chain.relays.map(({ relay }) => relay.stats().counters);
  assert.ok(all.some(({ refusals }) => (refusals.get('queue-bytes') ?? 0) > 0));
  assert.ok(waiting(chain) <= 140_000, `${waiting(chain)} bytes wait`);
  assert.ok(all.some(({ destroysOut }) => destroysOut[DESTROY_REASON.resourceLimit]! > 0));
  assert.is(circuits.length, 2);
  await chain.close();
});

test('memory: a circuit with too many cells goes', async () => {
  const { chain } = await stuck({ queueCellsMax: 50 });
  const refused = chain.relays.map(({ relay }) => relay.stats().counters.refusals.get('queue-cells') ?? 0);
  assert.ok(Math.max(...refused) > 0, `${refused}`);
  for (const { relay } of chain.relays.slice(0, 2)) assert.ok(relay.stats().queuedBytes <= 2 * 50 * 514);
  await chain.close();
});

test('an address that lets three circuits overflow gets no more, over whatever link, and others do', async () => {
  const params = new Map([['DoSCircuitCreationEnabled', 1]]);
  const relay = { limits: { queueCellsMax: 50 }, params, slotCount: 400 };
  const chain = await openChain({ relay, world: SMALL_WORLD });
  const [{ place, relay: first }] = chain.relays;
  const circuits: TestCircuit[] = [];
  // Of one hop, so that nobody but the first relay has cells that wait.
  for (let i = 0; i < 3; i += 1) {
    const circuit = chain.client.circuit();
    await circuit.create(place);
    circuits.push(circuit);
  }
  chain.client.channel.pauseReading();
  for (const circuit of circuits) {
    for (const stream of [1, 2]) {
      circuit.send(RELAY.beginDir, stream, new Uint8Array(0));
      circuit.send(RELAY.data, stream, REQUEST);
    }
  }
  await chain.world.run({ forMs: 20_000 });
  const { counters, dos } = first.stats();
  assert.is(counters.refusals.get('queue-cells'), 3);
  assert.is(dos.addressesMarked, 1);
  const ask = async (host: string): Promise<TestCircuit> => {
    const { runtime } = chain.world.host({ address: host });
    const client = new TestClient(place, { runtime, ...makeMemory(260), until: chain.until });
    await client.open();
    const circuit = client.circuit();
    await circuit.createFast().catch(() => {});
    client.channel.destroy('done');
    return circuit;
  };
  const honest = await ask('10.0.0.77');
  assert.ok(honest.created !== undefined, 'another address is served');
  chain.client.channel.resumeReading();
  const again = chain.client.circuit();
  await again.create(place).then(
    () => assert.unreachable('it was given another circuit'),
    () => assert.is(again.destroyed, DESTROY_REASON.resourceLimit),
  );
  assert.is(first.stats().dos.circuitsRefused, 1);
  await chain.close();
});

test('memory: the link that takes nothing goes when the slab is full', async () => {
  const { chain } = await stuck({ circuitsMax: 8 }, 110);
  const { counters, channels } = chain.relays[0].relay.stats();
  assert.is(counters.refusals.get('memory'), 1);
  assert.is(channels, 1, 'the other relay');
  await chain.until('the client sees it', () => {
    chain.client.channel.resumeReading();
    return chain.client.end !== undefined;
  });
  await chain.close();
});

test.run();
