/** Aim: Transmission's protocol in both its forms: envelope, ids, every field and method, and honest refusals. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DETAIL_FIELDS } from '../../../engine/node/remote/transmission/detail-fields.ts';
import { BATCH_MAX } from '../../../engine/node/remote/transmission/protocol.ts';
import { RecentRevisions } from '../../../engine/node/remote/transmission/recent.ts';
import { ROW_FIELDS } from '../../../engine/node/remote/transmission/row-fields.ts';
import { makeTorrent } from '../../bittorrent/support/make-torrent.ts';
import { FakeControl } from '../control/fake-control.ts';
import { fakeRow } from '../control/fake-rows.ts';
import { type RemoteScene, remoteScene } from './support/remote-scene.ts';
import { type Json, type RpcClient, rpcClient } from './support/rpc-client.ts';

const transmission = suite('transmission');

async function within(
  count: number,
  use: (parts: RpcClient & { scene: RemoteScene; control: FakeControl }) => Promise<void>,
): Promise<void> {
  const control = new FakeControl(count);
  const scene = await remoteScene({ control });
  try {
    await use({ ...(await rpcClient(scene)), scene, control });
    assert.equal(scene.faults, []);
  } finally {
    await scene.close();
  }
}

async function failure(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return (error as Error).message;
  }
  return 'it did not fail';
}

const TORRENT = makeTorrent({ name: 'made', pieceLength: 16_384, fileBytes: [20_000, 5_000, 9_000] });
const metainfo = Buffer.from(TORRENT.bytes).toString('base64');

transmission(
  'without its header a request is answered with the header to send, and the version',
  async () => {
    await within(1, async ({ scene }) => {
      const answer = await scene.ask('/transmission/rpc', {
        method: 'POST',
        body: '{"method":"session-close"}',
      });
      assert.is(answer.status, 409);
      assert.ok((answer.headers.get('X-Transmission-Session-Id') ?? '').length >= 32);
      assert.is(answer.headers.get('X-Transmission-Rpc-Version'), '6.0.0');
      assert.is(scene.ends(), 0);
      assert.is((await scene.ask('/transmission/rpc')).status, 409, 'asked with GET too');
    });
  },
);

transmission('JSON-RPC: errors have their codes, notifications no answer, lists an answer each', async () => {
  await within(1, async ({ post }) => {
    const code = async (body: string): Promise<unknown> => {
      const answer = (await (await post(body)).json()) as { error: { code: number }; id: unknown };
      return [answer.error.code, answer.id];
    };
    assert.equal(await code('{'), [-32700, null]);
    assert.equal(await code('3'), [-32600, null]);
    assert.equal(await code('[]'), [-32600, null]);
    assert.equal(await code(JSON.stringify(Array(BATCH_MAX + 1).fill(1))), [-32600, null]);
    assert.equal(await code('{"jsonrpc":"1.0","method":"session_get","id":1}'), [-32600, 1]);
    assert.equal(await code('{"jsonrpc":"2.0","method":"session_get","id":{}}'), [-32600, null]);
    assert.equal(await code('{"jsonrpc":"2.0","method":"nothing","id":1}'), [-32601, 1]);
    assert.equal(await code('{"jsonrpc":"2.0","method":"constructor","id":1}'), [-32601, 1]);
    assert.equal(await code('{"jsonrpc":"2.0","method":"torrent_get","params":[],"id":"a"}'), [-32602, 'a']);
    assert.equal(await code('{"jsonrpc":"2.0","method":"torrent_get","params":{},"id":"a"}'), [-32602, 'a']);
    assert.is((await post('{"jsonrpc":"2.0","method":"torrent_stop","params":{"ids":9}}')).status, 204);
    const batch = JSON.stringify([
      { jsonrpc: '2.0', method: 'torrent_get', params: { fields: ['id'] }, id: 1 },
      { jsonrpc: '2.0', method: 'torrent_get', params: { fields: ['id'], format: 'table' }, id: 2 },
      { jsonrpc: '2.0', method: 'torrent_stop', params: { ids: [] } },
      5,
    ]);
    assert.equal(
      ((await (await post(batch)).json()) as Json[]).map(({ result, id }) => [id, result]),
      [
        [1, { torrents: [{ id: 1 }] }],
        [2, { torrents: [['id'], [1]] }],
        [null, undefined],
      ],
    );
  });
});

transmission(
  'torrents are named by number, hash, list or not at all; what is not there is left out',
  async () => {
    await within(3, async ({ call, old, control }) => {
      const hash = control.byId(2)!.infoHash;
      const ids = async (value?: unknown): Promise<unknown> => {
        const args = value === undefined ? { fields: ['id'] } : { fields: ['id'], ids: value };
        return ((await call('torrent_get', args))['torrents'] as { id: number }[]).map(({ id }) => id);
      };
      assert.equal(await ids(), [1, 2, 3]);
      assert.equal(await ids([]), []);
      assert.equal(await ids(2), [2]);
      assert.equal(await ids(hash.toUpperCase()), [2]);
      assert.equal(await ids([3, hash, 2, 99, 'f'.repeat(40)]), [3, 2]);
      for (const wrong of [1.5, null, {}, [[1]], true])
        assert.match(await failure(ids(wrong)), /ids is wrong/);
      assert.equal(await old('torrent-get', { fields: ['id'], ids: [1, 3], format: 'table' }), {
        torrents: [['id'], [1], [3]],
      });
      assert.match(await failure(old('torrent-get', { fields: ['id'], format: 'x' })), /format/);
    });
  },
);

transmission('every documented field is answered, under the name it was asked by', async () => {
  await within(1, async ({ call, old }) => {
    const names = [...Object.keys(ROW_FIELDS), ...Object.keys(DETAIL_FIELDS)];
    assert.ok(names.length > 75);
    const [fresh] = (await call('torrent_get', { fields: names }))['torrents'] as [Json];
    assert.equal(Object.keys(fresh).sort(), [...names].sort());
    assert.ok(Object.values(fresh).every((value) => value !== null && value !== undefined));
    assert.equal(fresh['files'], [
      { bytes_completed: 4_194_304, length: 4_194_304, name: 'torrent 1', begin_piece: 0, end_piece: 4 },
    ]);
    assert.equal(fresh['wanted'], [true]);
    assert.equal(fresh['availability'], [-1, -1, -1, -1]);
    assert.is(fresh['pieces'], Buffer.from([0xf0]).toString('base64'));
    assert.is(fresh['tracker_list'], 'http://tracker.test/announce\n');
    const asked = [
      'hashString',
      'file-count',
      'peer-limit',
      'fileStats',
      'wanted',
      'peers',
      'primary-mime-type',
    ];
    const [aged] = (await old('torrent-get', { fields: [...asked, 'hashString', 'unknownField'] }))[
      'torrents'
    ] as [Json];
    assert.equal(Object.keys(aged), asked);
    assert.equal(aged['fileStats'], [{ bytesCompleted: 4_194_304, wanted: true, priority: 0 }]);
    assert.equal(aged['wanted'], [1]);
    assert.is((aged['peers'] as [Json])[0]['isUTP'], false);
    assert.is((aged['peers'] as [Json])[0]['rateToPeer'], 1000);
  });
});

transmission('states, rules and limits are told in Transmission’s numbers', async () => {
  await within(0, async ({ call, control }) => {
    const put = (change: Parameters<typeof fakeRow>[1]): void =>
      void control.put(fakeRow(control.rows.size + 1, change));
    const half = { doneBytes: 1_000_000, progress: 0.25 };
    put({ state: 'stopped', seedLimits: { ratio: 1 } });
    put({ state: 'checking', progress: 0.5 });
    put({ state: 'queued', ...half });
    put({ state: 'downloading', downBytesPerSec: 1_000_000, ...half });
    put({ state: 'queued' });
    put({ state: 'seeding', seedLimits: { ratio: Number.POSITIVE_INFINITY, idleTimeMs: 600_000 } });
    put({ state: 'moving', downLimit: 5_000 });
    put({ state: 'offline', error: 'the drive is missing' });
    const fields = [
      'status',
      'is_finished',
      'seed_ratio_mode',
      'seed_idle_mode',
      'download_limited',
      'error',
      'eta',
    ];
    assert.equal((await call('torrent_get', { fields, format: 'table' }))['torrents'], [
      fields,
      [0, true, 1, 0, false, 0, -1],
      [2, false, 0, 0, false, 0, -1],
      [3, false, 0, 0, false, 0, -1],
      [4, false, 0, 0, false, 0, 4],
      [5, false, 0, 0, false, 0, -1],
      [6, false, 2, 1, false, 0, -1],
      [2, false, 0, 0, true, 0, -1],
      [0, false, 0, 0, false, 3, -1],
    ]);
  });
});

transmission('recently active: what changed in the last minute, and the ids of what has gone', async () => {
  await within(5, async ({ call, control, scene }) => {
    const recent = async (): Promise<unknown> => {
      const { torrents, removed } = await call('torrent_get', { fields: ['id'], ids: 'recently_active' });
      return [(torrents as { id: number }[]).map(({ id }) => id).sort(), removed];
    };
    assert.equal(await recent(), [[], []]);
    scene.wait(30_000);
    control.touch(control.byId(4)!.infoHash, { upBytesPerSec: 1 });
    await control.remove(control.byId(2)!.infoHash, { deleteData: false });
    assert.equal(await recent(), [[4], [2]]);
    scene.wait(40_000);
    control.touch(control.byId(5)!.infoHash, { upBytesPerSec: 1 });
    assert.equal(await recent(), [[4, 5], [2]], 'still within a minute');
    scene.wait(61_000);
    assert.equal(await recent(), [[], []]);
  });
});

transmission('the revisions that are remembered for that are bounded', () => {
  const recent = new RecentRevisions();
  for (let second = 0; second < 10_000; second++) recent.note(second * 100, second);
  assert.ok(recent.size <= 120, String(recent.size));
  assert.is(recent.since(999_900), 9_390);
});

transmission(
  'a torrent is added as file or magnet link, with its files chosen; twice is no error',
  async () => {
    await within(0, async ({ call, old, control }) => {
      const added = (await call('torrent_add', {
        ...{ metainfo, download_dir: '/srv/x', paused: true, labels: ['a', 'a', 'b'] },
        ...{ files_unwanted: [1], priority_high: [2], sequential_download: true },
      })) as { torrent_added: { id: number; name: string; hash_string: string } };
      const row = control.byId(added.torrent_added.id)!;
      assert.is(row.infoHash, added.torrent_added.hash_string);
      assert.equal([row.root, row.state, row.tags, row.sequential], ['/srv/x', 'stopped', ['a', 'b'], true]);
      assert.equal(
        (await control.detail(row.infoHash)).files.map(({ wish }) => wish),
        [2, 0, 3],
      );
      const again = await old('torrent-add', { metainfo });
      assert.equal(again, { 'torrent-duplicate': { id: row.id, name: 'made', hashString: row.infoHash } });
      await old('torrent-add', { filename: `magnet:?xt=urn:btih:${'a'.repeat(40)}&dn=link` });
      assert.is(control.rows.get('a'.repeat(40))?.name, 'link');
      for (const filename of ['http://x.test/a.torrent', '/etc/passwd', 'file:///etc/passwd']) {
        assert.match(
          await failure(old('torrent-add', { filename })),
          /fetches no torrent files and opens no paths/,
        );
      }
      assert.match(await failure(call('torrent_add', { metainfo: '!' })), /base64/);
      assert.match(await failure(call('torrent_add', { metainfo: 'AAAA' })), /./);
      assert.match(await failure(call('torrent_add', { metainfo, files_wanted: [3] })), /below 3/);
    });
  },
);

transmission(
  'torrent_set changes limits, rules, labels, group, files, trackers, place and queue',
  async () => {
    await within(3, async ({ call, control }) => {
      const hash = (await call('torrent_add', { metainfo }))['torrent_added'] as { hash_string: string };
      const row = () => control.rows.get(hash.hash_string)!;
      const set = (args: Json): Promise<unknown> => call('torrent_set', { ids: [hash.hash_string], ...args });
      await set({ download_limit: 50, download_limited: true, upload_limited: true });
      assert.equal([row().downLimit, row().upLimit], [50_000, 100_000]);
      await set({ download_limit: 60, upload_limited: false });
      assert.equal([row().downLimit, row().upLimit], [60_000, 0]);
      await set({ upload_limit: 5 });
      assert.is(row().upLimit, 0, 'a number alone switches nothing on');
      await set({ seed_ratio_mode: 1, seed_ratio_limit: 1.5, seed_idle_mode: 2 });
      assert.equal(row().seedLimits, { ratio: 1.5, idleTimeMs: Number.POSITIVE_INFINITY });
      await set({ seed_ratio_mode: 0 });
      assert.equal(row().seedLimits, { idleTimeMs: Number.POSITIVE_INFINITY });
      await set({ labels: ['x', 'x'], group: 'films' });
      assert.equal([row().tags, row().category], [['x'], 'films']);
      await set({ files_unwanted: [], priority_low: [1] });
      await set({ files_wanted: [1, 2], priority_low: [2] });
      const detail = () => control.detail(hash.hash_string);
      assert.equal(
        (await detail()).files.map(({ wish }) => wish),
        [0, 2, 1],
      );
      await set({
        tracker_list: 'http://a.test/announce\nhttp://b.test/announce\n\nhttp://c.test/announce\n',
      });
      await set({
        tracker_add: ['udp://d.test:1'],
        tracker_remove: [0],
        tracker_replace: [2, 'http://e.test/a'],
      });
      assert.equal(
        (await detail()).trackers.map(({ tier, url }) => `${tier} ${url}`),
        ['0 http://b.test/announce', '1 http://e.test/a', '2 udp://d.test:1'],
      );
      await set({ queue_position: 1, location: '/srv/y' });
      assert.equal([row().queuePosition, row().root], [1, '/srv/y']);
      assert.match(await failure(set({ bandwidth_priority: 1 })), /priority/);
      assert.match(await failure(set({ labels: 'x' })), /list of texts/);
      assert.match(await failure(set({ download_limit: -1, download_limited: true })), /whole number/);
      assert.match(await failure(set({ files_wanted: [7] })), /below 3/);
    });
  },
);

transmission('start, stop, verify, announce, queue, move, rename and remove reach the node', async () => {
  await within(3, async ({ call, old, control }) => {
    await old('torrent-stop', { ids: [1] });
    await old('torrent-start-now', { ids: [1] });
    assert.ok(control.byId(1)?.forced);
    await call('torrent_verify', { ids: 2 });
    await call('torrent_reannounce', { ids: [2] });
    await old('queue-move-top', { ids: [3] });
    assert.is(control.byId(3)?.queuePosition, 0);
    await old('queue-move-down', { ids: [3] });
    assert.is(control.byId(3)?.queuePosition, 1);
    await call('torrent_set_location', { ids: [1], location: '/srv/z', move: true });
    await old('torrent-set-location', { ids: [1], location: '/srv/w' });
    const renamed = await old('torrent-rename-path', { ids: [1], path: 'torrent 1', name: 'new' });
    assert.equal(renamed, { id: 1, name: 'new', path: 'torrent 1' });
    assert.match(await failure(old('torrent-rename-path', { path: 'a', name: 'b' })), /exactly one/);
    await old('torrent-remove', { ids: [2], 'delete-local-data': true });
    await call('torrent_stop');
    assert.equal(control.calls, [
      ...['stop torrent 1', 'start torrent 1', 'recheck torrent 2', 'reannounce torrent 2'],
      ...['move torrent 1 /srv/z with data', 'move torrent 1 /srv/w', 'remove torrent 2 with data'],
      ...['stop new', 'stop torrent 3'],
    ]);
  });
});

transmission('the session: all fields in both styles, what can be changed, and what cannot', async () => {
  await within(2, async ({ call, old, control }) => {
    const fresh = await call('session_get');
    const aged = await old('session-get');
    assert.is(Object.keys(fresh).length, Object.keys(aged).length);
    assert.ok(Object.keys(fresh).length > 55);
    assert.match(String(fresh['version']), /^4\.1\.0 \(/);
    assert.equal(await old('session-get', { fields: ['download-dir', 'seedRatioLimited', 'nothing'] }), {
      'download-dir': '/srv/data',
      seedRatioLimited: false,
    });
    // A remote control that sends back all it was shown changes nothing.
    const before = control.options;
    await call('session_set', fresh);
    assert.equal(control.options, { ...before, seedLimits: {} });
    await old('session-set', {
      ...{ 'speed-limit-down': 200, 'speed-limit-down-enabled': true, 'alt-speed-enabled': true },
      ...{ seedRatioLimit: 2, seedRatioLimited: true, 'download-queue-enabled': false },
      ...{ 'alt-speed-time-begin': 60, 'alt-speed-time-day': 65, 'queue-stalled-minutes': 5 },
    });
    const { options } = control;
    assert.equal([options.downLimit, options.altEnabled, options.activeDownloadsMax], [200_000, true, 0]);
    assert.equal([options.seedLimits, options.stalledAfterMs], [{ ratio: 2 }, 300_000]);
    assert.equal([options.altSchedule.beginMinute, options.altSchedule.days], [60, 65]);
    assert.match(await failure(call('session_set', { dht_enabled: false })), /dht_enabled cannot be changed/);
    assert.match(
      await failure(call('session_set', { nonsense: 1, speed_limit_up_enabled: true })),
      /nonsense/,
    );
    assert.is(control.options.upLimit, 0, 'nothing of it was done');
    assert.match(await failure(call('session_set', { peer_limit_global: 0 })), /whole number/);
  });
});

transmission('statistics, free space, groups, and what the node does not do', async () => {
  await within(2, async ({ call, old, control, scene }) => {
    const stats = await old('session-stats');
    assert.equal([stats['torrentCount'], stats['activeTorrentCount']], [2, 2]);
    assert.is((stats['cumulative-stats'] as Json)['sessionCount'], 2);
    assert.is(((await call('session_stats'))['current_stats'] as Json)['uploaded_bytes'], 16_777_216);
    assert.equal(await old('free-space', { path: '/srv' }), {
      ...{ path: '/srv', 'size-bytes': 5_000_000_000, total_size: 20_000_000_000 },
    });
    assert.match(await failure(old('free-space', { path: 'srv' })), /absolute/);
    await call('group_set', { name: 'films', speed_limit_up: 30, speed_limit_up_enabled: true });
    assert.is(control.categories.get('films')?.upLimit, 30_000);
    assert.equal(await call('group_get', { name: ['films', 'x'] }), {
      group: [
        {
          ...{
            name: 'films',
            honors_session_limits: true,
            speed_limit_down: 0,
            speed_limit_down_enabled: false,
          },
          ...{ speed_limit_up: 30, speed_limit_up_enabled: true },
        },
      ],
    });
    assert.match(await failure(call('port_test')), /was not tested/);
    assert.match(await failure(old('blocklist-update')), /fetches no blocklists/);
    await call('session_close');
    assert.is(scene.ends(), 1);
  });
});

transmission('a list of very many is sent in parts and is whole', async () => {
  await within(4_321, async ({ call }) => {
    const { torrents } = await call('torrent_get', { fields: ['id', 'name'] });
    assert.is((torrents as Json[]).length, 4_321);
    const table = (await call('torrent_get', { fields: ['id'], format: 'table' }))['torrents'] as unknown[];
    assert.equal([table.length, table[0], table[4_321]], [4_322, ['id'], [4_321]]);
  });
});

transmission.run();
