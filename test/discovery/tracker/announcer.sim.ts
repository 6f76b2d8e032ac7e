// Aim: in the simulated world the announcer tells every tracker what it must know and no more often than it may: first
// started, once completed, stopped in the end; tiers and failures as BEP 12 has them; bounded retries.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeBencode } from '../../../engine/codec/bencode.ts';
import type { AlliumError } from '../../../engine/codec/error.ts';
import {
  ANNOUNCER_DEFAULTS,
  Announcer,
  type AnnouncerOptions,
} from '../../../engine/discovery/tracker/announcer.ts';
import { createTrackerTransports } from '../../../engine/discovery/tracker/transports.ts';
import type { AnnounceTransport } from '../../../engine/discovery/tracker/types.ts';
import type { Endpoint } from '../../../engine/runtime/port.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';

const test = suite('announcer');
const MINUTE = 60_000;

interface Seen {
  readonly tracker: string;
  readonly atMs: number;
  readonly query: URLSearchParams;
}

/** A torrent on one host, and trackers that write down what they hear. */
class Scene {
  readonly world: SimWorld;
  readonly seen: Seen[] = [];
  readonly peers: Endpoint[] = [];
  readonly failures: AlliumError[] = [];
  readonly warnings: string[] = [];
  readonly announcer: Announcer;
  left = 1000;

  constructor(
    tiers: readonly (readonly string[])[],
    options: Partial<AnnouncerOptions> = {},
    transports: Readonly<Record<string, AnnounceTransport>> = {},
    seed = 1,
  ) {
    this.world = new SimWorld({ seed });
    const host = this.world.host({ address: '10.0.0.1' });
    this.announcer = new Announcer(
      {
        tiers: tiers.map((tier) =>
          tier.map((name) => (name.includes(':') ? name : `http://${name}/announce`)),
        ),
        infoHash: new Uint8Array(20).fill(7),
        peerId: new TextEncoder().encode('-AL0001-abcdefghijkl'),
        port: 6881,
        ...options,
      },
      {
        runtime: host.runtime,
        totals: () => ({ uploaded: 5, downloaded: 1000 - this.left, left: this.left }),
        onPeers: (peers) => this.peers.push(...peers),
        onFailure: (error) => this.failures.push(error),
        onWarning: (warning) => this.warnings.push(warning),
        transports: { ...createTrackerTransports(host.runtime).announce, ...transports },
      },
    );
  }

  /** A tracker with this answer; undefined breaks the connection. */
  tracker(name: string, answer: () => Parameters<typeof encodeBencode>[0] | undefined): this {
    this.world.serveHttp(name, (request) => {
      this.seen.push({ tracker: name, atMs: this.world.nowMs, query: new URL(request.url).searchParams });
      const fields = answer();
      if (fields === undefined) throw new Error('no answer');
      return { status: 200, body: encodeBencode(fields) };
    });
    return this;
  }

  async run(forMs: number): Promise<void> {
    await this.world.run({ forMs });
  }

  /** Who heard what, as `tracker:event`. */
  get story(): string[] {
    return this.seen.map(({ tracker, query }) => `${tracker}:${query.get('event') ?? ''}`);
  }
}

const peers = Uint8Array.of(10, 0, 0, 9, 0x1a, 0xe1);
const fine = () => ({ interval: 1800, peers });

test('started first, then nothing but regular announces at the interval the tracker names', async () => {
  const scene = new Scene([['t']]).tracker('t', fine);
  assert.is(scene.announcer.status.state, 'idle');
  scene.announcer.start();
  await scene.run(95 * MINUTE);
  assert.equal(scene.story, ['t:started', 't:', 't:', 't:']);
  const times = scene.seen.map(({ atMs }) => Math.round(atMs / MINUTE));
  assert.equal(times, [0, 30, 60, 90]);
  assert.equal(scene.peers[0], { host: '10.0.0.9', port: 6881 });
  const { query } = scene.seen[0]!;
  assert.equal(
    ['port', 'uploaded', 'downloaded', 'left', 'compact', 'numwant'].map((name) => query.get(name)),
    ['6881', '5', '0', '1000', '1', String(ANNOUNCER_DEFAULTS.peersWanted)],
  );
  assert.is(new Set(scene.seen.map((each) => each.query.get('key'))).size, 1, 'one key for the torrent');
  assert.match(query.get('key')!, /^[0-9A-F]{8}$/);
  const { status } = scene.announcer;
  assert.is(status.tracker, 'http://t/announce');
  assert.is(Math.round(status.nextAtMs! / MINUTE), 120);
});

test('completed once, stopped in the end, with zero peers wanted', async () => {
  const scene = new Scene([['t']]).tracker('t', fine);
  scene.announcer.start();
  await scene.run(5 * MINUTE);
  scene.left = 0;
  scene.announcer.completed();
  await scene.run(60 * MINUTE);
  void scene.announcer.stop();
  await scene.run(60 * MINUTE);
  assert.equal(scene.story, ['t:started', 't:completed', 't:', 't:stopped']);
  assert.is(scene.seen.at(-1)?.query.get('numwant'), '0');
  assert.is(scene.seen[1]?.query.get('left'), '0');
  assert.is(scene.announcer.status.state, 'stopped');
  await scene.announcer.stop();
});

test('completed while an announce is under way is told right after it', async () => {
  const scene = new Scene([['t']]).tracker('t', fine);
  scene.announcer.start();
  await scene.run(10);
  assert.is(scene.announcer.status.state, 'announcing');
  scene.announcer.completed();
  await scene.run(MINUTE);
  assert.equal(scene.story, ['t:started', 't:completed']);
});

test('a tracker that comes in after the completion hears started only', async () => {
  let up = true;
  const scene = new Scene([['a'], ['b']]).tracker('a', () => (up ? fine() : undefined)).tracker('b', fine);
  scene.announcer.start();
  await scene.run(MINUTE);
  scene.announcer.completed();
  await scene.run(MINUTE);
  up = false;
  await scene.run(40 * MINUTE);
  void scene.announcer.stop();
  await scene.run(MINUTE);
  assert.equal(scene.story.slice(0, 4), ['a:started', 'a:completed', 'a:', 'b:started']);
  assert.equal(new Set(scene.story.slice(-2)), new Set(['a:stopped', 'b:stopped']), 'both hear the end');
});

test('BEP 12: the second tier is asked only when all of the first fail, and the first is tried first again', async () => {
  let up = false;
  const scene = new Scene([['a', 'b'], ['c']])
    .tracker('a', () => undefined)
    .tracker('b', () => (up ? fine() : undefined))
    .tracker('c', () => ({ interval: 60, peers }));
  scene.announcer.start();
  await scene.run(30_000);
  assert.is(scene.seen.length, 3);
  assert.is(scene.story[2], 'c:started');
  assert.is(scene.failures.length, 2);
  assert.is(scene.failures[0]?.code, 'NETWORK_FAILED');
  up = true;
  await scene.run(MINUTE);
  assert.is(scene.story.at(-1), 'b:started');
  await scene.run(31 * MINUTE);
  assert.is(scene.story.at(-1), 'b:', 'who answered is first in its tier now');
  assert.is(scene.story.at(-2), 'b:started');
});

test('failures: the pause doubles from 15 s to 30 minutes, however long it lasts', async () => {
  const scene = new Scene([['t']]).tracker('t', () => undefined);
  scene.announcer.start();
  await scene.run(24 * 60 * MINUTE);
  const times = scene.seen.map(({ atMs }) => atMs);
  const pauses = times.slice(1).map((atMs, index) => atMs - times[index]!);
  for (const [index, pause] of pauses.entries()) {
    const least = Math.min(30 * MINUTE, 15_000 * 2 ** index);
    assert.ok(pause >= least && pause <= least * 1.25 + 1000, `pause ${index} is ${pause}`);
  }
  assert.ok(times.length < 60, `${times.length} attempts in a day`);
  assert.is(scene.announcer.status.failure?.code, 'NETWORK_FAILED');
});

test('failures: a good answer ends the pauses', async () => {
  let up = false;
  const scene = new Scene([['t']]).tracker('t', () => (up ? fine() : undefined));
  scene.announcer.start();
  await scene.run(20 * MINUTE);
  up = true;
  await scene.run(40 * MINUTE);
  assert.is(scene.announcer.status.failure, undefined);
  const before = scene.seen.length;
  up = false;
  await scene.run(30 * MINUTE);
  up = true;
  await scene.run(MINUTE);
  assert.ok(scene.seen.length - before >= 2, 'starts again with short pauses');
});

test('a refusal is TRACKER_FAILED with its reason, and “retry in” is kept (BEP 31)', async () => {
  const scene = new Scene([['a'], ['b']], { intervalMinMs: 1000 })
    .tracker('a', () => ({ 'failure reason': 'not registered', 'retry in': '120' }))
    .tracker('b', () => ({ interval: 600, peers: '' }));
  scene.announcer.start();
  await scene.run(119 * MINUTE);
  assert.is(scene.story.filter((line) => line.startsWith('a')).length, 1);
  assert.is(scene.failures[0]?.code, 'TRACKER_FAILED');
  assert.match(scene.failures[0]!.message, 'a refuses: not registered');
  assert.not.match(scene.failures[0]!.message, 'announce');
  await scene.run(15 * MINUTE);
  assert.is(scene.story.filter((line) => line.startsWith('a')).length, 2);
});

test('intervals are clamped: no tracker makes this side hammer it or forget it', async () => {
  const eager = new Scene([['t']]).tracker('t', () => ({ interval: 1, peers: '' }));
  eager.announcer.start();
  await eager.run(10 * MINUTE);
  assert.ok(eager.seen.length <= 11 && eager.seen.length >= 9, `${eager.seen.length} announces`);
  const lazy = new Scene([['t']]).tracker('t', () => ({ interval: 100_000_000, peers: '' }));
  lazy.announcer.start();
  await lazy.run(25 * 60 * MINUTE);
  assert.is(lazy.seen.length, 2, 'after a day');
  const silent = new Scene([['t']]).tracker('t', () => ({ peers: '' }));
  silent.announcer.start();
  await silent.run(31 * MINUTE);
  assert.is(silent.seen.length, 2, 'half an hour when it names none');
});

test('more peers are asked for soon, but not before the minimum interval', async () => {
  const scene = new Scene([['t']]).tracker('t', () => ({ interval: 1800, 'min interval': 600, peers: '' }));
  scene.announcer.announceSoon();
  scene.announcer.start();
  await scene.run(2 * MINUTE);
  scene.announcer.announceSoon();
  scene.announcer.announceSoon();
  await scene.run(7 * MINUTE);
  assert.is(scene.seen.length, 1);
  await scene.run(2 * MINUTE);
  assert.is(scene.seen.length, 2);
  assert.is(Math.round(scene.seen[1]!.atMs / MINUTE), 10);
});

test('what a tracker gives as its id comes back to it, and to no other', async () => {
  let up = true;
  const scene = new Scene([['a'], ['b']], { intervalMinMs: 1000 })
    .tracker('a', () => (up ? { interval: 60, peers: '', 'tracker id': 'seven' } : undefined))
    .tracker('b', () => ({ interval: 60, peers: '' }));
  scene.announcer.start();
  await scene.run(90_000);
  up = false;
  await scene.run(60_000);
  assert.equal(
    scene.seen.map(({ tracker, query }) => `${tracker}=${query.get('trackerid')}`),
    ['a=null', 'a=seven', 'a=seven', 'b=null'],
  );
});

test('a warning reaches the owner', async () => {
  const scene = new Scene([['t']]).tracker('t', () => ({ ...fine(), 'warning message': 'ratio too low' }));
  scene.announcer.start();
  await scene.run(1000);
  assert.equal(scene.warnings, ['ratio too low']);
});

test('a stop while the first announce is under way takes it back, and a late answer changes nothing', async () => {
  const scene = new Scene([['t']]).tracker('t', fine);
  scene.announcer.start();
  await scene.run(10);
  void scene.announcer.stop();
  await scene.run(MINUTE);
  assert.equal(scene.story, ['t:started', 't:stopped']);
  assert.equal(scene.peers, []);
  assert.is(scene.announcer.status.nextAtMs, undefined);
  scene.announcer.start();
  await scene.run(MINUTE);
  assert.equal(scene.story.slice(2), ['t:started'], 'it can be started again');
});

test('stopping waits no longer than five seconds for a tracker that is silent', async () => {
  let up = true;
  const scene = new Scene([['t']]);
  scene.world.serveHttp('t', () => {
    if (up) return { status: 200, body: encodeBencode(fine()) };
    return new Promise(() => {});
  });
  scene.announcer.start();
  await scene.run(1000);
  up = false;
  let stoppedAtMs = 0;
  const startMs = scene.world.nowMs;
  void scene.announcer.stop().then(() => {
    stoppedAtMs = scene.world.nowMs;
  });
  await scene.run(MINUTE);
  assert.ok(stoppedAtMs > startMs && stoppedAtMs - startMs <= 5000);
});

test('other kinds of trackers can be plugged in; without that they fail and the next is tried', async () => {
  const asked: string[] = [];
  const ws: AnnounceTransport = (url) => {
    asked.push(url);
    return Promise.resolve({
      intervalMs: undefined,
      minIntervalMs: undefined,
      peers: [{ host: '10.0.0.3', port: 3 }],
      trackerId: undefined,
      warning: undefined,
      complete: 1,
      incomplete: 2,
      externalAddress: undefined,
    });
  };
  const plugged = new Scene([['ws://u:80']], {}, { ws });
  plugged.announcer.start();
  await plugged.run(1000);
  assert.equal(asked, ['ws://u:80']);
  assert.equal([plugged.announcer.status.complete, plugged.announcer.status.incomplete], [1, 2]);
  const plain = new Scene([['ws://u:80'], ['t']]).tracker('t', fine);
  plain.announcer.start();
  await plain.run(1000);
  assert.is(plain.failures[0]?.code, 'TRACKER_FAILED');
  assert.equal(plain.story, ['t:started']);
});

test('a transport that breaks in its own way is a failed tracker, not an exception', async () => {
  const broken: AnnounceTransport = () => Promise.reject(new TypeError('broken'));
  const scene = new Scene([['http://x/'], ['t']], {}, { http: broken });
  scene.announcer.start();
  await scene.run(1000);
  assert.is(scene.failures.length, 2);
  assert.is(scene.failures[0]?.code, 'TRACKER_FAILED');
});

test('without trackers nothing is asked and nothing breaks', async () => {
  const scene = new Scene([]);
  scene.announcer.start();
  await scene.run(60 * MINUTE);
  scene.announcer.completed();
  void scene.announcer.stop();
  await scene.run(MINUTE);
  assert.equal(scene.failures, []);
});

test('the same seed tells the same story', async () => {
  const story = async (seed: number): Promise<string> => {
    const scene = new Scene([['a', 'b', 'c']], {}, {}, seed);
    for (const name of ['a', 'b', 'c']) scene.tracker(name, () => undefined);
    scene.announcer.start();
    await scene.run(120 * MINUTE);
    return scene.seen.map(({ tracker, atMs }) => `${tracker}${atMs}`).join();
  };
  assert.is(await story(4), await story(4));
  assert.is.not(await story(4), await story(5));
});

test.run();
