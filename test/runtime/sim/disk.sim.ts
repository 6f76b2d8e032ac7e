/** Aim: a virtual disk loses in a power cut what a real one may, keeps what it must, and fails on demand. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Runtime } from '../../../engine/runtime/port.ts';
import type { SimHost } from '../../../engine/runtime/sim/host.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { codeOf } from '../conformance/errors.ts';
import { pattern, sameBytes } from '../conformance/pair.ts';

const test = suite('simulated disk');

function start(seed: number, disk = {}): { world: SimWorld; host: SimHost } {
  const world = new SimWorld({ seed });
  return { world, host: world.host({ address: '10.0.0.1', disk }) };
}

/** Runs a program until it is through. */
async function play<T>(world: SimWorld, program: Promise<T>): Promise<T> {
  let settled = false;
  const mark = (): void => {
    settled = true;
  };
  program.then(mark, mark);
  await world.run({ until: () => settled });
  return program;
}

test('writeFile gives the old or the new content whenever the power fails', async () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    const { world, host } = start(seed, { latencyMs: 1 });
    const rewrite = async ({ files }: Runtime): Promise<void> => {
      for (let version = 0; version < 10; version++)
        await files.writeFile('/state', pattern(10_000, version));
    };
    void rewrite(host.runtime);
    await world.run({ untilMs: seed / 5 });
    host.crash();
    const left = host.disk.get('/state');
    if (left !== undefined) {
      const version = Array.from({ length: 10 }, (_, i) => i).find(
        (i) => Buffer.compare(left, pattern(10_000, i)) === 0,
      );
      assert.is.not(version, undefined, `seed ${seed}: neither old nor new`);
    }
    seen.add(String(left?.[5000]));
  }
  assert.ok(seen.size > 8, 'the power failed at many moments');
});

test('names made, moved and removed without a sync come back in part, in order', async () => {
  const kept = new Set<number>();
  for (let seed = 0; seed < 40; seed++) {
    const { world, host } = start(seed);
    const { files } = host.runtime;
    const program = async (): Promise<void> => {
      await files.writeFile('/a', pattern(10));
      await files.rename('/a', '/b');
      await files.makeDirectory('/folder');
      await files.rename('/b', '/folder/c');
      await files.remove('/folder/c');
    };
    await play(world, program());
    host.crash();
    const names = host.disk.tree.list('/').join();
    const inside = names.includes('folder') ? host.disk.tree.list('/folder').join() : '';
    const state = ['a', 'b', 'b,folder', 'folder c', 'folder '].indexOf(
      names === 'folder' ? `folder ${inside}` : names,
    );
    assert.is.not(state, -1, `seed ${seed}: ${names} ${inside}`);
    kept.add(state);
    if (state < 4) {
      const path = ['/a', '/b', '/b', '/folder/c'][state]!;
      sameBytes(host.disk.get(path) ?? new Uint8Array(0), pattern(10), `seed ${seed}`);
    }
  }
  assert.is(kept.size, 5, 'every prefix was seen');
});

test('a sync makes a file and all names before it permanent', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const { world, host } = start(seed);
    const { files } = host.runtime;
    const program = async (): Promise<void> => {
      await files.makeDirectory('/x/y');
      const handle = await files.open('/x/y/file', 'write');
      await handle.writev([pattern(50_000)], 0);
      await handle.sync();
      await handle.writev([pattern(10)], 100_000);
    };
    await play(world, program());
    host.crash();
    const left = host.disk.get('/x/y/file');
    sameBytes(left?.subarray(0, 50_000) ?? new Uint8Array(0), pattern(50_000), `seed ${seed}`);
    assert.ok([50_000, 100_010].includes(left!.length), `${left!.length}`);
  }
});

test('a full disk writes nothing, and has room again when something is removed', async () => {
  const { world, host } = start(1, { capacityBytes: 100 * 4096 });
  const { files } = host.runtime;
  const program = async (): Promise<void> => {
    const handle = await files.open('/big', 'write');
    await handle.truncate(1 << 30);
    await handle.writev([new Uint8Array(60 * 4096)], 0);
    assert.is(await codeOf(handle.writev([new Uint8Array(41 * 4096)], 1 << 20)), 'NO_SPACE');
    await handle.writev([new Uint8Array(60 * 4096)], 0);
    await handle.writev([new Uint8Array(40 * 4096)], 1 << 20);
    assert.is(await codeOf(files.writeFile('/small', pattern(1))), 'NO_SPACE');
    assert.is(host.disk.usedBytes, 100 * 4096);
    await files.remove('/big');
    await files.writeFile('/small', pattern(1));
    assert.is(host.disk.usedBytes, 4096);
  };
  await play(world, program());
});

test('a disk has a rate, and operations share it', async () => {
  const { world, host } = start(1, { rateBytesPerSec: 1_000_000, latencyMs: 2 });
  host.disk.put('/a', pattern(1000));
  const handle = await play(world, host.runtime.files.open('/a', 'write'));
  const startedMs = world.nowMs;
  const both = [handle.writev([new Uint8Array(100_000)], 0), handle.writev([new Uint8Array(100_000)], 0)];
  await play(world, Promise.all(both));
  assert.is(Math.round(world.nowMs - startedMs), 202);
});

test('faults hit the operations they choose, until they are taken back; rot tells nobody', async () => {
  const { world, host } = start(1);
  const { files } = host.runtime;
  host.disk.put('/a', pattern(100));
  const repair = host.disk.addFault(({ action, path, position }) =>
    action === 'read' && path === '/a' && position >= 50 ? 'EIO' : undefined,
  );
  const program = async (): Promise<void> => {
    const handle = await files.open('/a', 'read');
    const target = new Uint8Array(10);
    assert.is(await handle.readv([target], 0), 10);
    assert.is(await codeOf(handle.readv([target], 50)), 'IO_FAILED');
    repair();
    assert.is(await handle.readv([target], 50), 10);
    await handle.close();
    host.disk.rot('/a', 52, 1);
    const bytes = await files.readFile('/a', 100);
    assert.equal(
      [...bytes.keys()].filter((i) => bytes[i] !== pattern(100)[i]),
      [52],
    );
  };
  await play(world, program());
});

test.run();
