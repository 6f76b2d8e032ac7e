/** Aim: qBittorrent's Web API v2: deltas, lists, every change, files of forms, and plain refusals. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GoneNames } from '../../../engine/node/remote/qbittorrent/gone-names.ts';
import { METHODS } from '../../../engine/node/remote/qbittorrent/methods.ts';
import { FORM_PARTS_MAX, parseMultipart } from '../../../engine/node/remote/qbittorrent/multipart.ts';
import { makeTorrent } from '../../bittorrent/support/make-torrent.ts';
import { FakeControl } from '../control/fake-control.ts';
import { fakeRow } from '../control/fake-rows.ts';
import { type RemoteScene, remoteScene } from './support/remote-scene.ts';
import { form, type Tool, tool } from './support/tool.ts';

type Json = Record<string, unknown>;

const qbittorrent = suite('qbittorrent');

async function within(
  count: number,
  use: (parts: Tool & { scene: RemoteScene; control: FakeControl; json: Ask }) => Promise<void>,
): Promise<void> {
  const control = new FakeControl(count);
  const scene = await remoteScene({ control });
  const asking = tool(scene);
  const json: Ask = async (path, query) => (await (await asking.get(path, query)).json()) as Json;
  try {
    await use({ ...asking, scene, control, json });
    assert.equal(scene.faults, []);
  } finally {
    await scene.close();
  }
}
type Ask = (path: string, query?: Readonly<Record<string, string>>) => Promise<Json>;

qbittorrent('every method that changes something wants POST', async () => {
  await within(1, async ({ get, control }) => {
    const changing = [...METHODS].filter(([, { changes }]) => changes);
    assert.ok(changing.length > 30);
    for (const [path] of changing) {
      assert.is((await get(path, { hashes: 'all', hash: control.byId(1)!.infoHash })).status, 405, path);
    }
    assert.is((await get('torrents/nothing')).status, 404);
    assert.is((await get('constructor')).status, 404);
    assert.equal(control.calls, []);
  });
});

qbittorrent('deltas: everything first, then what has changed, what has gone, and nothing twice', async () => {
  await within(3, async ({ json, post, control }) => {
    await control.setCategory({ name: 'films', root: '/f', downLimit: 0, upLimit: 0, seedLimits: {} });
    const full = await json('sync/maindata');
    assert.is(full['full_update'], true);
    assert.is(Object.keys(full['torrents'] as Json).length, 3);
    assert.equal(full['categories'], { films: { name: 'films', savePath: '/f' } });
    const second = await json('sync/maindata', { rid: String(full['rid']) });
    assert.equal(
      [second['full_update'], second['torrents'], second['torrents_removed'], second['rid']],
      [false, {}, [], full['rid']],
    );
    const [first, gone] = [control.byId(1)!.infoHash, control.byId(2)!.infoHash];
    control.touch(first, { upBytesPerSec: 1_234.6 });
    await control.remove(gone, { deleteData: false });
    await post('torrents/removeCategories', form({ categories: 'films\nnothing' }));
    await post('torrents/addTags', form({ hashes: first, tags: 'a,b' }));
    await post('torrents/deleteTags', form({ tags: 'b' }));
    const third = await json('sync/maindata', { rid: String(full['rid']) });
    const rows = third['torrents'] as Record<string, Json>;
    assert.equal(Object.keys(rows), [first]);
    assert.equal(
      [rows[first]!['upspeed'], rows[first]!['state'], rows[first]!['tags']],
      [1_235, 'uploading', 'a'],
    );
    assert.is('hash' in rows[first]!, false, 'it is the key');
    assert.equal(third['torrents_removed'], [gone]);
    assert.equal([third['categories'], third['categories_removed']], [{}, ['films']]);
    assert.equal(third['tags'], ['a']);
    const state = third['server_state'] as Json;
    assert.equal([state['up_info_speed'], state['free_space_on_disk']], [1_235, 5_000_000_000]);
    control.touch(first, { upBytesPerSec: 7 });
    const fourth = await json('sync/maindata', { rid: String(third['rid']) });
    const lively = (fourth['torrents'] as Record<string, Json>)[first]!;
    assert.equal(
      [lively['upspeed'], 'name' in lively, 'tags' in lively],
      [7, false, false],
      'what has changed',
    );
    control.touch(first, { category: 'x' });
    const whole = async (rid: unknown): Promise<Json> =>
      ((await json('sync/maindata', { rid: String(rid) }))['torrents'] as Record<string, Json>)[first]!;
    assert.equal((await whole(fourth['rid']))['category'], 'x');
    control.touch(first, { upBytesPerSec: 8 });
    for (const rid of [full['rid'], fourth['rid']]) {
      const late = await whole(rid);
      assert.equal(
        [late['upspeed'], late['category'], late['tags']],
        [8, 'x', 'a'],
        'whoever missed it is told',
      );
    }
    const old = await json('sync/maindata', { rid: '999999' });
    assert.is(old['full_update'], true, 'a number of another run');
  });
});

qbittorrent('names that have gone are remembered within bounds', () => {
  const gone = new GoneNames({ countMax: 3 });
  assert.equal(gone.seen(new Set(['a', 'b', 'c', 'd'])), []);
  assert.equal(gone.seen(new Set(['d'])), ['b', 'c']);
  assert.is(gone.size, 3);
});

qbittorrent('the list is filtered, sorted, turned round and cut', async () => {
  await within(0, async ({ get, control }) => {
    const put = (id: number, change: Parameters<typeof fakeRow>[1]): void =>
      void control.put(fakeRow(id, { name: `t${id}`, ...change }));
    const half = { doneBytes: 5, progress: 0.1 };
    put(1, { state: 'seeding', upBytesPerSec: 5, category: 'x', tags: ['a', 'b'] });
    put(2, { state: 'stopped', ...half });
    put(3, { state: 'downloading', ...half, isPrivate: true });
    put(4, { state: 'downloading', downBytesPerSec: 9, ...half, tags: ['b'] });
    put(5, { state: 'offline', error: 'the drive is missing' });
    put(6, { state: 'checking', totalBytes: 1 });
    const ids = async (query: Record<string, string>): Promise<string> =>
      ((await (await get('torrents/info', query)).json()) as Json[])
        .map(({ name }) => String(name).slice(1))
        .join('');
    assert.is(await ids({}), '123456');
    const filters = {
      ...{ all: '123456', downloading: '234', seeding: '16', completed: '156', paused: '2', stopped: '2' },
      ...{
        resumed: '1346',
        running: '1346',
        active: '14',
        inactive: '2356',
        stalled: '3',
        stalled_uploading: '',
      },
      ...{ stalled_downloading: '3', errored: '5', checking: '6', moving: '', unheard_of: '123456' },
    };
    for (const [filter, expected] of Object.entries(filters))
      assert.is(await ids({ filter }), expected, filter);
    assert.is(await ids({ category: 'x' }), '1');
    assert.is(await ids({ category: '' }), '23456');
    assert.is(await ids({ tag: 'b' }), '14');
    assert.is(await ids({ tag: '' }), '2356');
    assert.is(await ids({ private: 'true' }), '3');
    assert.is(
      await ids({ hashes: `${control.byId(5)!.infoHash}|${'0'.repeat(40)}|${control.byId(2)!.infoHash}` }),
      '52',
    );
    assert.is(await ids({ sort: 'upspeed', reverse: 'true', limit: '2' }), '16');
    assert.is(await ids({ sort: 'total_size' }), '612345');
    assert.is(await ids({ offset: '4' }), '56');
    assert.is(await ids({ offset: '-2', limit: '1' }), '5');
    assert.is((await get('torrents/info', { sort: 'constructor' })).status, 400);
    assert.is((await get('torrents/info', { limit: 'x' })).status, 400);
  });
});

qbittorrent('files of a form: several at once, one of them broken, with a layout', async () => {
  await within(0, async ({ post, control }) => {
    const made = [1, 2].map((seed) =>
      makeTorrent({ name: `film${seed}.mkv`, pieceLength: 16_384, fileBytes: [9_000], seed }),
    );
    const data = new FormData();
    for (const [index, { bytes }] of made.entries()) {
      data.append('torrents', new Blob([new Uint8Array(bytes)]), `${index}.torrent`);
    }
    data.append('torrents', new Blob(['no torrent']), 'x.torrent');
    for (const [name, value] of Object.entries({
      ...{
        savepath: '/srv/in',
        contentLayout: 'Subfolder',
        category: 'new one',
        stopped: 'true',
        tags: 'a, b',
      },
      ...{ dlLimit: '1000', upLimit: '-1', ratioLimit: '-1', rename: 'other', skip_checking: 'true' },
    })) {
      data.append(name, value);
    }
    assert.is(await (await post('torrents/add', data)).text(), 'Ok.');
    const rows = [...control.rows.values()];
    assert.equal(
      rows.map(({ root }) => root),
      ['/srv/in/film1', '/srv/in/film2'],
    );
    const { category, tags, downLimit, upLimit, seedLimits, name, state } = rows[0]!;
    assert.equal(
      [category, tags, downLimit, upLimit, name, state],
      ['new one', ['a', 'b'], 1_000, 0, 'other', 'stopped'],
    );
    assert.equal(seedLimits, { ratio: Number.POSITIVE_INFINITY });
    assert.ok(control.categories.has('new one'), 'a category comes with its first torrent');
    const broken = new FormData();
    broken.append('torrents', new Blob(['no torrent']), 'x.torrent');
    assert.is((await post('torrents/add', broken)).status, 415);
    assert.is(await (await post('torrents/add', form({}))).text(), 'Fails.');
    const folder = new FormData();
    const many = makeTorrent({ name: 'many', pieceLength: 16_384, fileBytes: [1, 2] });
    folder.append('torrents', new Blob([new Uint8Array(many.bytes)]), 'x');
    folder.append('contentLayout', 'NoSubfolder');
    assert.is((await post('torrents/add', folder)).status, 400);
  });
});

qbittorrent('limits, files, trackers, places and names of a torrent can be changed', async () => {
  await within(2, async ({ post, json, get, control }) => {
    const hash = control.byId(1)!.infoHash;
    const row = () => control.row(hash)!;
    const ok = async (path: string, fields: Record<string, string>): Promise<void> => {
      const answer = await post(`torrents/${path}`, form({ hash, hashes: hash, ...fields }));
      assert.is(answer.status, 200, `${path}: ${await answer.text()}`);
    };
    const refused = async (path: string, fields: Record<string, string>): Promise<number> =>
      (await post(`torrents/${path}`, form({ hash, hashes: hash, ...fields }))).status;
    await ok('setDownloadLimit', { limit: '5000' });
    await ok('setUploadLimit', { limit: '-1' });
    assert.equal(await json('torrents/downloadLimit', { hashes: hash }), { [hash]: 5_000 });
    await ok('setShareLimits', { ratioLimit: '2', seedingTimeLimit: '-1', inactiveSeedingTimeLimit: '-2' });
    assert.equal(row().seedLimits, { ratio: 2, seedTimeMs: Number.POSITIVE_INFINITY });
    await ok('filePrio', { id: '0', priority: '7' });
    assert.is((await control.detail(hash)).files[0]?.wish, 3);
    assert.is(await refused('filePrio', { id: '3', priority: '1' }), 409);
    assert.is(await refused('filePrio', { id: '0', priority: '5' }), 400);
    await ok('addTrackers', { urls: 'http://a.test/announce\nhttp://tracker.test/announce\n' });
    await ok('editTracker', { origUrl: 'http://a.test/announce', newUrl: 'http://b.test/announce' });
    await ok('removeTrackers', { urls: 'http://tracker.test/announce' });
    assert.equal(
      (await control.detail(hash)).trackers.map(({ url }) => url),
      ['http://b.test/announce'],
    );
    assert.is(await refused('editTracker', { origUrl: 'x', newUrl: 'y' }), 409);
    await ok('setLocation', { location: '/srv/new' });
    assert.is(await refused('setLocation', { location: 'new' }), 400);
    await ok('rename', { name: 'shown so' });
    assert.equal([row().name, row().root], ['shown so', '/srv/new']);
    await ok('renameFile', { oldPath: 'torrent 1', newPath: 'file' });
    assert.equal([row().name, row().contentPath], ['shown so', '/srv/new/file']);
    assert.is(await refused('renameFile', { oldPath: 'a/b', newPath: 'c/b' }), 409);
    await ok('toggleSequentialDownload', {});
    await ok('setSuperSeeding', { value: 'true' });
    assert.equal([row().sequential, row().superSeed], [true, true]);
    await ok('addPeers', { peers: '127.0.0.9:1|bad' });
    await ok('setTags', { tags: 'a,b' });
    await ok('removeTags', { tags: 'a' });
    assert.equal(row().tags, ['b']);
    await ok('removeTags', {});
    assert.equal(row().tags, []);
    await ok('bottomPrio', {});
    assert.is(row().queuePosition, 1);
    await ok('reannounce', { hashes: 'all' });
    assert.is(control.calls.filter((call) => call.startsWith('reannounce')).length, 2);
    assert.is(await refused('setAutoManagement', { enable: 'true' }), 409);
    assert.is(
      (await post('torrents/recheck')).status,
      400,
      'without hashes nothing is meant, least of all everything',
    );
    assert.equal(await json('torrents/pieceStates', { hash }), [2, 2, 2, 2] as unknown as Json);
    assert.is(
      (await get('torrents/export', { hash })).headers.get('Content-Type'),
      'application/x-bittorrent',
    );
  });
});

qbittorrent('preferences and transfer: what can be changed is, what cannot is named', async () => {
  await within(0, async ({ post, json, get, control }) => {
    const set = (value: unknown): Promise<Response> =>
      post('app/setPreferences', form({ json: JSON.stringify(value) }));
    assert.is((await set(await json('app/preferences'))).status, 200, 'all of it as it is');
    await set({
      ...{
        dl_limit: 1_000,
        max_ratio_enabled: true,
        max_ratio: 3,
        max_active_downloads: 7,
        scheduler_enabled: true,
      },
      ...{
        schedule_from_hour: 22,
        schedule_from_min: 30,
        add_stopped_enabled: true,
        from_a_later_version: 1,
      },
    });
    const { downLimit, seedLimits, activeDownloadsMax, altSchedule, startWhenAdded } = control.options;
    assert.equal(
      [downLimit, seedLimits, activeDownloadsMax, startWhenAdded],
      [1_000, { ratio: 3 }, 7, false],
    );
    assert.equal([altSchedule.enabled, altSchedule.beginMinute, altSchedule.endMinute], [true, 1_350, 1_020]);
    const refused = await set({ dht: false, dl_limit: 5 });
    assert.is(refused.status, 400);
    assert.match(await refused.text(), /dht cannot be changed/);
    assert.is(control.options.downLimit, 1_000);
    assert.is((await set({ max_connec: 0 })).status, 400);
    await post('transfer/toggleSpeedLimitsMode');
    assert.is(await (await get('transfer/speedLimitsMode')).text(), '1');
    await post('transfer/setUploadLimit', form({ limit: '77' }));
    assert.is(await (await get('transfer/uploadLimit')).text(), '77');
    assert.is((await json('transfer/info'))['up_rate_limit'], 50_000, 'the other limits hold');
  });
});

qbittorrent('forms are taken apart as their senders wrote them, and no further than their bounds', () => {
  const type = 'multipart/form-data; boundary=B';
  const parse = (body: string): unknown =>
    parseMultipart(Buffer.from(body), type)?.map(({ name, filename, bytes }) => [
      name,
      filename,
      bytes.toString(),
    ]);
  const part = (head: string, body: string): string => `--B\r\n${head}\r\n\r\n${body}\r\n`;
  assert.equal(parse(`${part('Content-Disposition: form-data; name="a"', '')}--B--`), [['a', undefined, '']]);
  assert.equal(
    parse(
      `preamble\r\n${part('content-disposition: form-data; name=a; filename=b.torrent', 'x\r\ny')}--B--\r\n`,
    ),
    [['a', 'b.torrent', 'x\r\ny']],
  );
  assert.equal(parse(`${part('X: y', 'nameless')}--B--`), []);
  for (const broken of [
    '',
    '--B',
    '--B\r\n',
    '--B\r\nA: b\r\n\r\nx',
    'x--',
    `--B\r\n${'h'.repeat(9_000)}\r\n\r\n\r\n--B--`,
  ]) {
    assert.is(parse(broken), undefined, broken.slice(0, 20));
  }
  const one = part('Content-Disposition: form-data; name="a"', '');
  assert.is((parse(`${one.repeat(FORM_PARTS_MAX)}--B--`) as unknown[]).length, FORM_PARTS_MAX);
  assert.is(parse(`${one.repeat(FORM_PARTS_MAX + 1)}--B--`), undefined);
  assert.is(parseMultipart(Buffer.from('--B--'), 'multipart/form-data'), undefined);
});

qbittorrent.run();
