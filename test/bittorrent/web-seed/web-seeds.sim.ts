// Aim: a torrent is downloaded from web seeds alone, of both kinds and in every version; those that fail are asked
// again later, those that refuse or lie are given up and nobody else is blamed; memory and connections keep their bounds.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { webSeedsOf } from '../../../engine/bittorrent/web-seed/addresses.ts';
import { RUN_BYTES_MAX } from '../../../engine/bittorrent/web-seed/stream.ts';
import type { WebSeedAddress } from '../../../engine/bittorrent/web-seed/types.ts';
import { CONNECTED_MAX, WebSeeds } from '../../../engine/bittorrent/web-seed/web-seeds.ts';
import type { HttpRequest, HttpResponse } from '../../../engine/runtime/port.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { type MadeTorrent, makeTorrent } from '../support/make-torrent.ts';
import { hasContent, SIM_PORT, type SimPeer, startSimPeer } from '../support/sim-peer.ts';
import { answerPieces, answerRange } from './support/web-server.ts';

const test = suite('web seeds');
const FILES: readonly number[] = [700_001, 1, 65_536, 1_500_000];
const made = makeTorrent({ name: 'web seeds', pieceLength: 1 << 16, fileBytes: FILES });

interface Scene {
  readonly world: SimWorld;
  readonly peer: SimPeer;
  readonly web: WebSeeds;
}

/** One peer that knows nobody but these web seeds. */
async function scene(
  seed: number,
  torrent: MadeTorrent,
  addresses: readonly WebSeedAddress[],
): Promise<Scene> {
  const world = new SimWorld({ seed });
  const host = world.host({ address: '10.1.0.1', upBytesPerSec: 1e7, downBytesPerSec: 1e7 });
  let peer: SimPeer | undefined;
  void startSimPeer(host, torrent).then((started) => (peer = started));
  await world.run({ until: () => peer !== undefined, forMs: 1000 });
  const web = new WebSeeds(addresses, {
    runtime: host.runtime,
    torrent: peer!.torrent,
    admit: (open) => peer!.shard.admit(open),
  });
  return { world, peer: peer!, web };
}

async function finish({ world, peer, web }: Scene, torrent: MadeTorrent, forMs = 60_000): Promise<void> {
  web.start();
  await world.run({ forMs, until: () => peer.torrent.picker.isDone });
  assert.ok(peer.torrent.have.isFull, 'it finishes');
  let same: boolean | undefined;
  void hasContent(peer.host, torrent).then((result) => (same = result));
  await world.run({ until: () => same !== undefined, forMs: 10_000 });
  assert.is(same, true, 'with the right bytes');
}

/** Everything is given back once all is closed. */
async function close({ world, peer, web }: Scene): Promise<void> {
  web.stop();
  void peer.shard.close();
  await world.run({ forMs: 5_000 });
  assert.is(peer.shard.connectionCount, 0);
  peer.slab.assertAllReturned();
}

for (const version of ['v1', 'v2', 'hybrid'] as const) {
  test(`${version}: files of a folder, asked for in bounded ranges`, async () => {
    const torrent = makeTorrent({ name: 'räume & wege', pieceLength: 1 << 16, fileBytes: FILES, version });
    const here = await scene(1, torrent, [{ kind: 'files', url: 'http://web.example/data/' }]);
    let longest = 0;
    here.world.serveHttp('web.example', (request) => {
      const answer = answerRange(torrent, '/data/', request);
      longest = Math.max(longest, answer.body.length);
      return answer;
    });
    await finish(here, torrent);
    assert.ok(longest <= RUN_BYTES_MAX, `${longest}`);
    assert.is(here.peer.torrent.downloader.stats.wastedBytes, 0);
    await close(here);
  });
}

test('a single file, by the URL of itself and by its folder', async () => {
  const single = makeTorrent({ name: 'a b.bin', pieceLength: 1 << 16, fileBytes: [300_000] });
  for (const url of ['http://web.example/a%20b.bin', 'http://web.example/']) {
    const here = await scene(2, single, [{ kind: 'files', url }]);
    here.world.serveHttp('web.example', (request) => answerRange(single, '/', request));
    await finish(here, single);
    await close(here);
  }
});

test('BEP 17: ranges of pieces, and the patience that a busy server asks for', async () => {
  const here = await scene(3, made, [{ kind: 'pieces', url: 'http://web.example/seed.php?x=1' }]);
  const askedAtMs: number[] = [];
  here.world.serveHttp('web.example', (request) => {
    askedAtMs.push(here.world.nowMs);
    if (askedAtMs.length === 1) return { status: 503, body: Buffer.from('40\n') };
    return answerPieces(made, request);
  });
  await finish(here, made, 120_000);
  const later = askedAtMs.find((ms) => ms > askedAtMs[0]! + 1000)!;
  assert.ok(later - askedAtMs[0]! >= 40_000, 'it was left alone for 40 s');
  await close(here);
});

test('one that fails is asked again, later and later', async () => {
  const here = await scene(4, made, [{ kind: 'files', url: 'http://web.example/' }]);
  const failures: number[] = [];
  here.world.serveHttp('web.example', (request) => {
    if (here.world.nowMs < 60_000) {
      failures.push(here.world.nowMs);
      throw new Error('it hangs up');
    }
    return answerRange(made, '/', request);
  });
  await finish(here, made, 200_000);
  assert.ok(
    failures.length >= 2 && failures.length <= 12,
    `${failures.length} tries in the minute it was away`,
  );
  await close(here);
});

const REFUSING: readonly (readonly [what: string, answer: (request: HttpRequest) => HttpResponse])[] = [
  ['has not got it', () => ({ status: 404, body: Buffer.from('not here') })],
  ['sends something shorter', () => ({ status: 206, body: new Uint8Array(17) })],
  ['sends another file whole', () => ({ status: 200, body: new Uint8Array(17) })],
];
for (const [what, answer] of REFUSING) {
  test(`one that ${what} is given up, and another one goes on`, async () => {
    const here = await scene(5, made, [
      { kind: 'files', url: 'http://bad.example/' },
      { kind: 'files', url: 'http://good.example/' },
    ]);
    let asked = 0;
    here.world.serveHttp('bad.example', (request) => {
      asked++;
      return answer(request);
    });
    here.world.serveHttp('good.example', (request) => answerRange(made, '/', request));
    await finish(here, made);
    assert.is(here.web.seeds[0]!.state, 'given-up');
    assert.ok(asked <= 2, `${asked}`);
    await close(here);
  });
}

test('one that knows no ranges is used for short files and never read beyond the bound', async () => {
  const long = makeTorrent({ name: 'long', pieceLength: 1 << 18, fileBytes: [5_000_000, 100_000] });
  const here = await scene(6, long, [{ kind: 'files', url: 'http://plain.example/' }]);
  let longestMax = 0;
  here.world.serveHttp('plain.example', (request) => {
    longestMax = Math.max(longestMax, request.maxBytes);
    return { ...answerRange(long, '/', { ...request, headers: {} }), status: 200 };
  });
  here.web.start();
  await here.world.run({ forMs: 30_000 });
  assert.not.ok(here.peer.torrent.picker.isDone);
  assert.ok(longestMax <= RUN_BYTES_MAX, `${longestMax}`);
  await close(here);
  const short = makeTorrent({ name: 'short', pieceLength: 1 << 14, fileBytes: [90_000, 80_000] });
  const there = await scene(6, short, [{ kind: 'files', url: 'http://plain.example/' }]);
  there.world.serveHttp('plain.example', (request) => ({
    ...answerRange(short, '/', { ...request, headers: {} }),
    status: 200,
  }));
  await finish(there, short);
  await close(there);
});

for (const seed of [11, 12, 13]) {
  test(`one that lies is found and given up, honest peers and web seeds are not (seed ${seed})`, async () => {
    const here = await scene(seed, made, [
      { kind: 'files', url: 'http://liar.example/' },
      { kind: 'files', url: 'http://good.example/' },
    ]);
    here.world.serveHttp('liar.example', (request) => {
      const { status, body } = answerRange(made, '/', request);
      return { status, body: body.map((byte) => byte ^ 1) };
    });
    here.world.serveHttp('good.example', (request) => answerRange(made, '/', request));
    const other = here.world.host({ address: '10.1.0.2', upBytesPerSec: 2e5, downBytesPerSec: 1e6 });
    void startSimPeer(other, made, { seeder: true });
    await here.world.run({ forMs: 100 });
    here.peer.torrent.addCandidates([{ host: '10.1.0.2', port: SIM_PORT }]);
    await finish(here, made);
    assert.ok(here.peer.torrent.downloader.stats.failedPieces > 0);
    await here.world.run({ forMs: 1000 });
    assert.equal(
      here.web.seeds.map(({ state }) => state === 'given-up'),
      [true, false],
    );
    const nobody = new Uint8Array(20);
    assert.not.ok(here.peer.torrent.pool.isBanned({ host: '10.1.0.2', port: SIM_PORT }, nobody));
    await close(here);
  });
}

test('a slow one does not hold up fast peers, and a fast one helps a slow peer', async () => {
  const big = makeTorrent({ name: 'big', pieceLength: 1 << 17, fileBytes: [8_000_000] });
  const here = await scene(21, big, [{ kind: 'files', url: 'http://slow.example/' }]);
  let bySlow = 0;
  here.world.serveHttp('slow.example', async (request) => {
    const answer = answerRange(big, '/', request);
    bySlow += answer.body.length;
    await new Promise<void>((resolve) => {
      here.peer.host.runtime.clock.setTimer(answer.body.length / 20, resolve); // 20 kB/s
    });
    return answer;
  });
  const other = here.world.host({ address: '10.1.0.2', upBytesPerSec: 1e6, downBytesPerSec: 1e6 });
  void startSimPeer(other, big, { seeder: true });
  await here.world.run({ forMs: 100 });
  here.peer.torrent.addCandidates([{ host: '10.1.0.2', port: SIM_PORT }]);
  const beganMs = here.world.nowMs;
  await finish(here, big);
  assert.ok(bySlow > 0, 'it was asked');
  assert.ok(
    here.world.nowMs - beganMs < 16_000,
    `8 s at the rate of the peer, took ${here.world.nowMs - beganMs}`,
  );
  await close(here);
});

test('one that never answers is given half a minute, then others are asked for its blocks', async () => {
  const here = await scene(41, made, [{ kind: 'files', url: 'http://mute.example/' }]);
  here.world.serveHttp('mute.example', () => new Promise(() => {}));
  here.web.start();
  await here.world.run({ forMs: 5_000 });
  assert.is(here.web.seeds[0]!.state, 'connected');
  await here.world.run({ forMs: 28_000 });
  assert.is(here.web.seeds[0]!.failures, 1);
  assert.is(here.web.seeds[0]!.state, 'waiting');
  const other = here.world.host({ address: '10.1.0.2', upBytesPerSec: 1e6, downBytesPerSec: 1e6 });
  void startSimPeer(other, made, { seeder: true });
  await here.world.run({ forMs: 100 });
  here.peer.torrent.addCandidates([{ host: '10.1.0.2', port: SIM_PORT }]);
  await finish(here, made);
  await close(here);
});

test('of many web seeds, eight are in use at once; a torrent that has everything uses none', async () => {
  const urls = Array.from({ length: 50 }, (_, index) => `http://s${index}.example/`);
  const addresses = webSeedsOf({
    webSeeds: ['ftp://x/', 'nonsense', ...urls],
    httpSeeds: [],
    infoHashV1: undefined,
  });
  assert.is(addresses.length, 32);
  const here = await scene(31, made, addresses);
  let most = 0;
  for (const url of urls) {
    here.world.serveHttp(new URL(url).host, (request) => {
      most = Math.max(most, here.web.seeds.filter(({ state }) => state === 'connected').length);
      return answerRange(made, '/', request);
    });
  }
  await finish(here, made);
  assert.is(most, CONNECTED_MAX);
  await here.world.run({ forMs: 30_000 });
  assert.is(here.peer.torrent.peers.size, 0, 'nobody is needed any more');
  await close(here);
});

test.run();
