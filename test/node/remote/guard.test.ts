/** Aim: strangers do not get in: what decides about hosts, origins, passwords, sign-ins and repeated tries. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Access } from '../../../engine/node/remote/guard/access.ts';
import { credentialFor, isLoopback } from '../../../engine/node/remote/guard/kept-credential.ts';
import { networkOf, Offenders } from '../../../engine/node/remote/guard/offenders.ts';
import { type RequestOrigin, refusalOf } from '../../../engine/node/remote/guard/origin.ts';
import { isRight, madePassword, makeCredential } from '../../../engine/node/remote/guard/password.ts';
import { Sessions } from '../../../engine/node/remote/guard/sessions.ts';

const guard = suite('guard');

const request = (change: Partial<RequestOrigin>): RequestOrigin => ({
  ...{ method: 'POST', host: 'localhost:8090', origin: '', referer: '', fetchSite: '', fetchMode: '' },
  ...change,
});
const status = (change: Partial<RequestOrigin>, names: readonly string[] = []): number =>
  refusalOf(request(change), new Set(names))?.status ?? 200;

guard('only localhost, addresses and names of the settings are answered to', () => {
  for (const host of [
    'localhost',
    'LOCALHOST:1',
    'localhost.:80',
    '127.0.0.1',
    '10.1.2.3:9091',
    '[::1]:80',
  ]) {
    assert.is(status({ host }), 200, host);
  }
  for (const host of [
    '',
    'evil.test',
    'localhost.evil.test',
    '127.0.0.1.evil.test',
    'a@b',
    'localhost/',
    ' ',
  ]) {
    assert.is(status({ host }), 421, host);
  }
  assert.is(status({ host: 'node.example' }, ['node.example']), 200);
  assert.is(status({ host: 'node.example.evil.test' }, ['node.example']), 421);
});

guard('what says that it comes from elsewhere is refused', () => {
  assert.is(status({ origin: 'http://localhost:8090' }), 200);
  assert.is(status({ origin: 'http://localhost:8091' }), 403, 'another port is another site');
  assert.is(status({ origin: 'null' }), 403);
  assert.is(status({ origin: 'https://evil.test' }), 403);
  assert.is(status({ method: 'GET', origin: 'https://evil.test' }), 403);
  assert.is(status({ origin: 'https://node.example' }, ['node.example']), 200, 'a proxy in front');
  assert.is(status({ origin: 'moz-extension://0f1e' }), 200, 'an extension is installed by its user');
  assert.is(status({ referer: 'https://evil.test/x' }), 403);
  assert.is(status({ method: 'GET', referer: 'https://evil.test/x' }), 200, 'a link to the page');
  assert.is(status({ fetchSite: 'cross-site' }), 403);
  assert.is(status({ method: 'GET', fetchSite: 'cross-site', fetchMode: 'no-cors' }), 403, 'an image');
  assert.is(status({ method: 'GET', fetchSite: 'cross-site', fetchMode: 'navigate' }), 200);
  assert.is(status({ fetchSite: 'same-origin' }), 200);
});

guard('after three wrong passwords each one doubles the wait, and it ends', () => {
  const offenders = new Offenders({ countMax: 10 });
  const waits = [0, 1, 2, 3, 4, 5].map(() => {
    const wait = offenders.waitMs('10.0.0.1', 0);
    offenders.noteFailure('10.0.0.1', 0);
    return wait;
  });
  assert.equal(waits, [0, 0, 0, 1_000, 2_000, 4_000]);
  assert.is(offenders.waitMs('10.0.0.2', 0), 0, 'others do not wait');
  for (let more = 0; more < 50; more++) offenders.noteFailure('10.0.0.1', 0);
  assert.is(offenders.waitMs('10.0.0.1', 0), 900_000);
  assert.is(offenders.waitMs('10.0.0.1', 900_000), 0);
  offenders.forgive('10.0.0.1');
  assert.is(offenders.size, 0);
});

guard('the table of offenders is bounded: the one that was quiet longest goes', () => {
  const offenders = new Offenders({ countMax: 3 });
  for (let tries = 0; tries < 4; tries++) offenders.noteFailure('10.0.0.1', 0);
  for (let host = 2; host < 5; host++) offenders.noteFailure(`10.0.0.${host}`, 0);
  assert.is(offenders.size, 3);
  assert.is(offenders.waitMs('10.0.0.1', 0), 0);
});

guard('all of a /64 is one offender, and IPv4 is itself however it is written', () => {
  assert.is(networkOf('2001:db8:1:2::1'), networkOf('2001:db8:1:2:ffff::9'));
  assert.is.not(networkOf('2001:db8:1:2::1'), networkOf('2001:db8:1:3::1'));
  assert.is(networkOf('::1'), '0:0:0:0');
  assert.is(networkOf('fe80::1%eth0'), 'fe80:0:0:0');
  assert.is(networkOf('::ffff:10.0.0.1'), '10.0.0.1');
});

guard('sign-ins end when they are not used, or when too many come after', () => {
  const sessions = new Sessions({ countMax: 2, idleMs: 1_000 });
  const [first, second] = [sessions.open(0), sessions.open(0)];
  assert.ok(sessions.use(first, 900));
  assert.not(sessions.use(second, 1_100), 'unused for too long');
  assert.ok(sessions.use(first, 1_800), 'use prolongs it');
  sessions.open(1_800);
  sessions.open(1_800);
  assert.not(sessions.use(first, 1_800), 'the one unused longest went');
  assert.is(sessions.size, 2);
  assert.not(sessions.use('', 0));
});

guard('a password is hashed with salt, and only the right pair is right', async () => {
  const credential = await makeCredential('me', 'pässword');
  assert.not(JSON.stringify(credential).includes('pässword'));
  assert.is.not(credential.scrypt, (await makeCredential('me', 'pässword')).scrypt);
  assert.ok(await isRight(credential, 'me', 'pässword'));
  assert.not(await isRight(credential, 'me', 'password'));
  assert.not(await isRight(credential, 'you', 'pässword'));
  assert.match(madePassword(), /^[a-z2-9]{20}$/);
});

const ACCESS = { sessionsMax: 10, sessionIdleMs: 1_000, offendersMax: 10, checksMax: 1 };

guard(
  'a wrong password costs time even when many are tried at once; the right one is not held up after',
  async () => {
    let nowMs = 0;
    const credential = await makeCredential('me', 'right');
    const access = new Access(ACCESS, { credential, now: () => nowMs });
    const both = await Promise.all([access.signIn('a', 'me', 'x'), access.signIn('a', 'me', 'y')]);
    assert.equal(
      both.map(({ outcome }) => outcome),
      ['wrong', 'wait'],
      'one is hashed at a time',
    );
    await access.signIn('a', 'me', 'y');
    assert.is((await access.signIn('a', 'me', 'z'.repeat(5_000))).outcome, 'wrong');
    assert.is((await access.signIn('a', 'me', 'right')).outcome, 'wait');
    assert.is((await access.signIn('b', 'me', 'right')).outcome, 'right');
    assert.is((await access.signIn('a', 'me', 'right')).outcome, 'right', 'it is known by now');
    assert.is((await access.signIn('a', 'me', 'w')).outcome, 'wait');
    nowMs = 10_000;
    assert.is((await access.signIn('a', 'me', 'w')).outcome, 'wrong');
  },
);

guard('the header of HTTP Basic is read as it is, colons in passwords included', async () => {
  const credential = await makeCredential('me', 'a:b');
  const access = new Access(ACCESS, { credential, now: () => 0 });
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
  assert.is((await access.signInBasic('a', basic('me:a:b')))?.outcome, 'right');
  assert.is((await access.signInBasic('a', basic('me:a')))?.outcome, 'wrong');
  for (const header of ['', 'Basic', 'Bearer x', 'Basic ???', basic('no colon')]) {
    assert.is(await access.signInBasic('a', header), undefined, header);
  }
});

guard(
  'the first start elsewhere than on loopback makes a password, tells it once and keeps its hash',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'allium-guard-'));
    try {
      const path = join(folder, 'remote.json');
      const made: string[] = [];
      const start = (host: string, password?: string) =>
        credentialFor({ host, user: 'me', password, path }, { onMade: (text) => void made.push(text) });
      assert.is(await start('127.0.0.1'), undefined);
      assert.is(await start('::1'), undefined);
      const first = await start('0.0.0.0');
      const second = await start('0.0.0.0');
      assert.is(made.length, 1);
      assert.ok(await isRight(second!, 'me', made[0]!));
      assert.equal(first, second);
      assert.not((await readFile(path, 'utf8')).includes(made[0]!));
      assert.is((await stat(path)).mode & 0o777, 0o600);
      assert.ok(
        await isRight((await start('127.0.0.1', 'own'))!, 'me', 'own'),
        'one of the settings counts always',
      );
      await writeFile(path, '{"user":"me"}');
      try {
        await start('0.0.0.0');
        assert.unreachable();
      } catch (error) {
        assert.is((error as { code?: string }).code, 'BAD_STATE');
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);

guard('loopback is what nobody else can reach', () => {
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) assert.ok(isLoopback(host), host);
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.evil.test', '']) assert.not(isLoopback(host), host);
});

guard.run();
