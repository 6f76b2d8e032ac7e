// Aim: whatever is sent in either protocol, the answer is a proper one: no fault of the node, no broken JSON, and the
// node keeps values of the right kinds. ALLIUM_FUZZ_SEED replays one request.
import { Hono } from 'hono';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Bodies } from '../../../engine/node/remote/body.ts';
import { Access } from '../../../engine/node/remote/guard/access.ts';
import type { RemoteEnv, RemoteMount } from '../../../engine/node/remote/mount.ts';
import { REMOTE_DEFAULTS } from '../../../engine/node/remote/options.ts';
import { METHODS as QBITTORRENT } from '../../../engine/node/remote/qbittorrent/methods.ts';
import { qbittorrentMounts } from '../../../engine/node/remote/qbittorrent/mount.ts';
import { DETAIL_FIELDS } from '../../../engine/node/remote/transmission/detail-fields.ts';
import { METHODS as TRANSMISSION } from '../../../engine/node/remote/transmission/methods.ts';
import { transmissionMount } from '../../../engine/node/remote/transmission/mount.ts';
import { camelName, oldSessionName } from '../../../engine/node/remote/transmission/names.ts';
import { ROW_FIELDS } from '../../../engine/node/remote/transmission/row-fields.ts';
import type { Random } from '../../../engine/runtime/port.ts';
import { makeTorrent } from '../../bittorrent/support/make-torrent.ts';
import { mutateBytes } from '../../bittorrent/support/mutate-bytes.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';
import { FakeControl } from '../control/fake-control.ts';
import { hostileText, hostileValue, oneOf } from './support/hostile.ts';

const fuzz = suite('remote fuzz');
const REQUESTS = 2_000;
const replay = process.env.ALLIUM_FUZZ_SEED;
const seeds = replay === undefined ? Array.from({ length: REQUESTS }, (_, seed) => seed) : [Number(replay)];
const TORRENT = makeTorrent({ name: 'made', pieceLength: 16_384, fileBytes: [20_000, 5_000] });
const ARGUMENTS: readonly string[] = [
  ...[
    'ids',
    'fields',
    'format',
    'filename',
    'metainfo',
    'download_dir',
    'paused',
    'labels',
    'group',
    'location',
  ],
  ...[
    'files_wanted',
    'files_unwanted',
    'priority_high',
    'priority_low',
    'peer_limit',
    'queue_position',
    'move',
  ],
  ...[
    'download_limit',
    'download_limited',
    'upload_limit',
    'upload_limited',
    'seed_ratio_limit',
    'seed_ratio_mode',
  ],
  ...[
    'seed_idle_limit',
    'seed_idle_mode',
    'tracker_list',
    'tracker_add',
    'tracker_remove',
    'tracker_replace',
  ],
  ...[
    'path',
    'name',
    'delete_local_data',
    'speed_limit_down',
    'speed_limit_down_enabled',
    'alt_speed_time_day',
  ],
  ...[
    'download_queue_size',
    'download_queue_enabled',
    'seed_ratio_limited',
    'peer_limit_global',
    'encryption',
  ],
];
const PARAMETERS: readonly string[] = [
  ...[
    'hash',
    'hashes',
    'rid',
    'filter',
    'category',
    'tag',
    'sort',
    'reverse',
    'limit',
    'offset',
    'includeFiles',
  ],
  ...[
    'urls',
    'savepath',
    'tags',
    'stopped',
    'contentLayout',
    'rename',
    'dlLimit',
    'ratioLimit',
    'seedingTimeLimit',
  ],
  ...[
    'json',
    'savePath',
    'categories',
    'value',
    'location',
    'name',
    'oldPath',
    'newPath',
    'id',
    'priority',
    'mode',
  ],
  ...[
    'origUrl',
    'newUrl',
    'peers',
    'deleteFiles',
    'indexes',
    'private',
    'skip_checking',
    'enable',
    'username',
  ],
];

interface Target {
  readonly control: FakeControl;
  readonly faults: unknown[];
  readonly ask: (path: string, init: RequestInit) => Promise<Response>;
}

/** The mounts without a socket in front. */
function target(make: (modules: Parameters<typeof transmissionMount>[0]) => readonly RemoteMount[]): Target {
  const control = new FakeControl(6);
  const faults: unknown[] = [];
  const facts = { stateFolder: '/state', dht: true, pex: true, lsd: false, encryption: 'prefer' } as const;
  const onFault = (error: unknown): void => void faults.push(error);
  const mounts = make({ control, facts, onFault, now: () => 0, nowMs: () => 0, shutDown: () => {} });
  const access = new Access(REMOTE_DEFAULTS, { credential: undefined, now: () => 0 });
  const bodies = new Bodies(REMOTE_DEFAULTS);
  const app = new Hono<RemoteEnv>();
  app.use('*', async (c, next) => {
    c.set('remote', { address: '', token: '', access, readBody: (use) => bodies.read(c.req.raw, use) });
    await next();
  });
  for (const { path, app: mounted } of mounts) app.route(path, mounted);
  app.onError((error, c) => {
    faults.push(error);
    return c.text('', 500);
  });
  return { control, faults, ask: async (path, init) => app.request(`http://localhost${path}`, init) };
}

function argumentsOf(random: Random, control: FakeControl): Record<string, unknown> {
  const args: Record<string, unknown> = {};
  const hashes = [...control.rows.keys()];
  if (random.below(2) === 0) args['ids'] = [1, oneOf([...hashes, ''], random)];
  if (random.below(2) === 0) args['fields'] = [...Object.keys(ROW_FIELDS), ...Object.keys(DETAIL_FIELDS)];
  if (random.below(8) === 0)
    args['metainfo'] = Buffer.from(mutateBytes(TORRENT.bytes, random)).toString('base64');
  for (let count = random.below(6); count > 0; count--) {
    const name = oneOf(ARGUMENTS, random);
    args[oneOf([name, camelName(name), oldSessionName(name)], random)] = hostileValue(random);
  }
  return args;
}

function rpcBody(random: Random, control: FakeControl): string {
  const method = oneOf([...TRANSMISSION.keys()], random);
  const args = argumentsOf(random, control);
  const id = random.below(4) === 0 ? hostileValue(random) : 1;
  const requests = [
    { jsonrpc: '2.0', method, params: random.below(9) === 0 ? hostileValue(random) : args, id },
    { method: oldSessionName(method), arguments: args, tag: id },
    [{ jsonrpc: '2.0', method, params: args, id }, hostileValue(random)],
    hostileValue(random),
  ];
  const text = JSON.stringify(oneOf(requests, random));
  if (random.below(4) > 0) return text;
  if (random.below(10) === 0) return '['.repeat(100_000);
  return Buffer.from(mutateBytes(Buffer.from(text), random)).toString('utf8');
}

/** Values that the node has kept. */
function assertSound({ rows, options }: FakeControl, seed: number): void {
  const where = `ALLIUM_FUZZ_SEED=${seed}`;
  for (const row of rows.values()) {
    assert.ok(Number.isFinite(row.downLimit) && row.downLimit >= 0 && row.upLimit >= 0, where);
    assert.ok(row.tags.every((tag) => typeof tag === 'string') && typeof row.category === 'string', where);
    assert.ok(
      [row.sequential, row.superSeed, row.forced].every((truth) => typeof truth === 'boolean'),
      where,
    );
    const { ratio = 0, seedTimeMs = 0, idleTimeMs = 0 } = row.seedLimits;
    assert.ok(ratio >= 0 && seedTimeMs >= 0 && idleTimeMs >= 0, where);
  }
  const { altSchedule, downLimit, upLimit, connectionsMax, downloadRoot } = options;
  assert.ok(downLimit >= 0 && upLimit >= 0 && connectionsMax >= 1, where);
  assert.ok(altSchedule.beginMinute < 1_440 && altSchedule.endMinute < 1_440, where);
  assert.type(downloadRoot, 'string');
}

fuzz('Transmission, both forms', async () => {
  const { control, faults, ask } = target((modules) => [transmissionMount(modules)]);
  const first = await ask('/transmission/rpc', { method: 'POST' });
  const headers = { 'X-Transmission-Session-Id': first.headers.get('X-Transmission-Session-Id') ?? '' };
  const outcomes = new Map<string, number>();
  for (const seed of seeds) {
    const random = seededRandom(seed);
    const answer = await ask('/transmission/rpc', {
      method: 'POST',
      headers,
      body: rpcBody(random, control),
    });
    const text = await answer.text();
    const where = `ALLIUM_FUZZ_SEED=${seed}: ${text.slice(0, 200)}`;
    assert.equal(faults, [], where);
    assert.ok(answer.status === 200 || answer.status === 204, where);
    if (answer.status === 204) continue;
    const [value] = [JSON.parse(text) as unknown].flat() as { result?: unknown; error?: { code: number } }[];
    const isWhole = typeof value?.error?.code === 'number' || value?.result !== undefined;
    assert.ok(isWhole, where);
    const outcome = value?.error !== undefined ? `error ${value.error.code}` : 'result';
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    assertSound(control, seed);
  }
  if (replay !== undefined) return;
  for (const outcome of ['result', 'error -32700', 'error -32600', 'error -32602']) {
    assert.ok((outcomes.get(outcome) ?? 0) > 10, `${outcome}: ${outcomes.get(outcome)}`);
  }
});

function formOf(random: Random, control: FakeControl): RequestInit {
  const fields = new URLSearchParams();
  const hashes = [...control.rows.keys(), 'all', ''];
  fields.set('hash', oneOf(hashes, random));
  fields.set('hashes', `${oneOf(hashes, random)}|${oneOf(hashes, random)}`);
  for (let count = random.below(8); count > 0; count--)
    fields.set(oneOf(PARAMETERS, random), hostileText(random));
  if (random.below(3) > 0) return { method: 'POST', body: fields };
  const boundary = 'B';
  const parts = [...fields].map(
    ([name, value]) => `--B\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const file = `--B\r\nContent-Disposition: form-data; name="torrents"; filename="x"\r\n\r\n`;
  const torrent = random.below(2) === 0 ? TORRENT.bytes : mutateBytes(TORRENT.bytes, random);
  const body = Buffer.concat([Buffer.from(parts.join('') + file), torrent, Buffer.from('\r\n--B--\r\n')]);
  const sent = random.below(3) === 0 ? mutateBytes(body, random) : body;
  const type = `multipart/form-data; boundary=${random.below(9) === 0 ? hostileText(random).replaceAll(/[^\x20-\x7e]/g, '') : boundary}`;
  return { method: 'POST', headers: { 'Content-Type': type }, body: new Uint8Array(sent) };
}

fuzz('qBittorrent, queries and forms', async () => {
  const { control, faults, ask } = target((modules) => qbittorrentMounts(modules));
  const paths = [
    ...QBITTORRENT.keys(),
    ...Array<string>(6).fill('torrents/add'),
    'auth/login',
    'auth/logout',
    'nothing',
    '__proto__',
    'torrents/%00',
  ];
  const outcomes = new Map<number, number>();
  for (const seed of seeds) {
    const random = seededRandom(seed);
    const query = random.below(3) === 0 ? `?${hostileText(random)}=%ff&rid=${encodeURIComponent('-1')}` : '';
    const init = random.below(5) === 0 ? {} : formOf(random, control);
    const path = `/api/v2/${oneOf(paths, random)}${query.replaceAll(/[^\x21-\x7e]/g, '')}`;
    const answer = await ask(path, init);
    const text = await answer.text();
    const where = `ALLIUM_FUZZ_SEED=${seed}: ${path} ${answer.status} ${text.slice(0, 200)}`;
    assert.equal(faults, [], where);
    assert.ok(answer.status < 500, where);
    if (answer.headers.get('Content-Type') === 'application/json') JSON.parse(text);
    outcomes.set(answer.status, (outcomes.get(answer.status) ?? 0) + 1);
    assertSound(control, seed);
  }
  if (replay !== undefined) return;
  for (const status of [200, 400, 404, 405, 409, 415]) {
    assert.ok((outcomes.get(status) ?? 0) > 1, `${status}: ${outcomes.get(status)}`);
  }
});

fuzz.run();
