// Aim: whatever a web server answers, nothing is thrown, no answer has another length than was asked for, and a torrent
// whose other web seed is honest finishes with the right bytes. 12,000 answers and three swarms, each from its seed.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { askWebSeed } from '../../../engine/bittorrent/web-seed/ask.ts';
import { WebSeeds } from '../../../engine/bittorrent/web-seed/web-seeds.ts';
import type { HttpResponse } from '../../../engine/runtime/port.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { makeTorrent } from '../support/make-torrent.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { startSimPeer } from '../support/sim-peer.ts';
import { answerRange } from './support/web-server.ts';

const test = suite('answers of web seeds');
const STATUS = [0, 100, 200, 200, 204, 206, 206, 206, 301, 404, 416, 429, 500, 503, 999];

test('12,000 answers', async () => {
  const random = seededRandom(7);
  for (let round = 0; round < 12_000; round++) {
    const parts = Array.from({ length: 1 + random.below(3) }, (_, index) => ({
      url: random.below(5) === 0 ? undefined : `http://w/${index}`,
      position: random.below(100),
      byteLength: 1 + random.below(50),
      fileBytes: random.below(2) * 200,
    }));
    const http = (): Promise<HttpResponse> => {
      if (random.below(10) === 0) return Promise.reject(new Error('broken'));
      const lengths = [0, 200, ...parts.map(({ byteLength }) => byteLength), random.below(300)];
      const body = random.bytes(lengths[random.below(lengths.length)]!);
      return Promise.resolve({ status: STATUS[random.below(STATUS.length)]!, body });
    };
    const answer = await askWebSeed(parts, { http });
    if (answer.kind !== 'bytes') continue;
    const wanted = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
    assert.is(answer.bytes.length, wanted, `round ${round}`);
  }
});

for (const seed of [1, 2, 3]) {
  test(`a web seed that answers anything, beside an honest one (seed ${seed})`, async () => {
    const made = makeTorrent({ name: 'fuzz', pieceLength: 1 << 15, fileBytes: [900_000, 30_000] });
    const world = new SimWorld({ seed });
    const random = seededRandom(seed);
    const host = world.host({ address: '10.1.0.1', upBytesPerSec: 1e7, downBytesPerSec: 1e7 });
    const peer = await startIn(world, startSimPeer(host, made));
    world.serveHttp('wild.example', (request) => {
      const right = answerRange(made, '/', request);
      if (random.below(3) === 0) throw new Error('gone');
      if (random.below(3) === 0) return { status: 500, body: random.bytes(random.below(100)) };
      const body = right.body.slice();
      if (random.below(2) === 0) body[random.below(body.length)]! ^= 1;
      return { status: right.status, body };
    });
    world.serveHttp('good.example', (request) => answerRange(made, '/', request));
    const web = new WebSeeds(
      ['wild', 'good'].map((name) => ({ kind: 'files', url: `http://${name}.example/` }) as const),
      { runtime: host.runtime, torrent: peer.torrent, admit: (open) => peer.shard.admit(open) },
    );
    web.start();
    await world.run({ forMs: 120_000, until: () => peer.torrent.picker.isDone });
    assert.ok(peer.torrent.have.isFull, 'it finishes');
    assert.is.not(web.seeds[1]!.state, 'given-up');
    web.stop();
    void peer.shard.close();
    await world.run({ forMs: 5_000 });
    peer.slab.assertAllReturned();
  });
}

async function startIn<T>(world: SimWorld, starting: Promise<T>): Promise<T> {
  let started: T | undefined;
  void starting.then((value) => (started = value));
  await world.run({ until: () => started !== undefined, forMs: 1000 });
  return started!;
}

test.run();
