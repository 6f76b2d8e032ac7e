/** Aim: onion keys are changed every four weeks and answered to for a week longer, also across restarts. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KEY_FILES, makeOfflineKeys } from '../../../engine/node/relay/identity-keys.ts';
import { KeyFolder } from '../../../engine/node/relay/key-folder.ts';
import { KeyKeeper, LINK_RENEW_MS } from '../../../engine/node/relay/key-keeper.ts';
import { OnionKeyStore, onionKeyStep, onionKeyTimes } from '../../../engine/node/relay/onion-keys.ts';
import { createRealRandom } from '../../../engine/runtime/real/random.ts';
import { keptLog } from './support/log.ts';
import { relayFolder } from './support/relay-folder.ts';
import { thrown } from './support/thrown.ts';

const onion = suite('onion keys');
const DAY_MS = 86_400_000;
const NOW_MS = 1_800_000_000_000;
const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');

onion('times come from the consensus, within bounds', () => {
  assert.equal(onionKeyTimes(new Map()), { rotationMs: 28 * DAY_MS, graceMs: 7 * DAY_MS });
  const set = (days: number, grace: number) =>
    onionKeyTimes(
      new Map([
        ['onion-key-rotation-days', days],
        ['onion-key-grace-period-days', grace],
      ]),
    );
  assert.equal(set(10, 3), { rotationMs: 10 * DAY_MS, graceMs: 3 * DAY_MS });
  assert.equal(set(1000, 2000), { rotationMs: 90 * DAY_MS, graceMs: 90 * DAY_MS });
  assert.equal(set(0, 0), { rotationMs: DAY_MS, graceMs: DAY_MS });
});

onion('what is to be done at which age', () => {
  const times = onionKeyTimes(new Map());
  const step = (days: number, hasPrevious: boolean) =>
    onionKeyStep({ createdMs: NOW_MS, hasPrevious }, times, NOW_MS + days * DAY_MS);
  assert.is(step(0, false), 'keep');
  assert.is(step(6.9, true), 'keep');
  assert.is(step(7, true), 'forget-previous');
  assert.is(step(7, false), 'keep');
  assert.is(step(28, false), 'rotate');
  assert.is(step(300, true), 'rotate');
  assert.is(step(-5, true), 'keep', 'a clock that went backwards');
});

onion('a rotation keeps the keys before, on disk too, and forgets them after the grace period', () => {
  const folder = KeyFolder.open(relayFolder());
  const times = onionKeyTimes(new Map());
  const store = OnionKeyStore.open(folder, NOW_MS);
  const first = store.keys.current;
  assert.is(store.keys.previous, undefined);
  assert.is(statSync(folder.fileOf(KEY_FILES.onion)).mode & 0o777, 0o600);
  assert.is(store.advance(times, NOW_MS + 27 * DAY_MS), 'keep');
  assert.is(store.advance(times, NOW_MS + 28 * DAY_MS), 'rotate');
  assert.is.not(hex(store.keys.current.ntorPublicKey), hex(first.ntorPublicKey));
  assert.is.not(hex(store.keys.current.tapPublicKey), hex(first.tapPublicKey));
  const again = OnionKeyStore.open(folder, NOW_MS + 29 * DAY_MS);
  assert.is(hex(again.keys.previous?.ntorPrivateKey), hex(first.ntorPrivateKey));
  assert.is(hex(again.keys.current.ntorPublicKey), hex(store.keys.current.ntorPublicKey));
  assert.is(again.advance(times, NOW_MS + 35 * DAY_MS), 'forget-previous');
  assert.is(OnionKeyStore.open(folder, NOW_MS).keys.previous, undefined);
});

onion('a damaged file is named and nothing of it is told', () => {
  const folder = KeyFolder.open(relayFolder());
  OnionKeyStore.open(folder, NOW_MS);
  const good = folder.read(KEY_FILES.onion)!.toString();
  for (const text of [
    '{"secret',
    '{}',
    good.replace('PRIVATE KEY', 'PRIVATE FROG'),
    good.replace('"version": 1', '"version": 2'),
  ]) {
    folder.write(KEY_FILES.onion, text);
    const error = thrown(() => OnionKeyStore.open(folder, NOW_MS));
    assert.is(error.code, 'BAD_STATE');
    assert.is(`${error.message} ${error.advice}`.includes('secret'), false);
  }
});

onion('a keeper renews link keys every day, signing keys and onion keys in their time', () => {
  const folder = KeyFolder.open(relayFolder());
  const options = { offlineMaster: false, signingLifetimeMs: 30 * DAY_MS };
  const modules = { folder, random: createRealRandom(), log: keptLog(), nowMs: NOW_MS };
  const keeper = new KeyKeeper(options, modules);
  const before = { outfit: keeper.outfit, seed: hex(keeper.identity.signing.seed) };
  const tls = new X509Certificate(keeper.outfit.tls.certificateDer);
  assert.is(tls.publicKey.asymmetricKeyDetails?.modulusLength, 2048, 'as C tor has it');
  const tlsKey = createPrivateKey({
    key: Buffer.from(keeper.outfit.tls.privateKeyDer),
    format: 'der',
    type: 'pkcs8',
  });
  assert.is(tls.checkPrivateKey(tlsKey), true);
  assert.equal(keeper.tick(new Map(), NOW_MS + 1000), []);
  assert.equal(keeper.tick(new Map(), NOW_MS + LINK_RENEW_MS), ['link']);
  assert.is.not(hex(keeper.outfit.tls.certificateDer), hex(before.outfit.tls.certificateDer));
  assert.equal(keeper.tick(new Map(), NOW_MS + 28 * DAY_MS), ['signing', 'link', 'onion-rotated']);
  assert.is.not(hex(keeper.identity.signing.seed), before.seed);
  assert.equal(keeper.tick(new Map(), NOW_MS + 35 * DAY_MS), ['link', 'onion-forgotten']);
  const { signing, onion: due, link } = keeper.expiry(new Map());
  assert.ok(signing > (NOW_MS + 57 * DAY_MS) / 1000);
  assert.is(due, Math.floor((NOW_MS + 56 * DAY_MS) / 1000));
  assert.is(link, Math.floor((NOW_MS + 36 * DAY_MS) / 1000));
});

onion('without a master key the keeper warns once a day and takes up a key that is brought', () => {
  const home = KeyFolder.open(relayFolder());
  makeOfflineKeys(home, { signingLifetimeMs: 30 * DAY_MS, nowMs: NOW_MS });
  const folder = KeyFolder.open(relayFolder());
  const bring = (): void => {
    for (const name of [KEY_FILES.signing, KEY_FILES.signingCert]) folder.write(name, home.read(name)!);
  };
  bring();
  const log = keptLog();
  const options = { offlineMaster: true, signingLifetimeMs: 30 * DAY_MS };
  const keeper = new KeyKeeper(options, { folder, random: createRealRandom(), log, nowMs: NOW_MS });
  const warnAt = NOW_MS + 28 * DAY_MS;
  keeper.tick(new Map(), warnAt);
  keeper.tick(new Map(), warnAt + 60_000);
  assert.is(log.said.filter((line) => line.startsWith('warn: the signing key expires')).length, 1);
  keeper.tick(new Map(), NOW_MS + 31 * DAY_MS);
  assert.is(log.said.filter((line) => line.startsWith('error: the signing key expires')).length, 1);
  makeOfflineKeys(home, { signingLifetimeMs: 30 * DAY_MS, nowMs: NOW_MS + 31 * DAY_MS });
  bring();
  assert.ok(keeper.tick(new Map(), NOW_MS + 31 * DAY_MS + 1000).includes('signing'));
});

onion.run();
