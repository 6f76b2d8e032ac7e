/**
 * Aim: announces over UDP reach a tracker of this very code over links that lose datagrams and trackers that are restarted,
 * answers of strangers count for nothing, and what nobody answers fails in time. On a virtual clock.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlliumError } from '../../../engine/codec/error.ts';
import type { AnnounceRequest } from '../../../engine/discovery/tracker/types.ts';
import { UDP_PENDING_MAX, UdpExchange } from '../../../engine/discovery/tracker/udp-exchange.ts';
import { encodeUdpScrape, UDP_ACTION } from '../../../engine/discovery/tracker/udp-messages.ts';
import { udpAnnounce, udpScrape } from '../../../engine/discovery/tracker/udp-tracker.ts';
import { RateGuard } from '../../../engine/discovery/tracker-server/rate-guard.ts';
import { TRACKER_DEFAULTS, Tracker } from '../../../engine/discovery/tracker-server/tracker.ts';
import { newTrackerCounts } from '../../../engine/discovery/tracker-server/tracker-counts.ts';
import { UdpResponder } from '../../../engine/discovery/tracker-server/udp-responder.ts';
import { serveUdpTracker } from '../../../engine/discovery/tracker-server/udp-server.ts';
import type { Clock, DatagramSocket } from '../../../engine/runtime/port.ts';
import type { SimHost } from '../../../engine/runtime/sim/host.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';

const test = suite('UDP tracker');
const URL = 'udp://tracker.test:6969/announce?passkey=x';

function request(fields: Partial<AnnounceRequest> = {}): AnnounceRequest {
  return {
    infoHash: new Uint8Array(20).fill(7),
    peerId: new Uint8Array(20).fill(65),
    port: 6881,
    uploaded: 1,
    downloaded: 2,
    left: 3,
    event: 'started',
    peersWanted: 50,
    key: 4,
    ...fields,
  };
}

class Scene {
  readonly world: SimWorld;
  readonly tracker: SimHost;
  socket: DatagramSocket | undefined;
  swarms: Tracker | undefined;
  readonly counts = newTrackerCounts();

  constructor(lossRate = 0, seed = 1) {
    this.world = new SimWorld({ seed });
    const access = { latencyMs: 20, jitterMs: 5, lossRate };
    this.tracker = this.world.host({ address: '10.0.0.1', names: ['tracker.test'], access });
  }

  /** Opens the tracker; a second time it has forgotten everything. */
  async open(perMinuteMax = 0): Promise<void> {
    this.socket?.close();
    const { runtime } = this.tracker;
    const options = { ...TRACKER_DEFAULTS, torrentsMax: 1000, peersMax: 1000 };
    this.swarms = new Tracker(options, runtime);
    const responder = new UdpResponder({
      ...runtime,
      tracker: this.swarms,
      guard: new RateGuard({ perMinuteMax }, runtime),
      counts: this.counts,
      gate: undefined,
    });
    const { network } = runtime;
    this.socket = await serveUdpTracker({ host: '0.0.0.0', port: 6969 }, { network, responder });
  }

  client(number: number) {
    const { runtime } = this.world.host({ address: `10.0.1.${number}` });
    const exchange = new UdpExchange(runtime);
    const modules = { network: runtime.network, exchange };
    return { announce: udpAnnounce(modules), scrape: udpScrape(modules), exchange, runtime };
  }

  async wait<T>(promise: Promise<T>, forMs = 120_000): Promise<T> {
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    promise.then(settle, settle);
    await this.world.run({ until: () => settled, forMs });
    assert.ok(settled, 'nothing came of it');
    return promise;
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof AlliumError ? `${error.code} ${error.details['reason'] ?? ''}`.trim() : String(error);

test('peers hear of each other, and leave', async () => {
  const scene = new Scene();
  await scene.open();
  const [one, two, three] = [scene.client(1), scene.client(2), scene.client(3)];
  const first = await scene.wait(one.announce(URL, request(), 20_000));
  assert.equal([first.peers, first.complete, first.incomplete], [[], 0, 1]);
  assert.ok(first.intervalMs! >= TRACKER_DEFAULTS.intervalSec * 1000);
  await scene.wait(two.announce(URL, request({ port: 7000, left: 0 }), 20_000));
  const third = await scene.wait(three.announce(URL, request(), 20_000));
  assert.equal(
    [...third.peers].sort((a, b) => a.port - b.port),
    [
      { host: '10.0.1.1', port: 6881 },
      { host: '10.0.1.2', port: 7000 },
    ],
  );
  const seeder = await scene.wait(
    two.announce(URL, request({ port: 7000, left: 0, event: undefined }), 20_000),
  );
  assert.equal(
    seeder.peers.map(({ host }) => host).sort(),
    ['10.0.1.1', '10.0.1.3'],
    'a seeder hears of leechers',
  );
  assert.equal([third.complete, third.incomplete], [1, 2]);
  await scene.wait(one.announce(URL, request({ event: 'completed', left: 0 }), 20_000));
  await scene.wait(one.announce(URL, request({ event: 'stopped', left: 0 }), 20_000));
  const [entry, unknown] = await scene.wait(
    two.scrape(URL, [new Uint8Array(20).fill(7), new Uint8Array(20)], 20_000),
  );
  assert.equal(entry, { complete: 1, incomplete: 1, downloaded: 1 });
  assert.equal(unknown, { complete: 0, incomplete: 0, downloaded: 0 });
});

test('a third of all datagrams lost: asked again until the answer is there', async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const scene = new Scene(0.33, seed);
    await scene.open();
    const answer = await scene.wait(scene.client(1).announce(URL, request(), 300_000), 300_000);
    assert.is(answer.incomplete, 1, `seed ${seed}`);
  }
});

test('a tracker that was restarted no longer knows its identifiers: the client connects again', async () => {
  const scene = new Scene();
  await scene.open();
  const client = scene.client(1);
  await scene.wait(client.announce(URL, request(), 20_000));
  await scene.open();
  const answer = await scene.wait(client.announce(URL, request(), 20_000));
  assert.is(answer.incomplete, 1);
  assert.is(scene.counts.wrongConnection, 1);
});

test('nobody answers: the announce fails in time, and nothing is kept', async () => {
  const scene = new Scene();
  const client = scene.client(1);
  const beganMs = scene.world.nowMs;
  const failure = await scene.wait(client.announce(URL, request(), 20_000).catch(reasonOf));
  assert.is(failure, 'NETWORK_FAILED');
  assert.is(scene.world.nowMs - beganMs, 20_000);
  assert.is(client.exchange.pendingCount, 0);
});

test('answers of others, of other questions and of other kinds are not taken', async () => {
  const scene = new Scene();
  const stranger = scene.world.host({ address: '10.0.9.9' });
  const heard: number[] = [];
  scene.socket = await scene.tracker.runtime.network.bindDatagram(
    { host: '0.0.0.0', port: 6969 },
    (bytes, from) => {
      heard.push(bytes.length);
      const answer = Uint8Array.from([0, 0, 0, 0, ...bytes.subarray(12, 16), 1, 2, 3, 4, 5, 6, 7, 8]);
      void stranger.runtime.network
        .bindDatagram({ host: '0.0.0.0', port: 6969 }, () => {})
        .then((socket) => {
          socket.send(answer, from);
          socket.close();
        });
      const otherQuestion = answer.slice();
      otherQuestion[5]! ^= 1;
      scene.socket!.send(otherQuestion, from);
      const otherKind = answer.slice();
      otherKind[3] = UDP_ACTION.announce;
      scene.socket!.send(otherKind, from);
      scene.socket!.send(answer.subarray(0, 7), from);
    },
  );
  const failure = await scene.wait(scene.client(1).announce(URL, request(), 12_000).catch(reasonOf));
  assert.is(failure, 'NETWORK_FAILED');
  assert.equal(heard, [16, 16], 'asked again after five seconds; ten more would be too late');
});

test('an identifier of another address, or an old one, is refused with an answer shorter than the question', async () => {
  const scene = new Scene();
  await scene.open();
  const client = scene.client(1);
  const to = { host: '10.0.0.1', port: 6969 };
  let identifier = new Uint8Array(8);
  await scene.wait(
    client.exchange.ask(
      to,
      UDP_ACTION.scrape,
      (connection, transaction) => {
        identifier = connection.slice();
        return encodeUdpScrape(connection, transaction, [new Uint8Array(20)]);
      },
      1000,
    ),
  );
  const answers: Uint8Array[] = [];
  const other = scene.world.host({ address: '10.0.2.1' });
  const socket = await other.runtime.network.bindDatagram({ host: '0.0.0.0', port: 0 }, (bytes) =>
    answers.push(bytes.slice()),
  );
  const question = encodeUdpScrape(identifier, 9, [new Uint8Array(20)]);
  socket.send(question, to);
  await scene.world.run({ forMs: 1000 });
  assert.equal([answers.length, answers[0]?.[3]], [1, UDP_ACTION.error]);
  assert.ok(answers[0]!.length <= question.length);
  await scene.world.run({ forMs: 130_000 });
  const failure = await scene.wait(
    client.exchange
      .ask(
        to,
        UDP_ACTION.scrape,
        (_fresh, transaction) => encodeUdpScrape(identifier, transaction, [new Uint8Array(20)]),
        1000,
      )
      .catch(reasonOf),
  );
  assert.is(failure, 'TRACKER_FAILED connect again');
});

test('whoever asks too often is left without an answer until the minute is over', async () => {
  const scene = new Scene();
  await scene.open(3);
  const client = scene.client(1);
  await scene.wait(client.announce(URL, request(), 1000));
  await scene.wait(client.announce(URL, request(), 1000));
  assert.is(await scene.wait(client.announce(URL, request(), 1000).catch(reasonOf)), 'NETWORK_FAILED');
  await scene.world.run({ forMs: 60_000 });
  await scene.wait(client.announce(URL, request(), 1000));
});

test('peers that are not heard of again are forgotten, and their torrents with them', async () => {
  const scene = new Scene();
  await scene.open();
  await scene.wait(scene.client(1).announce(URL, request(), 1000));
  const swarms = scene.swarms!;
  assert.is(swarms.sweep(10, scene.world.nowMs / 1000), 0);
  await scene.world.run({ forMs: (TRACKER_DEFAULTS.expirySec + 1) * 1000 });
  assert.is(swarms.sweep(10, scene.world.nowMs / 1000), 1);
  assert.equal([swarms.peerCount, swarms.torrents.count], [0, 0]);
});

test('questions under way are bounded', async () => {
  const scene = new Scene();
  const client = scene.client(1);
  let next = 0;
  const all = Array.from({ length: UDP_PENDING_MAX + 1 }, () =>
    client.exchange
      .ask(
        { host: '10.0.0.1', port: 6969 + (next++ % 2000) },
        UDP_ACTION.scrape,
        () => new Uint8Array(36),
        1000,
      )
      .catch(reasonOf),
  );
  await scene.world.run({ forMs: 10 });
  assert.is(client.exchange.pendingCount, UDP_PENDING_MAX);
  assert.equal(new Set(await scene.wait(Promise.all(all))), new Set(['NETWORK_FAILED']));
});

test('nothing is left to come after a close: no timer, no datagram', async () => {
  const scene = new Scene();
  const { runtime } = scene.client(1);
  let timers = 0;
  const clock: Clock = {
    now: () => runtime.clock.now(),
    wallClock: () => runtime.clock.wallClock(),
    setTimer: (delayMs, callback) => {
      timers++;
      let isOver = false;
      const over = (): void => {
        if (!isOver) timers--;
        isOver = true;
      };
      const timer = runtime.clock.setTimer(delayMs, () => {
        over();
        callback();
      });
      return {
        cancel: () => {
          over();
          timer.cancel();
        },
      };
    },
  };
  for (const afterMs of [0, 50]) {
    const exchange = new UdpExchange({ ...runtime, clock });
    const asked = exchange
      .ask({ host: '10.0.0.1', port: 6969 }, UDP_ACTION.scrape, () => new Uint8Array(16), 20_000)
      .catch(reasonOf);
    if (afterMs > 0) await scene.world.run({ forMs: afterMs });
    exchange.close();
    assert.is(await scene.wait(asked), 'NETWORK_FAILED');
    assert.is(timers, 0, `closed after ${afterMs} ms`);
  }
});

test('who listens nowhere hears of others and is told to nobody', async () => {
  const scene = new Scene();
  await scene.open();
  const [one, two] = [scene.client(1), scene.client(2)];
  await scene.wait(one.announce(URL, request(), 20_000));
  const deaf = await scene.wait(two.announce(URL, request({ port: 0 }), 20_000));
  assert.equal(deaf.peers, [{ host: '10.0.1.1', port: 6881 }]);
  assert.is(scene.swarms!.peerCount, 1);
});

test.run();
