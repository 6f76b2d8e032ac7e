/**
 * Aim: the tracker as it is run: it answers over HTTP and UDP, forgets nobody over a restart, shows itself without a word
 * about anybody, and as a private one lets in members only.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { asDict, asInteger, decodeBencode } from '../../../engine/codec/bencode.ts';
import { createTrackerTransports } from '../../../engine/discovery/tracker/transports.ts';
import { TRACKER_DEFAULTS } from '../../../engine/discovery/tracker-server/tracker.ts';
import { createLog } from '../../../engine/node/log.ts';
import { MembershipStore } from '../../../engine/node/tracker/membership-store.ts';
import { JOINS_PER_MINUTE_MAX } from '../../../engine/node/tracker/pages.ts';
import { TrackerDaemon, type TrackerSettings } from '../../../engine/node/tracker/tracker-daemon.ts';
import { createRealRuntime } from '../../../engine/runtime/real/runtime.ts';

const test = suite('tracker daemon');
const runtime = createRealRuntime();
const log = createLog('silent', process.stderr);
const folder = mkdtempSync(join(tmpdir(), 'allium-tracker-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const start = (settings: Partial<TrackerSettings> = {}): Promise<TrackerDaemon> =>
  TrackerDaemon.start(
    {
      hosts: ['127.0.0.1'],
      port: 0,
      http: true,
      udp: true,
      tracker: { ...TRACKER_DEFAULTS, torrentsMax: 10_000, peersMax: 10_000 },
      perMinuteMax: 0,
      dataFolder: undefined,
      store: undefined,
      isPrivate: false,
      metrics: undefined,
      snapshotMs: 60_000,
      ...settings,
    },
    { runtime, log },
  );

const originOf = (daemon: TrackerDaemon, scheme = 'http'): string =>
  `${scheme}://127.0.0.1:${daemon.listening.http[0]!.port}`;

const HASH = '%01%02%03%04%05%06%07%08%09%10%11%12%13%14%15%16%17%18%19%20';

async function announce(
  daemon: TrackerDaemon,
  query: string,
  prefix = '',
): Promise<ReturnType<typeof asDict>> {
  const answer = await fetch(`${originOf(daemon)}${prefix}/announce?info_hash=${HASH}&${query}`);
  const decoded = decodeBencode(new Uint8Array(await answer.arrayBuffer()));
  return decoded.ok ? asDict(decoded.value) : undefined;
}

test('HTTP and UDP share their swarms', async () => {
  const daemon = await start();
  await announce(daemon, 'port=1000&left=0');
  const transports = createTrackerTransports(runtime);
  const infoHash = Uint8Array.from({ length: 20 }, (_, i) => Number.parseInt(String(i + 1), 16));
  const answer = await transports.announce['udp']!(
    `${originOf(daemon, 'udp')}/announce`,
    {
      ...{ infoHash, peerId: new Uint8Array(20), port: 2000, uploaded: 0, downloaded: 0, left: 1 },
      ...{ event: 'started', peersWanted: 10, key: 1 },
    },
    5_000,
  );
  assert.equal(answer.peers, [{ host: '127.0.0.1', port: 1000 }]);
  for (const scheme of ['http', 'udp']) {
    const url = `${originOf(daemon, scheme)}/announce`;
    const [entry] = await transports.scrape[scheme]!(url, [infoHash], 5_000);
    assert.equal(entry, { complete: 1, incomplete: 1, downloaded: 0 }, scheme);
  }
  transports.close();
  await daemon.close();
});

test('a restart forgets nobody, and what has expired meanwhile is not brought back', async () => {
  const dataFolder = join(folder, 'restart');
  const first = await start({ dataFolder });
  for (let port = 1; port <= 300; port++) await announce(first, `port=${port}&left=${port % 2}`);
  await first.close();
  const second = await start({ dataFolder });
  assert.is(second.tracker.peerCount, 300);
  const scraped = await announce(second, 'port=301&left=1');
  assert.is(asInteger(scraped?.get('complete')), 150);
  await second.close();
  const third = await start({ dataFolder, tracker: { ...TRACKER_DEFAULTS, expirySec: 0 } });
  assert.is(third.tracker.peerCount, 0);
  await third.close();
});

test('the page shows sums only; metrics are for the machine itself', async () => {
  const daemon = await start({ metrics: { host: '127.0.0.1', port: 0 } });
  await announce(daemon, 'port=1000&left=0');
  const page = await fetch(`${originOf(daemon)}/`);
  const text = await page.text();
  assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/);
  assert.match(text, /<b class="num">1<\/b><span class="soft">torrents/);
  assert.not.match(text, /127\.0\.0\.1|0102030405/);
  assert.is((await fetch(`${originOf(daemon)}/metrics`)).status, 404);
  assert.is((await fetch(`${originOf(daemon)}/join`, { method: 'POST' })).status, 404);
  await daemon.close();
});

test('a private one: members only, registered torrents only, and accounts that last', async () => {
  const dataFolder = join(folder, 'private');
  const daemon = await start({ dataFolder, isPrivate: true });
  const members = new MembershipStore(join(dataFolder, 'members'));
  const failureOf = async (prefix: string): Promise<string> => {
    const answer = await announce(daemon, 'port=1&left=1&event=started', prefix);
    return String(Buffer.from((answer?.get('failure reason') as Uint8Array | undefined) ?? []));
  };
  assert.match(await failureOf(''), /passkey/);
  const scraped = await fetch(`${originOf(daemon)}/scrape?info_hash=${HASH}`);
  assert.match(await scraped.text(), /passkey/);
  const passkey = await members.addUser('alice');
  assert.match(await failureOf(`/${passkey}`), /not registered/);
  await members.allow('0102030405060708091011121314151617181920', 'x');
  assert.is(await failureOf(`/${passkey}`), '');
  await announce(daemon, 'port=1&left=1&downloaded=500', `/${passkey}`);
  const invitation = await members.invite('alice');
  const join_ = (body: string): Promise<Response> =>
    fetch(`${originOf(daemon)}/join`, { method: 'POST', body });
  const joined = await join_(JSON.stringify({ invitation, name: 'bob' }));
  assert.is(joined.status, 200);
  const { passkey: bobs } = (await joined.json()) as { passkey: string };
  assert.is(await failureOf(`/${bobs}`), '');
  assert.is((await join_('{')).status, 400);
  assert.is((await join_(JSON.stringify({ invitation, name: 'carol' }))).status, 400);
  assert.is((await join_('x'.repeat(5000))).status, 400);
  for (let i = 0; i < JOINS_PER_MINUTE_MAX; i++) await (await join_('{')).text();
  assert.is((await join_('{')).status, 429);
  await daemon.close();
  assert.is(members.accounts().get('alice')?.downloaded, 500);
  await members.close();
});

test('a port that is taken: it says so and leaves nothing open', async () => {
  const daemon = await start();
  const { port } = daemon.listening.http[0]!;
  const failure = await start({ port }).catch((error: { code?: string }) => error.code);
  assert.is(failure, 'ADDRESS_IN_USE');
  await daemon.close();
});

test.run();
