/**
 * Aim: a relay tells the authorities about itself when there is something to tell, looks whether they took it, and the
 * operator gets the reason when one did not, once.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkRelayConfig } from '../../../engine/node/relay/config.ts';
import {
  descriptorEssence,
  makeDocuments,
  type RelayDocuments,
  type RelayStatus,
} from '../../../engine/node/relay/descriptor-source.ts';
import type { AskAuthority } from '../../../engine/node/relay/directory-mirror.ts';
import { openIdentity } from '../../../engine/node/relay/identity-keys.ts';
import { KeyFolder } from '../../../engine/node/relay/key-folder.ts';
import { OnionKeyStore } from '../../../engine/node/relay/onion-keys.ts';
import {
  BANDWIDTH_PAUSE_MS,
  CHANGE_PAUSE_MS,
  publishReason,
  REPUBLISH_MS,
  UNLISTED_PAUSE_MS,
  uploadPauseMs,
} from '../../../engine/node/relay/publish-decision.ts';
import { Publisher } from '../../../engine/node/relay/publisher.ts';
import type { DirectoryAnswer } from '../../../engine/onion/directory/directory-answer.ts';
import { success } from '../../../engine/onion/directory/result.ts';
import { keptLog } from './support/log.ts';
import { ManualClock } from './support/manual-clock.ts';
import { relayFolder } from './support/relay-folder.ts';

const publisher = suite('publishing');
const NOW_MS = 1_800_000_000_000;
const config = checkRelayConfig(
  {
    nickname: 'MyRelay',
    contact: 'Zoë',
    address: '203.0.113.5',
    orPort: 9001,
    authorities: ['one', 'two'].map(
      (name, index) =>
        `${name} v3ident=${`${index}`.repeat(40)} 203.0.113.${9 + index}:9030 ${'B'.repeat(40)}`,
    ),
    dataDir: 'data',
    bandwidthRate: '1MiB',
    exitPolicy: ['accept *:443'],
  },
  'relay.json',
);
const folder = KeyFolder.open(relayFolder());
const identity = openIdentity(folder, {
  offlineMaster: false,
  signingLifetimeMs: 30 * 86_400_000,
  nowMs: NOW_MS,
});
const onionKeys = OnionKeyStore.open(folder, NOW_MS).keys.current;
const STATUS: RelayStatus = {
  identity,
  onionKeys,
  isHibernating: false,
  observedBytesPerSec: 5 * 2 ** 20,
  overload: undefined,
  historyLines: ['write-history 2026-01-01 00:00:00 (86400 s) 1024'],
  uptimeSeconds: 7,
};

function documentsAt(nowMs: number): RelayDocuments {
  const made = makeDocuments(config, STATUS, nowMs);
  if (!made.ok) throw new Error(made.reason);
  return made.value;
}

const ANSWER: DirectoryAnswer = {
  status: 200,
  reason: 'OK',
  body: new Uint8Array(0),
  dateMs: NOW_MS,
  yourAddress: undefined,
  isNotNew: false,
};

/** A publisher whose authorities do what they are told; `held`: what they answer when asked what they have. */
function setUp(
  held: (host: string) => DirectoryAnswer,
  upload: (host: string) => DirectoryAnswer = () => ANSWER,
) {
  const clock = new ManualClock(NOW_MS);
  const log = keptLog();
  const asked: string[] = [];
  const situation = { essence: 'a', observedBytesPerSec: 0, isListed: undefined as boolean | undefined };
  const published: RelayDocuments[] = [];
  const ask: AskAuthority = ({ host }, { method, path }) => {
    asked.push(`${method} ${host} ${path}`);
    return Promise.resolve(success(method === 'POST' ? upload(host) : held(host)));
  };
  const made = new Publisher(config, {
    ...{ ask, clock, log },
    make: (nowMs) => makeDocuments(config, STATUS, nowMs),
    situation: () => situation,
    onPublished: (documents) => published.push(documents),
  });
  return { made, clock, log, asked, situation, published };
}

publisher('reasons to publish, and how often at most', () => {
  const last = { atMs: NOW_MS, essence: 'a', observedBytesPerSec: 1000 };
  const at = (ageMs: number, change: Partial<Parameters<typeof publishReason>[1]> = {}) =>
    publishReason(last, {
      ...{ nowMs: NOW_MS + ageMs, essence: 'a', observedBytesPerSec: 1000, isListed: true },
      ...change,
    });
  const now = { nowMs: NOW_MS, essence: 'a', observedBytesPerSec: 0, isListed: undefined };
  assert.is(publishReason(undefined, now), 'first');
  assert.is(at(REPUBLISH_MS - 1), undefined);
  assert.is(at(REPUBLISH_MS), 'due');
  assert.is(at(-3_600_000), 'due', 'a clock that was set back');
  assert.is(at(CHANGE_PAUSE_MS - 1, { essence: 'b' }), undefined);
  assert.is(at(CHANGE_PAUSE_MS, { essence: 'b' }), 'changed');
  assert.is(at(BANDWIDTH_PAUSE_MS, { observedBytesPerSec: 1999 }), undefined);
  assert.is(at(BANDWIDTH_PAUSE_MS, { observedBytesPerSec: 2000 }), 'bandwidth');
  assert.is(at(BANDWIDTH_PAUSE_MS, { observedBytesPerSec: 500 }), 'bandwidth');
  assert.is(at(BANDWIDTH_PAUSE_MS - 1, { observedBytesPerSec: 9999 }), undefined);
  assert.is(at(UNLISTED_PAUSE_MS, { isListed: false }), 'unlisted');
  assert.is(at(UNLISTED_PAUSE_MS, { isListed: undefined }), undefined);
  assert.equal([1, 2, 3, 20].map(uploadPauseMs), [60_000, 120_000, 240_000, 3_600_000]);
});

publisher('the documents say what the configuration says, and read back', () => {
  const { parsed, extraInfo } = documentsAt(NOW_MS);
  assert.is(parsed.nickname, 'MyRelay');
  assert.is(parsed.contact, 'Zoë');
  assert.is(parsed.orPort, 9001);
  assert.is(parsed.isTunnelledDirServer, true);
  assert.is(parsed.bandwidth.rateBytesPerSec, 2 ** 20);
  assert.is(parsed.bandwidth.observedBytesPerSec, 2 ** 20, 'no more than the limit');
  assert.match(Buffer.from(extraInfo).toString('latin1'), '\nwrite-history 2026-01-01');
  assert.match(parsed.platform, /^Allium \d/);
});

publisher(
  'what matters to others changes the essence, time and traffic do not, and nothing secret is in it',
  () => {
    const essence = descriptorEssence(config, STATUS);
    const changed = (change: Partial<RelayStatus>): boolean =>
      descriptorEssence(config, { ...STATUS, ...change }) !== essence;
    assert.is(changed({ isHibernating: true }), true);
    assert.is(changed({ overload: { version: 1, sinceMs: NOW_MS } }), true);
    const signing = { ...identity.signing, cert: new Uint8Array(9) };
    assert.is(changed({ identity: { ...identity, signing } }), true);
    assert.is(changed({ uptimeSeconds: 99, observedBytesPerSec: 1, historyLines: [] }), false);
    const seed = Buffer.from(identity.signing.seed).toString('hex');
    assert.is(essence.toLowerCase().includes(seed), false);
  },
);

publisher('hands its descriptor in everywhere and looks whether it is there', async () => {
  const { made, asked, log, published } = setUp(() => ({ ...ANSWER, body: documentsAt(NOW_MS).descriptor }));
  await made.tick();
  assert.equal(made.states(), { pending: 0, accepted: 2, rejected: 0, unreachable: 0 });
  const { fingerprint } = documentsAt(NOW_MS).parsed;
  for (const host of ['203.0.113.9', '203.0.113.10']) {
    assert.ok(asked.includes(`POST ${host} /tor/`));
    assert.ok(asked.includes(`GET ${host} /tor/server/fp/${fingerprint}`));
  }
  assert.is(published.length, 1);
  assert.is(
    log.said.some((line) => /^(?:error|warn)/.test(line)),
    false,
  );
  await made.tick();
  assert.is(asked.length, 4, 'and then leaves them alone');
});

publisher('a 200 to what was thrown away is noticed, and told once', async () => {
  const notThere = { ...ANSWER, status: 404, reason: 'Not found' };
  const { made, log, clock } = setUp((host) =>
    host.endsWith('.9') ? notThere : { ...ANSWER, body: documentsAt(NOW_MS).descriptor },
  );
  await made.tick();
  assert.equal(made.states(), { pending: 0, accepted: 1, rejected: 1, unreachable: 0 });
  const told = (): number =>
    log.said.filter((line) => line.startsWith('error: an authority does not take')).length;
  assert.is(told(), 1);
  assert.match(log.said.join('\n'), 'it took the upload and dropped it');
  clock.advance(60_000);
  await made.tick();
  assert.is(told(), 1);
});

publisher('a refusal is told with its reason and tried again later', async () => {
  const refused = { ...ANSWER, status: 400, reason: 'Fingerprint is marked rejected' };
  const { made, log, clock, asked } = setUp(
    () => ANSWER,
    () => refused,
  );
  await made.tick();
  assert.is(made.states().rejected, 2);
  assert.match(log.said.join('\n'), 'Fingerprint is marked rejected');
  await made.tick();
  assert.is(asked.length, 2, 'not at once');
  clock.advance(60_000);
  await made.tick();
  assert.is(asked.length, 4);
});

publisher('a clock that differs from that of an authority is told', async () => {
  const { made, log } = setUp(
    () => ({ ...ANSWER, body: documentsAt(NOW_MS).descriptor }),
    () => ({ ...ANSWER, dateMs: NOW_MS + 2 * 3_600_000 }),
  );
  await made.tick();
  assert.match(log.said.join('\n'), 'warn: the clock of this machine');
});

publisher('what changes goes to all of them anew', async () => {
  const { made, clock, situation, asked, published } = setUp(() => ({
    ...ANSWER,
    body: published.at(-1)?.descriptor ?? new Uint8Array(0),
  }));
  await made.tick();
  situation.essence = 'b';
  clock.advance(CHANGE_PAUSE_MS);
  await made.tick();
  assert.is(asked.filter((one) => one.startsWith('POST')).length, 4);
  assert.is(made.states().accepted, 2);
  assert.is(made.publishedMs, NOW_MS + CHANGE_PAUSE_MS);
});

publisher.run();
