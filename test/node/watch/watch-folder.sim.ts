/**
 * Aim: the watch folder takes every good torrent file once, when it is whole, tells about a bad one once and puts it
 * away, goes on when the folder may only be read or not at all for a while, and its memory is bounded.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlliumError, type ErrorCode } from '../../../engine/codec/error.ts';
import { WATCH_DEFAULTS, WatchFolder, type WatchOptions } from '../../../engine/node/watch/watch-folder.ts';
import type { SimHost } from '../../../engine/runtime/sim/host.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';

const watch = suite('watch folder');

interface Scene {
  readonly world: SimWorld;
  readonly host: SimHost;
  readonly added: string[];
  readonly told: string[];
  readonly folder: WatchFolder;
  /** What `add` does with a file of this content. */
  readonly refuse: Map<string, ErrorCode>;
  change(): void;
  write(name: string, text: string): Promise<void>;
  names(): Promise<readonly string[]>;
}

/** Runs `play` in a world of its own. */
async function scene(options: Partial<WatchOptions>, play: (scene: Scene) => Promise<void>): Promise<void> {
  const world = new SimWorld({ seed: 7 });
  const host = world.host({ address: '10.0.0.1' });
  const { clock, files } = host.runtime;
  const added: string[] = [];
  const told: string[] = [];
  const refuse = new Map<string, ErrorCode>();
  let onChange = (): void => {};
  const folder = new WatchFolder(
    { ...WATCH_DEFAULTS, folder: '/watch', ...options },
    {
      clock,
      files,
      add: async (bytes) => {
        const text = Buffer.from(bytes).toString();
        const code = refuse.get(text);
        if (code !== undefined) throw new AlliumError(code, `no ${text}`);
        added.push(text);
      },
      onAdded: () => {},
      onBad: (path, error) => told.push(`${path} ${error.code}`),
      onTrouble: () => told.push('trouble'),
      watch: (_, callback) => {
        onChange = callback;
        return () => {
          onChange = () => {};
        };
      },
    },
  );
  const inWorld = async <T>(promise: Promise<T>): Promise<T> => {
    let done = false;
    void promise.then(
      () => (done = true),
      () => (done = true),
    );
    await world.run({ until: () => done });
    return promise;
  };
  await inWorld(folder.start());
  await play({
    ...{ world, host, added, told, folder, refuse },
    change: () => onChange(),
    write: (name, text) => inWorld(files.writeFile(`/watch/${name}`, Buffer.from(text))),
    names: () => inWorld(files.readDirectory('/watch')),
  });
}

watch('a file is taken once it has stayed as it is, and renamed', async () => {
  await scene({}, async ({ world, added, change, write, names }) => {
    await write('a.torrent', 'ha');
    change();
    await world.run({ forMs: 300 });
    await write('a.torrent', 'half'); // it is still being written
    await world.run({ forMs: 400 });
    assert.equal(added, []);
    await world.run({ forMs: 1_500 });
    assert.equal(added, ['half']);
    assert.equal(await names(), ['a.torrent.added']);
  });
});

watch('without any word from the system a regular look does', async () => {
  await scene({}, async ({ world, added, write }) => {
    await world.run({ forMs: 3_000 });
    await write('a.torrent', 'a');
    await world.run({ forMs: 12_000 });
    assert.equal(added, ['a']);
  });
});

watch('other files, hidden files and folders are left alone', async () => {
  await scene({}, async ({ world, host, added, write, names }) => {
    await write('a.txt', 'a');
    await write('.a.torrent', 'a');
    void host.runtime.files.makeDirectory('/watch/b.torrent');
    await world.run({ forMs: 30_000 });
    assert.equal(added, []);
    assert.equal(await names(), ['.a.torrent', 'a.txt', 'b.torrent']);
  });
});

watch('a bad file is put away and told once, but not before a stalled copy had its time', async () => {
  await scene({}, async ({ world, added, told, refuse, change, write, names }) => {
    refuse.set('bad', 'BAD_TORRENT');
    await write('a.torrent', 'bad');
    change();
    await world.run({ forMs: 9_000 });
    assert.equal([told, await names()], [[], ['a.torrent']]);
    await world.run({ forMs: 3_000 });
    assert.equal([told, await names()], [['/watch/a.torrent BAD_TORRENT'], ['a.torrent.bad']]);
    await world.run({ forMs: 60_000 });
    assert.is(told.length, 1);
    refuse.set('stalled', 'BAD_BENCODE');
    await write('b.torrent', 'stalled');
    change();
    await world.run({ forMs: 5_000 });
    await write('b.torrent', 'stalled copy');
    await world.run({ forMs: 5_000 });
    assert.equal(added, ['stalled copy']);
  });
});

watch('what may pass is told once and tried again', async () => {
  await scene({}, async ({ world, added, told, refuse, write, names }) => {
    refuse.set('a', 'NO_SPACE');
    await write('a.torrent', 'a');
    await world.run({ forMs: 60_000 });
    assert.equal([told, await names()], [['/watch/a.torrent NO_SPACE'], ['a.torrent']]);
    refuse.delete('a');
    await world.run({ forMs: 15_000 });
    assert.equal([added, await names()], [['a'], ['a.torrent.added']]);
  });
});

watch('a folder that may only be read: every file once, and again when it changes', async () => {
  await scene({}, async ({ world, host, added, told, refuse, write }) => {
    refuse.set('bad', 'BAD_TORRENT');
    await write('a.torrent', 'a');
    await write('b.torrent', 'bad');
    const undo = host.disk.addFault(({ action }) => (action === 'rename' ? 'EROFS' : undefined));
    await world.run({ forMs: 120_000 });
    assert.equal(added, ['a']);
    assert.is(told.length, 1);
    undo();
    await write('a.torrent', 'a, but new');
    await world.run({ forMs: 15_000 });
    assert.equal(added, ['a', 'a, but new']);
  });
});

watch('a folder that cannot be read is told once, and then it goes on', async () => {
  await scene({}, async ({ world, host, added, told, write }) => {
    await write('a.torrent', 'a');
    const undo = host.disk.addFault(({ action }) => (action === 'list' ? 'EIO' : undefined));
    await world.run({ forMs: 60_000 });
    assert.equal([added, told], [[], ['trouble']]);
    undo();
    await world.run({ forMs: 15_000 });
    assert.equal([added, told], [['a'], ['trouble']]);
  });
});

watch('at the bounds: names wait their turn, and the oldest memory goes first', async () => {
  await scene({ namesMax: 2 }, async ({ world, added, write }) => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await write(`${name}.torrent`, name);
    await world.run({ forMs: 800 });
    assert.ok(added.length <= 2, added.join());
    await world.run({ forMs: 60_000 });
    assert.equal(added, ['a', 'b', 'c', 'd', 'e']);
  });
  await scene({ rememberedMax: 2 }, async ({ world, host, added, write }) => {
    for (const name of ['a', 'b', 'c']) await write(`${name}.torrent`, name);
    host.disk.addFault(({ action }) => (action === 'rename' ? 'EROFS' : undefined));
    await world.run({ forMs: 45_000 });
    const times = (name: string): number => added.filter((other) => other === name).length;
    assert.ok(times('a') > 1, 'forgotten, so taken again; the node knows it already');
  });
});

watch('after closing nothing is taken any more', async () => {
  await scene({}, async ({ world, folder, added, change, write }) => {
    await folder.close();
    await write('a.torrent', 'a');
    change();
    await world.run({ forMs: 60_000 });
    assert.equal(added, []);
  });
});

watch.run();
