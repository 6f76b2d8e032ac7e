/** Aim: a private tracker lets in only whom and what it should, and its accounts show uploads that nobody confirms. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { passkeyOf } from '../../../engine/discovery/tracker-server/announce-gate.ts';
import { PrivateGate, passkeyHash } from '../../../engine/discovery/tracker-server/private-gate.ts';
import {
  RATIO_ACCOUNTS_DEFAULTS,
  RatioAccounts,
  type TransferReport,
} from '../../../engine/discovery/tracker-server/ratio-accounts.ts';

const test = suite('private tracker');
const MIB = 1024 * 1024;
const KEY = 'abcdefghijklmnop1234';

test('the passkey stands in the path or in the query', () => {
  assert.is(passkeyOf(`/${KEY}/announce?info_hash=x`), KEY);
  assert.is(passkeyOf(`/announce?passkey=${KEY}`), KEY);
  assert.is(passkeyOf(`/announce?a=b&passkey=${KEY}&c=d`), KEY);
  for (const none of ['/announce', '/short/announce', `/announce#passkey=${KEY}`, `/a?xpasskey=${KEY}`, ''])
    assert.is(passkeyOf(none), undefined, none);
});

test('no passkey, an unknown one, and a torrent that is not registered are refused', () => {
  const accounts = new RatioAccounts(RATIO_ACCOUNTS_DEFAULTS);
  const hash = new Uint8Array(20).fill(0xab);
  const gate = new PrivateGate({
    accounts,
    membership: {
      userOf: (key) => (key === passkeyHash(KEY) ? 'alice' : undefined),
      allows: (infoHash) => infoHash === 'ab'.repeat(20),
    },
  });
  const announce = (urlData: string, hashBytes = hash): string | undefined =>
    gate.check({
      hashBytes,
      hashAt: 0,
      endpoint: new Uint16Array(3),
      urlData,
      uploaded: 0,
      downloaded: 0,
      left: 0,
      event: 'started',
    });
  assert.match(announce('/announce') ?? '', /needs a passkey/);
  assert.match(announce(`/${KEY}x/announce`) ?? '', /unknown passkey/);
  assert.match(announce(`/${KEY}/announce`, new Uint8Array(20)) ?? '', /not registered/);
  assert.is(announce(`/${KEY}/announce`), undefined);
  assert.is(gate.checkScrape(`/${KEY}/scrape?info_hash=x`), undefined);
  assert.match(gate.checkScrape('') ?? '', /needs a passkey/);
  assert.match(gate.checkScrape(`/${KEY}x/scrape`) ?? '', /unknown passkey/);
  assert.equal([...accounts.users.keys()], ['alice'], 'only who was let in has an account');
});

const report = (fields: Partial<TransferReport>): TransferReport => ({
  user: 'seeder',
  torrent: 'aa',
  peer: 'p',
  uploaded: 0,
  downloaded: 0,
  event: undefined,
  ...fields,
});

test('uploads that others report as downloads are confirmed, whatever comes first', () => {
  const accounts = new RatioAccounts(RATIO_ACCOUNTS_DEFAULTS);
  const leecher = { user: 'leecher', peer: 'q' };
  accounts.report(report({ event: 'started' }));
  accounts.report(report({ ...leecher, event: 'started' }));
  for (let step = 1; step <= 20; step++) {
    accounts.report(report({ ...leecher, downloaded: step * 50 * MIB }));
    assert.is(accounts.report(report({ uploaded: step * 50 * MIB })), 0);
  }
  assert.equal(accounts.accountOf('seeder'), {
    uploaded: 1000 * MIB,
    downloaded: 0,
    unconfirmed: 0,
    flags: 0,
  });
  assert.is(accounts.accountOf('leecher').downloaded, 1000 * MIB);
});

test('uploads that nobody has had are flagged, and one cannot confirm oneself', () => {
  const accounts = new RatioAccounts(RATIO_ACCOUNTS_DEFAULTS);
  accounts.report(report({ event: 'started' }));
  accounts.report(report({ peer: 'second', event: 'started' }));
  accounts.report(report({ peer: 'second', downloaded: 5000 * MIB }));
  const grown = accounts.report(report({ uploaded: 1000 * MIB }));
  assert.is(grown, 1000 * MIB - RATIO_ACCOUNTS_DEFAULTS.toleranceBytes);
  assert.is(accounts.accountOf('seeder').flags, 1);
  accounts.report(report({ uploaded: 1001 * MIB }));
  assert.equal(
    [accounts.accountOf('seeder').unconfirmed, accounts.accountOf('seeder').flags],
    [grown + MIB, 1],
  );
});

test('a client that was restarted counts from zero again; a tracker that was, counts nothing twice', () => {
  const accounts = new RatioAccounts(RATIO_ACCOUNTS_DEFAULTS);
  accounts.report(report({ uploaded: 700 * MIB }));
  assert.is(accounts.accountOf('seeder').uploaded, 0, 'what was before is not known');
  accounts.report(report({ uploaded: 701 * MIB }));
  accounts.report(report({ uploaded: 2 * MIB }));
  assert.is(accounts.accountOf('seeder').uploaded, 3 * MIB);
  accounts.report(report({ uploaded: 3 * MIB, event: 'stopped' }));
  assert.equal([accounts.accountOf('seeder').uploaded, accounts.peerCount], [4 * MIB, 0]);
});

test('saying “started” every time hides nothing', () => {
  const accounts = new RatioAccounts(RATIO_ACCOUNTS_DEFAULTS);
  for (let step = 0; step <= 3; step++) accounts.report(report({ downloaded: step * MIB, event: 'started' }));
  assert.is(accounts.accountOf('seeder').downloaded, 3 * MIB);
});

test('peers and swarms that are remembered are bounded', () => {
  const accounts = new RatioAccounts({ ...RATIO_ACCOUNTS_DEFAULTS, peersMax: 10, torrentsMax: 5 });
  for (let i = 0; i < 100; i++) accounts.report(report({ torrent: `${i}`, peer: `${i}` }));
  assert.equal([accounts.peerCount, accounts.swarmCount], [10, 5]);
});

test.run();
