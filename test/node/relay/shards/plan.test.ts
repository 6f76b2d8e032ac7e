/**
 * Aim: what shards are given never adds up to more than was configured, connections go where there is least to do, the
 * rate limit goes to who needs it, and figures of several data planes add up, whatever counters there are.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkRelayConfig } from '../../../../engine/node/relay/config.ts';
import type { ShardReport } from '../../../../engine/node/relay/shards/messages.ts';
import { splitRate } from '../../../../engine/node/relay/shards/rate-split.ts';
import {
  pickShard,
  SHARD_BYTES_MIN,
  type ShardLoad,
  shardConfig,
  shardCount,
  stickyShard,
} from '../../../../engine/node/relay/shards/shard-plan.ts';
import { farewell, sumReports } from '../../../../engine/node/relay/shards/stats-sum.ts';
import { RelayCounters } from '../../../../engine/onion/relay/counters.ts';
import { thrown } from '../support/thrown.ts';

const plan = suite('plan of shards');
const MIB = 2 ** 20;
const config = (words: Readonly<Record<string, unknown>> = {}) =>
  checkRelayConfig(
    {
      ...{ nickname: 'Shards', address: '203.0.113.5', orPort: 9001, dataDir: 'data' },
      authorities: [`dir1 orport=9001 v3ident=${'A'.repeat(40)} 203.0.113.9:9030 ${'B'.repeat(40)}`],
      ...words,
    },
    '/etc/relay.json',
  );

plan('one, or as many as the configuration says, as far as memory goes', () => {
  assert.is(config().words.shards, 1);
  assert.is(shardCount({ shards: 4, memory: 256 * MIB }), 4);
  assert.is(shardCount({ shards: 4, memory: 2 * SHARD_BYTES_MIN }), 2);
  assert.is(shardCount({ shards: 4, memory: SHARD_BYTES_MIN - 1 }), 1);
  for (const shards of [0, 65, 1.5]) {
    assert.match(thrown(() => config({ shards })).message, '“shards”');
  }
});

plan('the parts are never more than the whole', () => {
  const whole = config({
    memory: 100 * MIB,
    maxCircuits: 100,
    maxConnections: 100,
    maxMemInQueues: 50 * MIB,
  });
  const { words } = shardConfig(whole, 3);
  for (const key of ['memory', 'maxCircuits', 'maxConnections', 'maxMemInQueues'] as const) {
    assert.is(words[key], Math.floor(whole.words[key] / 3), key);
  }
  assert.is(shardConfig(config({ maxCircuits: 0 }), 3).words.maxCircuits, 0, 'what the memory has room for');
});

plan('a connection goes where there is least to do, and never to one that is not there', () => {
  const load = (links: number, bytesPerSec = 0, isReady = true): ShardLoad => ({
    links,
    bytesPerSec,
    isReady,
  });
  assert.is(pickShard([load(3), load(2), load(4)]), 1);
  assert.is(pickShard([load(0, 0, false), load(9, 9), load(8, 9)]), 2);
  assert.is(pickShard([load(2, 900), load(3, 100)]), 1, 'bytes count as links do');
  assert.is(pickShard([load(0, 0, false)]), undefined);
  const ready = [load(0), load(0), load(0)];
  assert.is(stickyShard(ready, 7), stickyShard(ready, 7));
  assert.is(stickyShard([load(0), load(0, 0, false), load(0)], 7), 2, 'the next one takes its place');
  assert.is(stickyShard([load(0, 0, false)], 7), undefined);
});

plan('the rate limit goes to who needs it, and its parts are the whole', () => {
  const rate = { bytesPerSec: 1000, burstBytes: 2000 };
  const sum = (shares: readonly { bytesPerSec: number; burstBytes: number }[]): number[] => [
    Math.round(shares.reduce((all, one) => all + one.bytesPerSec, 0)),
    Math.round(shares.reduce((all, one) => all + one.burstBytes, 0)),
  ];
  const idle = { bytesPerSec: 0, isHeld: false };
  const held = { bytesPerSec: 100, isHeld: true };
  for (const demands of [
    [idle, idle],
    [held, idle],
    [held, held, idle],
    [held],
    [{ ...idle, bytesPerSec: 5e6 }, idle],
  ]) {
    assert.equal(sum(splitRate(rate, demands)), [1000, 2000]);
  }
  const [busy, quiet] = splitRate(rate, [held, idle]);
  assert.ok(busy!.bytesPerSec > 3 * quiet!.bytesPerSec);
  assert.ok(quiet!.bytesPerSec >= 100, 'enough to begin with');
  const [one, other] = splitRate(rate, [held, held]);
  assert.is(one!.bytesPerSec, other!.bytesPerSec);
});

function report(factor: number): ShardReport {
  const counters = new RelayCounters();
  counters.cellsIn = factor;
  counters.handshakes.ntor3 = 2 * factor;
  counters.destroysIn[4] = 3 * factor;
  counters.fault('bad-create');
  if (factor > 1) counters.refuse('streams');
  const dns = { found: factor, 'not-found': 0, refused: 0, failed: 0, timeout: 1 };
  return {
    stats: {
      ...{ channels: factor, circuits: factor, streams: 1, dials: 0, handshakesWaiting: 0, queuedBytes: 514 },
      ...{ isUnderMemoryPressure: factor > 1, slabSlotsUsed: 5, slabSlots: 10, counters },
      dos: { circuitsRefused: 1, connectionsRefused: factor, addressesMarked: 0 },
      links: {
        opened: factor,
        faults: new Map([['bad-cell', 1]]),
        paddingSent: 0,
        paddingReceived: 0,
        unknownCells: 0,
      },
    },
    traffic: { receivedBytes: factor, sentBytes: 10 * factor, heldReads: 0, heldWrites: 1 },
    dns,
    dnsRemembered: factor,
  };
}

plan('reports add up after a trip between threads', () => {
  const sum = sumReports([structuredClone(report(1)), structuredClone(report(10))]);
  const { stats } = sum;
  assert.is(stats.channels, 11);
  assert.is(stats.isUnderMemoryPressure, true);
  assert.is(stats.counters.cellsIn, 11);
  assert.is(stats.counters.handshakes.ntor3, 22);
  assert.is(stats.counters.destroysIn[4], 33);
  assert.is(stats.counters.faults.get('bad-create'), 2);
  assert.is(stats.counters.refusals.get('streams'), 1);
  assert.is(stats.links.faults.get('bad-cell'), 2);
  assert.is(stats.dos.connectionsRefused, 11);
  assert.equal(sum.traffic, { receivedBytes: 11, sentBytes: 110, heldReads: 0, heldWrites: 2 });
  assert.is(sum.dns.found, 11);
  assert.is(sumReports([]).stats.channels, 0);
});

plan('of a shard that is gone what it has done is kept, not what it was doing', () => {
  const { stats, traffic } = sumReports([farewell(report(10)), report(1)]);
  assert.is(stats.channels, 1);
  assert.is(stats.slabSlots, 10);
  assert.is(stats.counters.cellsIn, 11);
  assert.is(traffic.receivedBytes, 11);
});

plan.run();
