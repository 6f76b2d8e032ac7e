/**
 * Aim: the requests that Sonarr, Radarr and cross-seed really send, in their order, get the answers those programs
 * need. What they ask and which fields they read was taken from their sources.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeTorrent } from '../../bittorrent/support/make-torrent.ts';
import { PASSWORD, type RemoteScene, remoteScene, USER } from './support/remote-scene.ts';
import { form, type Tool, tool, uploadByHand } from './support/tool.ts';

type Json = Record<string, unknown>;

const tools = suite('tools');
const TORRENT = makeTorrent({ name: 'Show.S01', pieceLength: 16_384, fileBytes: [20_000, 5_000] });

async function within(use: (scene: RemoteScene) => Promise<void>): Promise<void> {
  const scene = await remoteScene({ withPassword: true });
  try {
    await use(scene);
    assert.equal(scene.faults, []);
  } finally {
    await scene.close();
  }
}

/** Both sign in when they are refused, and keep the cookie. */
async function signIn(scene: RemoteScene): Promise<Tool> {
  const stranger = tool(scene);
  assert.is((await stranger.get('app/webapiVersion')).status, 403, 'so that they know the API is there');
  const answer = await stranger.post('auth/login', form({ username: USER, password: PASSWORD }));
  assert.is(await answer.text(), 'Ok.');
  return tool(scene, answer.headers.getSetCookie()[0]!.split(';')[0]);
}

/** The test button: version, preferences, categories, list. */
async function testButton(arr: Tool, category: string): Promise<void> {
  const version = await (await arr.get('app/webapiVersion')).text();
  assert.match(version, /^2\.\d+\.\d+$/);
  const [, minor = 0, patch = 0] = version.split('.').map(Number);
  assert.ok(minor > 8 || (minor === 8 && patch >= 1), 'share limits go with the add');
  assert.match(await (await arr.get('app/version')).text(), /^v4\./);
  const config = (await (await arr.get('app/preferences')).json()) as Json;
  assert.is(config['save_path'], '/srv/data');
  assert.is(config['dht'], true);
  assert.is(config['queueing_enabled'], true);
  assert.equal([config['max_ratio_enabled'], config['max_ratio'], config['max_ratio_act']], [false, -1, 0]);
  assert.equal([config['max_seeding_time_enabled'], config['max_seeding_time']], [false, -1]);
  assert.equal(
    [config['max_inactive_seeding_time_enabled'], config['max_inactive_seeding_time']],
    [false, -1],
  );
  assert.equal(await (await arr.get('torrents/categories')).json(), {});
  assert.is((await arr.post('torrents/createCategory', form({ category }))).status, 200);
  assert.equal(await (await arr.get('torrents/categories')).json(), {
    [category]: { name: category, savePath: '' },
  });
  assert.equal(await (await arr.get('torrents/info', { category })).json(), []);
}

tools('Sonarr: tests, grabs a file, follows it, imports it and takes it away', async () => {
  await within(async (scene) => {
    const arr = await signIn(scene);
    await testButton(arr, 'tv-sonarr');
    const { body, type } = uploadByHand(TORRENT.bytes, {
      ...{ category: 'tv-sonarr', stopped: 'False', paused: 'False', sequentialDownload: 'True' },
      ...{ firstLastPiecePrio: 'True', contentLayout: 'Original', ratioLimit: '1.5', seedingTimeLimit: '60' },
    });
    const cookie = { Cookie: await cookieOf(scene) };
    const added = await scene.ask('/api/v2/torrents/add', {
      method: 'POST',
      headers: { 'Content-Type': type, ...cookie },
      body: new Uint8Array(body),
    });
    assert.is(await added.text(), 'Ok.');
    const [row] = (await (await arr.get('torrents/info', { category: 'tv-sonarr' })).json()) as [Json];
    const hash = row['hash'] as string;
    assert.is((await arr.get('torrents/properties', { hash })).status, 200, 'it is loaded');
    assert.is((await arr.get('torrents/properties', { hash: 'f'.repeat(40) })).status, 404);
    await arr.post('torrents/topPrio', form({ hashes: hash }));
    await arr.post('torrents/setForceStart', form({ hashes: hash, value: 'true' }));
    await arr.post('torrents/addTags', form({ hashes: hash, tags: 'hd,new' }));
    const list = async (): Promise<Json> =>
      ((await (await arr.get('torrents/info', { category: 'tv-sonarr' })).json()) as [Json])[0];
    const first = await list();
    assert.equal(
      ['name', 'size', 'progress', 'eta', 'state', 'category', 'save_path', 'content_path', 'ratio'].map(
        (key) => first[key],
      ),
      ['Show.S01', 25_000, 0, 8_640_000, 'forcedDL', 'tv-sonarr', '/srv/data', '/srv/data/Show.S01', 0],
    );
    assert.equal(
      ['ratio_limit', 'seeding_time_limit', 'inactive_seeding_time_limit', 'tags', 'seq_dl'].map(
        (key) => first[key],
      ),
      [1.5, 60, -2, 'hd, new', true],
    );
    scene.control.touch(hash, { state: 'stopped', progress: 1, doneBytes: 25_000, forced: false });
    assert.is((await list())['state'], 'pausedUP', 'complete, and it may be taken away');
    const files = (await (await arr.get('torrents/files', { hash })).json()) as Json[];
    assert.equal(
      files.map(({ name }) => name),
      ['Show.S01/f0', 'Show.S01/f1'],
    );
    const properties = (await (await arr.get('torrents/properties', { hash })).json()) as Json;
    assert.equal([properties['save_path'], properties['seeding_time']], ['/srv/data', 60]);
    assert.is(
      (await arr.post('torrents/setCategory', form({ hashes: hash, category: 'not there' }))).status,
      409,
    );
    await arr.post('torrents/createCategory', form({ category: 'imported' }));
    await arr.post('torrents/setCategory', form({ hashes: hash, category: 'imported' }));
    assert.is(scene.control.row(hash)?.category, 'imported');
    await arr.post('torrents/delete', form({ hashes: hash, deleteFiles: 'true' }));
    assert.is(scene.control.rows.size, 0);
    assert.ok(scene.control.calls.includes('remove Show.S01 with data'));
  });
});

async function cookieOf(scene: RemoteScene): Promise<string> {
  const answer = await tool(scene).post('auth/login', form({ username: USER, password: PASSWORD }));
  return answer.headers.getSetCookie()[0]!.split(';')[0]!;
}

tools('Radarr: grabs a magnet link, limits how long it seeds, pauses and resumes it', async () => {
  await within(async (scene) => {
    const arr = await signIn(scene);
    await testButton(arr, 'radarr');
    const hash = 'a'.repeat(40);
    const urls = `magnet:?xt=urn:btih:${hash}&dn=Film&tr=http%3A%2F%2Fx.test%2Fannounce`;
    const added = await arr.post('torrents/add', form({ urls, category: 'radarr', paused: 'True' }));
    assert.is(await added.text(), 'Ok.');
    const again = await arr.post('torrents/add', form({ urls, category: 'radarr' }));
    assert.is(await again.text(), 'Fails.', 'what is there already is not added');
    await arr.post(
      'torrents/setShareLimits',
      form({ hashes: hash, ratioLimit: '-2', seedingTimeLimit: '90' }),
    );
    assert.equal(scene.control.row(hash)?.seedLimits, { seedTimeMs: 5_400_000 });
    await arr.post('torrents/resume', form({ hashes: hash }));
    await arr.post('torrents/pause', form({ hashes: hash }));
    const [row] = (await (await arr.get('torrents/info', { category: 'radarr' })).json()) as [Json];
    assert.equal([row['state'], row['seeding_time_limit']], ['pausedDL', 90]);
    const web = await arr.post('torrents/add', form({ urls: 'http://indexer.test/film.torrent' }));
    assert.is(web.status, 400);
    assert.match(await web.text(), /fetches no torrent files/);
  });
});

tools('cross-seed: looks at everything, injects a torrent, rechecks and resumes it', async () => {
  await within(async (scene) => {
    scene.control.put(
      (await import('../control/fake-rows.ts')).fakeRow(1, { name: 'Show.S01', tags: ['x'] }),
    );
    const seed = await signIn(scene);
    const plain = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const cookie = await cookieOf(scene);
    const ask = (path: string, body = ''): Promise<Response> =>
      scene.ask(`/api/v2${path}`, { method: 'POST', headers: { Cookie: cookie, ...plain }, body });
    assert.match(await (await ask('/app/version')).text(), /^v4\.[3-9]/, 'asked for with POST');
    await ask('/torrents/createTags', 'tags=cross-seed');
    assert.is(((await (await ask('/app/preferences')).json()) as Json)['resume_data_storage_type'], 'Legacy');
    const all = (await (
      await seed.post('torrents/info', form({ includeFiles: 'true', includeTrackers: 'true' }))
    ).json()) as [Json];
    const known = all[0];
    assert.equal(
      (known['files'] as Json[]).map(({ name, size }) => [name, size]),
      [['Show.S01', 4_194_304]],
    );
    assert.equal(
      (known['trackers'] as Json[]).map(({ url, tier }) => [url, tier]),
      [['http://tracker.test/announce', 0]],
    );
    assert.equal(
      ['infohash_v1', 'infohash_v2', 'tags', 'auto_tmm', 'amount_left', 'total_size'].map(
        (key) => known[key],
      ),
      [known['hash'], '', 'x', false, 0, 4_194_304],
    );
    const found = await ask('/torrents/info', `hashes=${String(known['hash'])}`);
    assert.is(((await found.json()) as Json[]).length, 1);
    const listed = (await (
      await ask('/torrents/trackers', `hash=${String(known['hash'])}`)
    ).json()) as Json[];
    assert.equal(
      listed.map(({ url }) => String(url).slice(0, 2)),
      ['**', '**', '**', 'ht'],
    );
    await ask('/torrents/createCategory', 'category=tv.cross-seed&savePath=/srv/links');
    await ask('/torrents/editCategory', 'category=tv.cross-seed&savePath=/srv/linked');
    const data = new FormData();
    data.append(
      'torrents',
      new Blob([new Uint8Array(TORRENT.bytes)], { type: 'application/x-bittorrent' }),
      'a.torrent',
    );
    for (const [name, value] of Object.entries({
      ...{
        downloadPath: '/srv/linked',
        savepath: '/srv/linked',
        autoTMM: 'false',
        category: 'tv.cross-seed',
      },
      ...{
        tags: 'cross-seed',
        contentLayout: 'Original',
        skip_checking: 'false',
        paused: 'true',
        foo: 'bar',
      },
    })) {
      data.append(name, value);
    }
    assert.is(await (await seed.post('torrents/add', data)).text(), 'Ok.');
    const rows = (await (await ask('/torrents/info', 'tag=cross-seed')).json()) as [Json];
    const { hash, state, save_path } = rows[0];
    assert.equal([state, save_path], ['pausedDL', '/srv/linked']);
    await ask('/torrents/pause', `hashes=${String(hash)}`);
    await ask('/torrents/recheck', `hashes=${String(hash)}`);
    const after = (await (await ask('/torrents/info', `hashes=${String(hash)}`)).json()) as [Json];
    assert.is(after[0]['state'], 'checkingDL');
    scene.control.touch(String(hash), { state: 'stopped', doneBytes: 25_000, progress: 1 });
    await ask('/torrents/resume', `hashes=${String(hash)}`);
    assert.is(scene.control.row(String(hash))?.state, 'seeding');
  });
});

tools.run();
