// Aim: one seed, one history: a small onion network of relays, clients, crashes and cut links runs twice, and every
// event of both runs is the same; another seed has another history. ALLIUM_SEED replays a run.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runAfternoon, seedOr } from './support/scenario.ts';
import { tally } from './support/visits.ts';

const test = suite('replay of an onion network');
const seed = seedOr(7);

async function history(ofSeed: number): Promise<{ readonly text: string; readonly outcomes: string }> {
  const { net, storm } = await runAfternoon({
    seed: ofSeed,
    relayCount: 20,
    clientCount: 8,
    serverCount: 2,
    clientCircuitsMax: 8 * 16,
    recordTrace: true,
    startWithinMs: 5000,
    visits: { fromMs: 5000, toMs: 40_000, each: 3, patienceMs: 30_000 },
    storm: { fromMs: 5000, toMs: 40_000, troubles: 9, downMax: 3 },
  });
  const outcomes = net.clients.flatMap(({ visits }) =>
    visits.map(({ outcome, reason, gotBytes, endedMs }) => `${outcome} ${reason} ${gotBytes} ${endedMs}`),
  );
  assert.ok(tally(net.clients).complete > 8, `seed ${ofSeed}: a third of the streams at least is complete`);
  assert.ok(storm!.counts.killed + storm!.counts['power-cut'] > 0, `seed ${ofSeed}: relays crashed`);
  await net.close();
  return { text: net.world.trace.lines.join('\n'), outcomes: outcomes.join('\n') };
}

test('the same seed gives the same history, byte for byte', async () => {
  const first = await history(seed);
  const second = await history(seed);
  if (first.text !== second.text) {
    const [a, b] = [first.text.split('\n'), second.text.split('\n')];
    const at = a.findIndex((line, index) => line !== b[index]);
    assert.unreachable(`seed ${seed}: event ${at} is “${a[at]}”, then “${b[at]}”`);
  }
  assert.is(first.outcomes, second.outcomes, `seed ${seed}`);
  const other = await history(seed + 1);
  assert.is.not(first.text, other.text);
});

test.run();
