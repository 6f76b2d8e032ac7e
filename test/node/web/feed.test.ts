/**
 * Aim: what is pushed to pages: a first load in parts and what changed after it, nothing twice and nothing lost; a page
 * that comes back gets only what it missed; a slow one gets fewer; no more pages than the bound; nothing goes on after.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DETAIL_FEED_DEFAULTS, DetailFeed } from '../../../engine/node/web/detail-feed.ts';
import { LIST_FEED_DEFAULTS, ListFeed } from '../../../engine/node/web/list-feed.ts';
import { SpeedHistory } from '../../../engine/node/web/speed-history.ts';
import type { DetailEvent, RowsEvent, StatsEvent } from '../../../engine/node/web/wire.ts';
import { FakeControl } from '../control/fake-control.ts';
import { fakeRow } from '../control/fake-rows.ts';

const feeds = suite('feeds of the page');
const OPTIONS = { ...LIST_FEED_DEFAULTS, version: '1', beatMs: 5, statsEveryMs: 20, rowsPerPart: 3 };

// The timers of a feed keep no process alive.
let awake: NodeJS.Timeout | undefined;
feeds.before(() => {
  awake = setInterval(() => {}, 1_000);
});
feeds.after(() => clearInterval(awake));

/** Events of a stream, one after the other. */
class Reader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #events: { readonly name: string; readonly data: unknown }[] = [];

  constructor(stream: ReadableStream<Uint8Array> | undefined) {
    assert.ok(stream !== undefined, 'there is room for it');
    this.#reader = stream!.getReader();
  }

  /** undefined: the stream has ended. */
  async next<T>(name: string): Promise<T | undefined> {
    for (;;) {
      for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
        if (event.name === name) return event.data as T;
      }
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      for (const text of Buffer.from(value).toString().split('\n\n')) {
        const match = /^(?:id: \d+\n)?event: (\w+)\ndata: (.*)$/.exec(text);
        if (match !== null) this.#events.push({ name: match[1]!, data: JSON.parse(match[2]!) });
      }
    }
  }

  /** All rows of a first load. */
  async load(): Promise<{ readonly parts: RowsEvent[]; readonly revision: number }> {
    const parts: RowsEvent[] = [];
    for (;;) {
      const part = (await this.next<RowsEvent>('rows'))!;
      parts.push(part);
      if (part.revision > 0) return { parts, revision: part.revision };
    }
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }
}

const feedOf = (control: FakeControl, some: Partial<typeof OPTIONS> = {}): ListFeed =>
  new ListFeed({ ...OPTIONS, ...some }, { control, now: () => Date.now() });

feeds('a first load comes in parts, what moves first, then the newest; then what changes', async () => {
  const control = new FakeControl(7);
  const moving = control.put(fakeRow(20, { name: 'moving', upBytesPerSec: 9 }));
  control.put(fakeRow(21));
  const feed = feedOf(control);
  const page = new Reader(feed.open(0));
  const { parts } = await page.load();
  assert.equal(
    parts.map(({ reset, rows }) => [reset, rows.length]),
    [
      [true, 3],
      [false, 3],
      [false, 3],
    ],
  );
  const names = parts.flatMap(({ rows }) => rows.map((row) => row[1]));
  assert.equal(names.slice(0, 3), ['moving', 'torrent 21', 'torrent 7']);
  control.touch(moving.infoHash, { name: 'moved' });
  await control.remove(fakeRow(1).infoHash, { deleteData: false });
  const change = (await page.next<RowsEvent>('rows'))!;
  assert.equal(
    [change.reset, change.rows.map((row) => row[1]), change.removed],
    [false, ['moved'], [fakeRow(1).infoHash]],
  );
  feed.close();
  assert.is(await page.next('rows'), undefined, 'the stream ends with the feed');
});

feeds('what changes during a first load is not lost', async () => {
  const control = new FakeControl(6);
  const feed = feedOf(control);
  const page = new Reader(feed.open(0));
  const first = await page.next<RowsEvent>('rows');
  const sent = first!.rows[0]![0];
  control.touch(sent, { name: 'later' });
  await page.next<RowsEvent>('rows');
  const change = (await page.next<RowsEvent>('rows'))!;
  assert.is(change.rows.find((row) => row[0] === sent)?.[1], 'later');
  feed.close();
});

feeds('a page that comes back gets what it missed, or all when that is no longer known', async () => {
  const control = new FakeControl(9);
  const feed = feedOf(control);
  const first = new Reader(feed.open(0));
  const { revision } = await first.load();
  await first.cancel();
  assert.is(feed.streamCount, 0);
  control.touch(fakeRow(4).infoHash, { name: 'missed' });
  await sleep(30);
  const again = (await new Reader(feed.open(revision)).next<RowsEvent>('rows'))!;
  assert.equal([again.reset, again.rows.map((row) => row[1])], [false, ['missed']]);
  const stranger = (await new Reader(feed.open(1e9)).next<RowsEvent>('rows'))!;
  assert.is(stranger.reset, true);
  feed.close();
});

feeds(
  'a page that does not read is asked for no more than once, and then gets all changes as one',
  async () => {
    const control = new FakeControl(2);
    const feed = feedOf(control);
    const [fast, slow] = [new Reader(feed.open(0)), new Reader(feed.open(0))];
    await fast.load();
    await slow.load();
    let [fastCount, lastName] = [0, ''];
    for (let round = 0; round < 10; round++) {
      control.touch(fakeRow(1).infoHash, { name: `round ${round}` });
      lastName = (await fast.next<RowsEvent>('rows'))!.rows[0]![1];
      fastCount++;
    }
    assert.equal([fastCount, lastName], [10, 'round 9']);
    const late = (await slow.next<RowsEvent>('rows'))!;
    assert.equal(
      late.rows.map((row) => row[1]),
      ['round 9'],
    );
    const stats = (await slow.next<StatsEvent>('stats'))!;
    assert.ok(stats.nowMs > 0);
    feed.close();
  },
);

feeds('no more pages than the bound, and none is counted after it has gone', async () => {
  const feed = feedOf(new FakeControl(1), { streamsMax: 2 });
  const [a, b] = [new Reader(feed.open(0)), new Reader(feed.open(0))];
  assert.is(feed.open(0), undefined);
  await a.cancel();
  const c = new Reader(feed.open(0));
  assert.is(feed.streamCount, 2);
  feed.close();
  await Promise.all([b.next('none'), c.next('none')]);
  assert.is(feed.streamCount, 0);
});

feeds('options, categories and tags are told when they have changed, limits without end too', async () => {
  const control = new FakeControl(1);
  const feed = feedOf(control);
  const page = new Reader(feed.open(0));
  await page.next('setup');
  await control.setOptions({ seedLimits: { ratio: Number.POSITIVE_INFINITY } });
  const setup = (await page.next<{ options: { seedLimits: unknown } }>('setup'))!;
  assert.equal(setup.options.seedLimits, { ratio: 'never' });
  feed.close();
});

feeds('speeds of the last seconds: the newest are kept, gaps repeat the last', () => {
  const history = new SpeedHistory({ secondsMax: 4 });
  history.note(100, 1, 10);
  history.note(101, 2, 20);
  history.note(103, 4, 40);
  assert.equal(history.event(), { endSec: 103, down: [1, 2, 4, 4], up: [10, 20, 40, 40] });
  history.note(104, 5, 50);
  assert.equal(history.event().down, [2, 4, 4, 5]);
});

feeds(
  'details: all of it first, then what changed; a torrent that rests is not read again; the end with it',
  async () => {
    const control = new FakeControl(0);
    control.put(fakeRow(1, { state: 'downloading', progress: 0.5 }));
    const { infoHash } = fakeRow(1);
    let reads = 0;
    const read = control.detail.bind(control);
    control.detail = (of) => {
      reads++;
      return read(of);
    };
    const feed = new DetailFeed({ ...DETAIL_FEED_DEFAULTS, everyMs: 5, streamsMax: 1 }, { control });
    const page = new Reader(feed.open(infoHash));
    const first = (await page.next<DetailEvent>('detail'))!;
    assert.equal(Object.keys(first).sort(), ['files', 'general', 'peers', 'pieces', 'trackers']);
    assert.is(feed.open(infoHash), undefined, 'the bound');
    control.touch(infoHash, { state: 'stopped', wastedBytes: 77 });
    const change = (await page.next<DetailEvent>('detail'))!;
    assert.is(change.general?.wastedBytes, 77);
    assert.is(change.files, undefined);
    const [before] = [reads, page.next('detail')];
    await sleep(40);
    assert.ok(reads <= before + 1, 'it rests');
    await control.remove(infoHash, { deleteData: false });
    await sleep(20);
    assert.is(feed.streamCount, 0);
    feed.close();
  },
);

feeds.run();
