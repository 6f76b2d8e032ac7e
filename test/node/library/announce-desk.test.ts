/**
 * Aim: torrents that are not in memory are announced at their times, a bounded number at once and spread at the start;
 * the next tracker is asked when one fails; who takes a torrent over goes on where the desk stopped, and the reverse.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AnnounceAnswer, AnnounceRequest } from '../../../engine/discovery/tracker/types.ts';
import { ANNOUNCE_DESK_DEFAULTS, AnnounceDesk } from '../../../engine/node/library/announce-desk.ts';
import { type Entry, entryOf, Interner } from '../../../engine/node/library/entry.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { summaryFor } from './support/summary.ts';

const desk = suite('announce desk');

const ANSWER: AnnounceAnswer = {
  ...{ intervalMs: 1_800_000, minIntervalMs: undefined, peers: [], trackerId: undefined, warning: undefined },
  ...{ complete: 3, incomplete: 1, externalAddress: undefined },
};

interface Asked {
  readonly url: string;
  readonly request: AnnounceRequest;
  readonly atMs: number;
}

function setUp(
  options: { readonly answerAfterMs?: number; readonly refuse?: (url: string) => boolean } = {},
) {
  const world = new SimWorld({ seed: 1 });
  const { runtime } = world.host({ address: '10.0.0.1' });
  const { clock, random } = runtime;
  const asked: Asked[] = [];
  let underWay = 0;
  const peak = { underWay: 0 };
  const answered: Entry[] = [];
  const transport = async (url: string, request: AnnounceRequest): Promise<AnnounceAnswer> => {
    asked.push({ url, request, atMs: clock.now() });
    underWay += 1;
    peak.underWay = Math.max(peak.underWay, underWay);
    await new Promise<void>((resolve) => clock.setTimer(options.answerAfterMs ?? 10, resolve));
    underWay -= 1;
    if (options.refuse?.(url) === true) throw new Error('no');
    return ANSWER;
  };
  const made = new AnnounceDesk(ANNOUNCE_DESK_DEFAULTS, {
    ...{
      clock,
      random,
      transports: () => ({ http: transport }),
      peerId: new Uint8Array(20),
      port: () => 6881,
    },
    onAnswer: (entry) => answered.push(entry),
  });
  const tick = (): void => {
    clock.setTimer(1_000, () => {
      made.tick();
      tick();
    });
  };
  tick();
  return { world, clock, desk: made, asked, peak, answered };
}

function entry(index: number, trackers = [['http://one.test/a']]): Entry {
  const infoHash = index.toString(16).padStart(40, '0');
  return entryOf(infoHash, { ...summaryFor(`t${index}`, { trackers }), number: index }, new Interner());
}

desk('a whole library is announced bit by bit, each torrent once in its interval', async () => {
  const { world, desk: made, asked, peak } = setUp({ answerAfterMs: 2_000 });
  const count = 600;
  made.expect(count);
  for (let index = 1; index <= count; index += 1) made.add(entry(index));
  await world.run({ forMs: 20 * 60_000 });
  assert.is(asked.length, count);
  assert.is(new Set(asked.map(({ request }) => Buffer.from(request.infoHash).toString('hex'))).size, count);
  assert.ok(peak.underWay <= ANNOUNCE_DESK_DEFAULTS.perHostMax, `${peak.underWay} at once`);
  assert.ok(asked.every(({ request }) => request.event === 'started' && request.left === 0));
  await world.run({ forMs: 30 * 60_000 });
  assert.is(asked.length, 2 * count);
  assert.ok(asked.slice(count).every(({ request }) => request.event === undefined));
});

desk('the next tracker is asked when one fails; all failing, it comes again later and later', async () => {
  const trackers = [['http://dead.test/a'], ['http://alive.test/a']];
  const dead = (url: string): boolean => url.includes('dead');
  const { world, desk: made, asked, answered } = setUp({ refuse: dead });
  made.add(entry(1, trackers));
  await world.run({ forMs: 5_000 });
  assert.equal(
    asked.map(({ url }) => url),
    ['http://dead.test/a', 'http://alive.test/a'],
  );
  assert.is(answered.length, 1);
  const hopeless = setUp({ refuse: () => true });
  hopeless.desk.add(entry(2));
  await hopeless.world.run({ forMs: 24 * 3_600_000 });
  const gaps = hopeless.asked
    .map(({ atMs }, index) => atMs - (hopeless.asked[index - 1]?.atMs ?? 0))
    .slice(1);
  assert.ok(gaps[0]! < 5 * 60_000 && gaps.at(-1)! >= 30 * 60_000, `${gaps[0]} … ${gaps.at(-1)}`);
});

desk('a torrent is handed over without a goodbye, and taken back', async () => {
  const { world, desk: made, asked } = setUp();
  const own = entry(1);
  made.add(own);
  await world.run({ forMs: 60_000 });
  const from = made.release(own)[0]!;
  assert.is(from.url, 'http://one.test/a');
  assert.ok(from.nextInMs > 1_700_000 && from.nextInMs <= 1_800_000, `${from.nextInMs}`);
  await world.run({ forMs: 3_600_000 });
  assert.is(asked.length, 1, 'nothing more is told');
  made.add(own, [{ ...from, nextInMs: 30_000, uploaded: 77 }]);
  await world.run({ forMs: 40_000 });
  const { request } = asked.at(-1)!;
  assert.equal([request.event, request.key, request.uploaded], [undefined, from.key, 77]);
});

desk('who leaves says goodbye to the tracker that knows it, and to no other', async () => {
  const { world, desk: made, asked } = setUp();
  const told = entry(1);
  made.add(told);
  await world.run({ forMs: 10_000 });
  made.leave(told);
  made.add(entry(2));
  made.leave(entry(2));
  await world.run({ forMs: 10 });
  assert.equal(
    asked.map(({ request }) => request.event),
    ['started', 'stopped'],
  );
  assert.is(made.size, 1);
});

desk('at the end so many goodbyes are said as are allowed', async () => {
  const { world, desk: made, asked } = setUp();
  const count = ANNOUNCE_DESK_DEFAULTS.goodbyesMax + 50;
  const from = {
    url: 'http://one.test/a',
    key: 1,
    trackerId: undefined,
    nextInMs: 1e6,
    uploaded: 0,
    downloaded: 0,
  };
  for (let index = 1; index <= count; index += 1) made.add(entry(index), [from]);
  void made.close();
  await world.run({ forMs: 1_000 });
  assert.is(asked.length, ANNOUNCE_DESK_DEFAULTS.goodbyesMax);
});

desk.run();
