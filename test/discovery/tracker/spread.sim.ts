/**
 * Aim: announces of thousands of torrents are spread so that no tracker sees a storm, each has its turn within an interval,
 * goodbyes go first; and trackers are asked where DNS says (BEP 34).
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ANNOUNCE_PACER_DEFAULTS,
  AnnouncePacer,
  announcesAtOnce,
} from '../../../engine/discovery/tracker/announce-pacer.ts';
import {
  PREFERENCES_MAX,
  preferredUrls,
  readPreferences,
  withDnsPreferences,
} from '../../../engine/discovery/tracker/dns-preferences.ts';
import type {
  AnnounceAnswer,
  AnnounceRequest,
  AnnounceTransport,
} from '../../../engine/discovery/tracker/types.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';

const test = suite('announces of many torrents');

const ANSWER: AnnounceAnswer = {
  intervalMs: 1_800_000,
  minIntervalMs: undefined,
  peers: [],
  trackerId: undefined,
  warning: undefined,
  complete: 0,
  incomplete: 0,
  externalAddress: undefined,
};
const request = (event: AnnounceRequest['event']): AnnounceRequest => ({
  infoHash: new Uint8Array(20),
  peerId: new Uint8Array(20),
  port: 1,
  uploaded: 0,
  downloaded: 0,
  left: 0,
  event,
  peersWanted: 0,
  key: 0,
});

function scene(takesMs: number) {
  const world = new SimWorld({ seed: 1 });
  const { clock } = world.host({ address: '10.0.0.1' }).runtime;
  const state = { underWay: 0, most: 0, order: [] as string[], lastMs: 0 };
  const slow: AnnounceTransport = async (url, { event }) => {
    state.most = Math.max(state.most, ++state.underWay);
    state.order.push(event ?? url);
    await new Promise<void>((resolve) => clock.setTimer(takesMs, resolve));
    state.underWay--;
    state.lastMs = world.nowMs;
    return ANSWER;
  };
  const pacer = new AnnouncePacer(ANNOUNCE_PACER_DEFAULTS, { clock });
  return { world, clock, state, pacer, announce: pacer.paced(slow) };
}

for (const [takesMs, torrents] of [
  [50, 10_000],
  [3_000, 10_000],
] as const) {
  test(`${torrents} torrents at one tracker where an announce takes ${takesMs} ms`, async () => {
    const { world, state, pacer, announce } = scene(takesMs);
    let done = 0;
    for (let i = 0; i < torrents; i++)
      void announce('http://t.test/announce', request('started'), 20_000).then(() => done++);
    assert.ok(pacer.waitingCount >= torrents - 2 * ANNOUNCE_PACER_DEFAULTS.perTrackerMin);
    await world.run({ until: () => done === torrents, forMs: 3_600_000 });
    assert.is(done, torrents);
    assert.ok(state.lastMs < ANSWER.intervalMs!, `all were through after ${state.lastMs} ms`);
    const { perTrackerMin, perTrackerMax } = ANNOUNCE_PACER_DEFAULTS;
    const most = takesMs === 50 ? perTrackerMin + 4 : perTrackerMax;
    assert.ok(state.most <= most, `${state.most} at once`);
    assert.is(pacer.waitingCount, 0);
  });
}

test('how many at once: no more than needed, never beyond the bound', () => {
  const { perTrackerMin, perTrackerMax } = ANNOUNCE_PACER_DEFAULTS;
  assert.is(announcesAtOnce(ANNOUNCE_PACER_DEFAULTS, 0, 500, 0), perTrackerMin);
  assert.is(announcesAtOnce(ANNOUNCE_PACER_DEFAULTS, 10_000, 900, 0), 10);
  assert.is(announcesAtOnce(ANNOUNCE_PACER_DEFAULTS, 5_000, 900, 450_000), 10, 'half the time is over');
  assert.is(announcesAtOnce(ANNOUNCE_PACER_DEFAULTS, 1_000_000, 20_000, 0), perTrackerMax);
});

test('goodbyes go first, and are given up after their time', async () => {
  const { world, state, announce } = scene(10_000);
  for (let i = 0; i < 30; i++) void announce(`http://t.test/${i}`, request('started'), 20_000);
  let late = 0;
  const bye = announce('http://t.test/bye', request('stopped'), 12_000);
  for (let i = 0; i < 10; i++)
    announce('http://t.test/bye', request('stopped'), 5_000).catch(() => {
      late = world.nowMs;
    });
  await world.run({ forMs: 60_000 });
  await bye;
  assert.is(late, 5_000);
  assert.is(state.order.indexOf('stopped'), ANNOUNCE_PACER_DEFAULTS.perTrackerMin);
  assert.is(state.order.filter((event) => event === 'stopped').length, 1);
});

test('BEP 34: preferences are read in order, and a record without any denies', () => {
  assert.is(readPreferences(['v=spf1', 'BITTORRENTS UDP:1']), undefined);
  assert.equal(readPreferences(['x', 'BITTORRENT DENY ALL']), []);
  assert.equal(readPreferences(['BITTORRENT']), []);
  assert.equal(readPreferences(['BITTORRENT UDP:1337 TCP:80 UDP:0 TCP:99999 ICMP:3']), [
    { protocol: 'udp', port: 1337 },
    { protocol: 'tcp', port: 80 },
  ]);
  const preferences = readPreferences(['BITTORRENT UDP:1337 TCP:80'])!;
  assert.equal(preferredUrls('http://t.test:6969/announce?k=1', preferences), [
    'udp://t.test:1337/announce?k=1',
    'http://t.test:80/announce?k=1',
  ]);
  assert.equal(preferredUrls('https://t.test/announce', preferences)[1], 'https://t.test:80/announce');
});

test('BEP 34: trackers are asked where they want to be, addresses and silent hosts where the torrent says', async () => {
  const world = new SimWorld({ seed: 1 });
  const { runtime } = world.host({ address: '10.0.0.1' });
  world.texts.set('t.test', ['BITTORRENT UDP:1337 TCP:81']);
  world.texts.set('closed.test', ['BITTORRENT']);
  const asked: string[] = [];
  const transport: AnnounceTransport = async (url) => {
    asked.push(url);
    if (url.startsWith('udp://t.test')) throw new Error('nobody there');
    return ANSWER;
  };
  let lookUps = 0;
  const network = {
    ...runtime.network,
    lookupText: (name: string) => {
      lookUps++;
      return runtime.network.lookupText(name);
    },
  };
  const announce = withDnsPreferences({
    network,
    clock: runtime.clock,
    transports: { http: transport, udp: transport },
    refuse: (host) => new Error(`${host} denies`),
  });
  await announce('http://t.test:9/announce', request('started'), 1);
  await announce('http://10.0.0.9:9/announce', request('started'), 1);
  await announce('udp://silent.test:9/announce', request('started'), 1);
  assert.equal(asked, [
    'udp://t.test:1337/announce',
    'http://t.test:81/announce',
    'http://10.0.0.9:9/announce',
    'udp://silent.test:9/announce',
  ]);
  const denied = await announce('http://closed.test/announce', request('started'), 1).catch(String);
  assert.match(String(denied), /closed\.test denies/);
  const before = lookUps;
  await announce('http://t.test:9/announce', request('started'), 1);
  assert.is(lookUps, before, 'remembered');
  for (let i = 0; i < PREFERENCES_MAX; i++) await announce(`http://${i}.test/`, request('started'), 1);
  await announce('http://t.test:9/announce', request('started'), 1);
  assert.is(lookUps, before + PREFERENCES_MAX + 1, 'the oldest was forgotten');
});

test('BEP 34: all places of a host together take no longer than one that is asked by itself', async () => {
  const world = new SimWorld({ seed: 1 });
  const { runtime } = world.host({ address: '10.0.0.1' });
  const { network, clock } = runtime;
  world.texts.set('t.test', ['BITTORRENT UDP:1 UDP:2 UDP:3 TCP:4']);
  let asked = 0;
  const silent: AnnounceTransport = (_url, _request, timeoutMs) => {
    asked++;
    return new Promise((_, reject) => {
      clock.setTimer(timeoutMs, () => reject(new Error('no answer')));
    });
  };
  const transports = { http: silent, udp: silent };
  const announce = withDnsPreferences({ network, clock, transports, refuse: (host) => new Error(host) });
  const begunMs = clock.now();
  let tookMs: number | undefined;
  void announce('http://t.test/announce', request('started'), 20_000).catch(() => {
    tookMs = clock.now() - begunMs;
  });
  await world.run({ until: () => tookMs !== undefined, forMs: 200_000 });
  assert.is(asked, 4);
  assert.ok(tookMs! >= 19_000 && tookMs! < 20_500, String(tookMs));
});

test.run();
