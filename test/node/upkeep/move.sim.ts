// Aim: whatever ends a move, at whatever moment, no byte is in neither place. A failure leaves the source whole; after
// a power cut the same move goes on to its end.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AlliumError } from '../../../engine/codec/error.ts';
import { type FileMove, foldersOf, moveFiles } from '../../../engine/node/upkeep/move.ts';
import type { FileStat, FileSystem } from '../../../engine/runtime/port.ts';
import { fileError, systemError } from '../../../engine/runtime/real/file-error.ts';
import type { SimHost } from '../../../engine/runtime/sim/host.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';

const sim = suite('moving files');
const ROUNDS = 40;
const seed = Number(process.env['ALLIUM_TEST_SEED'] ?? Date.now() % 1_000_000);
const PATHS = [
  ['album', 'a'],
  ['album', 'sub', 'b'],
  ['album', 'empty'],
  ['album', 'sub', 'later'],
];
const moves: FileMove[] = PATHS.map((path) => ({
  from: `/one/${path.join('/')}`,
  to: `/two/in/${path.join('/')}`,
}));
const folders = foldersOf(PATHS, '/one');

/** The world's files; what is below /two is another disk when `isFar`. */
function filesOf(host: SimHost, isFar: boolean): FileSystem {
  const { files } = host.runtime;
  const isTwo = (path: string): boolean => path.startsWith('/two');
  return {
    ...files,
    async stat(path): Promise<FileStat | undefined> {
      const stat = await files.stat(path);
      return stat === undefined || !isFar || !isTwo(path) ? stat : { ...stat, device: stat.device + 1 };
    },
    async rename(from, to) {
      if (isFar && isTwo(from) !== isTwo(to)) throw fileError(systemError('EXDEV'), 'rename', from);
      await files.rename(from, to);
    },
  };
}

function contents(): Map<string, Uint8Array> {
  const a = new Uint8Array(1_300_000);
  for (let at = 0; at < a.length; at += 1) a[at] = at % 400_000 < 300_000 ? at % 251 : 0;
  return new Map([
    ['/album/a', a],
    ['/album/sub/b', new Uint8Array(70_000).fill(7)],
    ['/album/empty', new Uint8Array(0)],
  ]);
}

/** What comes of it when the world has gone on for as long as that takes. */
async function outcome<T>(world: SimWorld, promise: Promise<T>): Promise<T> {
  let isOver = false;
  const over = (): void => {
    isOver = true;
  };
  promise.then(over, over);
  await world.run({ until: () => isOver });
  return promise;
}

function makeHost(world: SimWorld): SimHost {
  const host = world.host({ address: '10.0.0.1', disk: { latencyMs: 1, rateBytesPerSec: 50_000_000 } });
  for (const [path, bytes] of contents()) host.disk.put(`/one${path}`, bytes);
  host.disk.put('/two/other', new Uint8Array(1));
  return host;
}

function assertAt(host: SimHost, root: string): void {
  for (const [path, bytes] of contents()) {
    const found = host.disk.get(`${root}${path}`);
    assert.ok(found !== undefined && Buffer.compare(found, bytes) === 0, `${root}${path} (seed ${seed})`);
  }
}

for (const isFar of [false, true]) {
  const way = isFar ? 'copied to another disk' : 'renamed on one disk';

  sim(`${way}: all of it arrives and nothing is left`, async () => {
    const world = new SimWorld({ seed });
    const host = makeHost(world);
    await outcome(world, moveFiles({ moves, folders }, { files: filesOf(host, isFar) }));
    assertAt(host, '/two/in');
    assert.equal(await outcome(world, host.runtime.files.readDirectory('/one')), []);
    assert.equal(await outcome(world, host.runtime.files.readDirectory('/two/in/album')), [
      'a',
      'empty',
      'sub',
    ]);
  });

  sim(`${way}: whichever operation fails, the source is whole and no copy stays`, async () => {
    for (let failing = 0; failing < 60; failing += 1) {
      const world = new SimWorld({ seed });
      const host = makeHost(world);
      let count = 0;
      const stop = host.disk.addFault(({ action }) => {
        if (action === 'stat' || action === 'remove') return undefined;
        count += 1;
        return count === failing + 1 ? 'ENOSPC' : undefined;
      });
      const error = await outcome(
        world,
        moveFiles({ moves, folders }, { files: filesOf(host, isFar) }).then(
          () => undefined,
          (failure: AlliumError) => failure,
        ),
      );
      stop();
      if (error === undefined) {
        assertAt(host, '/two/in');
        assert.ok(failing > 3, 'some operations were hit');
        return;
      }
      assert.is(error.code, 'NO_SPACE');
      assertAt(host, '/one');
      assert.equal(
        await outcome(world, host.runtime.files.readDirectory('/two')),
        ['other'],
        `operation ${failing}`,
      );
    }
  });

  sim(`${way}: after a power cut at any moment it goes on to its end`, async () => {
    const random = seededRandom(seed);
    for (let round = 0; round < ROUNDS; round += 1) {
      const world = new SimWorld({ seed: seed + round });
      const host = makeHost(world);
      void moveFiles({ moves, folders }, { files: filesOf(host, isFar) }).catch(() => {});
      await world.run({ forMs: random.below(isFar ? 250 : 40) });
      host.restart();
      for (const [path, bytes] of contents()) {
        const places = [`/one${path}`, `/two/in${path}`].map((place) => host.disk.get(place));
        const isSafe = places.some((found) => found !== undefined && Buffer.compare(found, bytes) === 0);
        assert.ok(isSafe, `${path} is whole somewhere (seed ${seed}, round ${round})`);
      }
      await outcome(world, moveFiles({ moves, folders }, { files: filesOf(host, isFar) }));
      assertAt(host, '/two/in');
      assert.is(host.disk.get('/one/album/a'), undefined);
    }
  });
}

sim('what lies at a target is never overwritten, and then nothing is moved', async () => {
  const world = new SimWorld({ seed });
  const host = makeHost(world);
  host.disk.put('/two/in/album/sub/b', new Uint8Array(70_000).fill(8));
  const failed = await outcome(
    world,
    moveFiles({ moves, folders }, { files: filesOf(host, true) }).catch((error: AlliumError) => error.code),
  );
  assert.is(failed, 'WRONG_KIND');
  assertAt(host, '/one');
  assert.is(host.disk.get('/two/in/album/sub/b')![0], 8);
});

sim('it can be called off', async () => {
  const world = new SimWorld({ seed });
  const host = makeHost(world);
  const cancel = new AbortController();
  const onProgress = (bytes: number): void => {
    if (bytes > 1_100_000) cancel.abort();
  };
  const failed = await outcome(
    world,
    moveFiles({ moves, folders, signal: cancel.signal, onProgress }, { files: filesOf(host, true) }).then(
      () => 'done',
      (error: Error) => error.name,
    ),
  );
  assert.is(failed, 'AbortError');
  assertAt(host, '/one');
  assert.equal(await outcome(world, host.runtime.files.readDirectory('/two')), ['other']);
});

sim.run();
