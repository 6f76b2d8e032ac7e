// Aim: a hundred relays and five hundred clients of this very code share a simulated network in which relays crash, lose
// power and are cut off. Every stream is complete and right, or ends saying that it failed; afterwards the network serves
// everybody again, no relay keeps a circuit of the past, no lease of any slab stays out. ALLIUM_SEED replays a run.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Afternoon, everyMs, runAfternoon, seedOr } from './support/scenario.ts';
import { SIM_RELAY_LIMITS } from './support/sim-relay.ts';
import { planVisits, reasons, tally } from './support/visits.ts';

const test = suite('an onion network in a storm');
const seed = seedOr(1);
const RELAYS = 100;
const CLIENTS = 500;
const STREAMS_EACH = 2;
/** A relay that nobody hears from any more is given up by then: keep-alive, and the system's repetitions. */
const FORGOTTEN_MS = 40 * 60_000;

let afternoon: Afternoon;

test('every stream is complete and right, or fails cleanly', async () => {
  afternoon = await runAfternoon({
    seed,
    relayCount: RELAYS,
    clientCount: CLIENTS,
    serverCount: 4,
    clientCircuitsMax: CLIENTS * 8,
    startWithinMs: 20_000,
    visits: { fromMs: 15_000, toMs: 75_000, each: STREAMS_EACH, patienceMs: 45_000 },
    storm: { fromMs: 20_000, toMs: 80_000, troubles: 40, downMax: RELAYS / 5 },
  });
  const { net, storm } = afternoon;
  const { clients } = net;
  const counts = tally(clients);
  const about = `seed ${seed}: ${JSON.stringify(counts)}, storm ${JSON.stringify(storm!.counts)}`;
  assert.is(counts.open, 0, `${about}: no stream is without an end`);
  assert.is(counts.wrong, 0, `${about}: ${reasons(clients, 'wrong')}`);
  const all = CLIENTS * STREAMS_EACH;
  assert.is(counts.complete + counts.failed + counts['given-up'], all, about);
  assert.ok(counts.complete >= 0.95 * all, `${about}: ${reasons(clients, 'failed')}`);
  assert.ok(Math.min(...Object.values(storm!.counts)) > 0, `${about}: every kind of trouble has struck`);
  assert.equal(storm!.problems, [], about);
  assert.is(clients.filter(({ isReady }) => isReady).length, CLIENTS, about);
});

test('behind the storm everybody is served', async () => {
  const { net } = afternoon;
  const some = net.clients.filter((_, index) => index % 10 === 0);
  for (const client of net.clients) if (!some.includes(client)) await client.stop();
  const before = tally(some).complete;
  planVisits(net, some, { fromMs: 20_000, toMs: 30_000, each: 1, patienceMs: 120_000 });
  const isDone = (): boolean => some.every((client) => client.isDone);
  await net.world.run({ forMs: 300_000, until: everyMs(net, 250, isDone) });
  assert.is(tally(some).complete - before, some.length, `seed ${seed}: ${JSON.stringify(tally(some))}`);
});

test('no relay met a bound of its memory', () => {
  for (const { relay, slab, keys } of afternoon.net.relays) {
    if (relay === undefined || slab === undefined) continue;
    const { circuits, queuedBytes } = relay.stats();
    const about = `seed ${seed}: ${keys.nickname}`;
    assert.ok(circuits < SIM_RELAY_LIMITS.circuitsMax!, `${about} has ${circuits} circuits`);
    assert.ok(queuedBytes < SIM_RELAY_LIMITS.queueBytesMax!, `${about} queues ${queuedBytes} bytes`);
    assert.ok(slab.stats().refused === 0, `${about}: its slab was full`);
  }
});

test('when the clients are gone, nothing of them is left', async () => {
  const { net } = afternoon;
  for (const client of net.clients) await client.stop();
  await net.world.run({ forMs: FORGOTTEN_MS });
  for (const { relay, keys } of net.relays) {
    if (relay === undefined) continue;
    const { circuits, streams, queuedBytes } = relay.stats();
    assert.equal({ circuits, streams, queuedBytes }, NOTHING, `seed ${seed}: ${keys.nickname}`);
  }
  await net.close();
  assert.is(net.world.timeline.pending, 0, `seed ${seed}: no timer goes on, nothing is under way`);
});

const NOTHING = { circuits: 0, streams: 0, queuedBytes: 0 };

test.run();
