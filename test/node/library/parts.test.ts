/** Aim: the small parts of a library keep their bounds: categories, tags, trackers of a torrent, actions at a time. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlliumError } from '../../../engine/codec/error.ts';
import { changed } from '../../../engine/node/library/changing.ts';
import { entryOf, Interner, summaryOf, trackerHostOf } from '../../../engine/node/library/entry.ts';
import {
  CATEGORIES_MAX,
  NODE_OPTIONS_DEFAULTS,
  NodeBook,
  TAGS_MAX,
} from '../../../engine/node/library/node-book.ts';
import { troubleOf } from '../../../engine/node/library/trouble.ts';
import { Turns } from '../../../engine/node/library/turns.ts';
import { NodeStore } from '../../../engine/node/store/store.ts';
import { summaryFor } from './support/summary.ts';

const parts = suite('parts of a library');
const DEFAULTS = {
  ...NODE_OPTIONS_DEFAULTS,
  downloadRoot: '/d',
  connectionsMax: 10,
  uploadSlotsPerTorrent: 4,
};
const NONE = { root: '', downLimit: 0, upLimit: 0, seedLimits: {} };

async function codeOf(action: Promise<unknown>): Promise<string> {
  return action.then(
    () => '',
    (error: AlliumError) => error.code,
  );
}

parts('categories, tags and options are kept; wrong ones and one too many are refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'allium-book-'));
  const store = await NodeStore.open(folder);
  await store.begin();
  const book = new NodeBook(DEFAULTS, { store });
  await book.setCategory({ name: 'a', ...NONE });
  await book.setOptions({ downLimit: 5, seedLimits: { ratio: Number.POSITIVE_INFINITY } });
  await book.createTags(Array.from({ length: TAGS_MAX }, (_, index) => `t${index}`));
  assert.is(await codeOf(book.createTags(['one more'])), 'BAD_USAGE');
  assert.is(await codeOf(book.setCategory({ name: 'b', ...NONE, root: 'not/absolute' })), 'BAD_USAGE');
  assert.is(await codeOf(book.setOptions({ upLimit: -1 })), 'BAD_USAGE');
  assert.is(await codeOf(book.removeCategory('nobody')), 'NOT_FOUND');
  const again = new NodeBook(DEFAULTS, { store });
  assert.equal([...again.categories.values()], [{ name: 'a', ...NONE }]);
  assert.is(again.tags.size, TAGS_MAX);
  assert.equal([again.options.downLimit, again.options.seedLimits], [5, { ratio: Number.POSITIVE_INFINITY }]);
  for (let index = 1; index < CATEGORIES_MAX; index += 1)
    again.categories.set(`c${index}`, { name: '', ...NONE });
  assert.is(await codeOf(again.setCategory({ name: 'one more', ...NONE })), 'BAD_USAGE');
  await store.close(true);
  rmSync(folder, { recursive: true });
});

parts('trackers of a torrent: addresses only, and not more than a torrent has', () => {
  const entry = entryOf('aa', { ...summaryFor('t'), number: 1 }, new Interner());
  const url = (index: number): string => `udp://t${index}.test:80/announce`;
  const many = Array.from({ length: 501 }, (_, index) => [url(index)]);
  const refused = (trackers: readonly (readonly string[])[]): void => {
    assert.throws(
      () => changed(entry, { trackers }, undefined),
      (error: unknown) => error instanceof AlliumError && error.code === 'BAD_USAGE',
    );
  };
  refused(many);
  refused([['file:///etc/passwd']]);
  refused([[`http://t.test/${'x'.repeat(2_000)}`]]);
  const next = changed(entry, { trackers: [['', url(1)], [], [url(2)]] }, undefined);
  assert.equal(next.trackers, [[url(1)], [url(2)]]);
  assert.is(next.row.trackerHost, 't1.test');
  assert.is(trackerHostOf([['http://user:pass@[2001:db8::1]:80/a']]), '[2001:db8::1]');
});

parts('so many actions at a time, the others in their order', async () => {
  const turns = new Turns(3);
  let running = 0;
  let peak = 0;
  const order: number[] = [];
  const act = async (index: number): Promise<void> => {
    running += 1;
    peak = Math.max(peak, running);
    order.push(index);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    if (index === 4) throw new Error('one that fails keeps no place');
  };
  const all = Array.from({ length: 20 }, (_, index) => turns.run(() => act(index)));
  await Promise.allSettled(all);
  assert.is(peak, 3);
  assert.equal(
    order,
    order.map((_, index) => index),
  );
});

parts('a summary comes back as it went; its time goes on while nodes run, and only then', () => {
  const stored = { ...summaryFor('t', { flags: 128 | 32, seedingMs: 1_000, aliveMs: 50_000 }), number: 3 };
  const entry = entryOf('aa', stored, new Interner(), 62_000);
  assert.is(entry.row.state, 'seeding');
  assert.is(entry.row.seedingMs, 13_000, 'the last node ran for 12 s after it was saved');
  const later = summaryOf(entry, 70_000);
  assert.equal(later, { ...stored, seedingMs: 21_000, aliveMs: 70_000 });
  const stopped = entryOf('aa', { ...stored, flags: 1 }, new Interner(), 62_000);
  assert.equal([stopped.row.state, stopped.row.seedingMs], ['stopped', 1_000]);
});

parts('what passes by itself is told from what does not', () => {
  const kind = (code: 'IO_FAILED' | 'NO_SPACE' | 'NOT_FOUND' | 'NO_PERMISSION', system: string): string =>
    troubleOf(new AlliumError(code, 'x', { details: { system } })).kind;
  assert.equal(
    [kind('IO_FAILED', 'EMFILE'), kind('NO_SPACE', 'ENOSPC'), kind('NOT_FOUND', 'ENOENT')],
    ['busy', 'full', 'offline'],
  );
  assert.equal([kind('IO_FAILED', 'EIO'), kind('NO_PERMISSION', 'EACCES')], ['error', 'error']);
});

parts.run();
