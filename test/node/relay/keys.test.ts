/**
 * Aim: the keys of a relay lie on disk so that nobody else can read them, come back as they were, are made anew when
 * their time is over and never when that would change who the relay is; a master key may stay elsewhere.
 */
import { createPrivateKey } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  isRenewalDue,
  KEY_FILES,
  makeOfflineKeys,
  openIdentity,
  renewSigningKey,
} from '../../../engine/node/relay/identity-keys.ts';
import { readCurvePem, readRsaPem } from '../../../engine/node/relay/key-codec.ts';
import { KEY_FILE_BYTES_MAX, KeyFolder } from '../../../engine/node/relay/key-folder.ts';
import { KeyKeeper } from '../../../engine/node/relay/key-keeper.ts';
import { CERTIFIED_KEY, ED_CERT_TYPE } from '../../../engine/onion/crypto/ed-cert.ts';
import { checkEdCert } from '../../../engine/onion/crypto/ed-cert-check.ts';
import { ed25519PublicKey } from '../../../engine/onion/crypto/ed25519.ts';
import { rsaPublicKeyOf } from '../../../engine/onion/crypto/rsa-key.ts';
import { createRealRandom } from '../../../engine/runtime/real/random.ts';
import { keptLog } from './support/log.ts';
import { relayFolder } from './support/relay-folder.ts';
import { thrown } from './support/thrown.ts';

const keys = suite('relay keys');
const DAY_MS = 86_400_000;
const NOW_MS = 1_800_000_000_000;
const OPTIONS = { offlineMaster: false, signingLifetimeMs: 30 * DAY_MS, nowMs: NOW_MS };
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const modeOf = (path: string): number => statSync(path).mode & 0o777;
const fresh = (): KeyFolder => KeyFolder.open(join(relayFolder(), 'keys'));

keys('a new relay makes all keys, for its user alone, and finds them again', () => {
  const folder = fresh();
  const made = openIdentity(folder, OPTIONS);
  assert.is(modeOf(folder.path), 0o700);
  for (const name of [KEY_FILES.rsaIdentity, KEY_FILES.master, KEY_FILES.signing, KEY_FILES.signingCert]) {
    assert.is(modeOf(folder.fileOf(name)), 0o600, name);
  }
  assert.is(made.fingerprint.length, 20);
  assert.is(made.hasMaster, true);
  const again = openIdentity(KeyFolder.open(folder.path), { ...OPTIONS, nowMs: NOW_MS + DAY_MS });
  assert.is(hex(again.fingerprint), hex(made.fingerprint));
  assert.is(hex(again.ed25519Id), hex(made.ed25519Id));
  assert.is(hex(again.signing.seed), hex(made.signing.seed));
});

keys('the certificate of the signing key holds, and files are such as OpenSSL reads', () => {
  const folder = fresh();
  const { signing, ed25519Id } = openIdentity(folder, OPTIONS);
  const { signing: type } = ED_CERT_TYPE;
  const { ed25519: keyType } = CERTIFIED_KEY;
  const cert = checkEdCert(signing.cert, { type, keyType, signedBy: ed25519Id, nowMs: NOW_MS });
  assert.ok(cert.ok);
  assert.is(hex(cert.ok ? cert.value.certifiedKey : new Uint8Array(0)), hex(ed25519PublicKey(signing.seed)));
  assert.ok(signing.expiresMs >= NOW_MS + 30 * DAY_MS);
  const rsa = createPrivateKey(readFileSync(folder.fileOf(KEY_FILES.rsaIdentity)));
  assert.is(rsa.asymmetricKeyDetails?.modulusLength, 1024);
  assert.is(createPrivateKey(readFileSync(folder.fileOf(KEY_FILES.master))).asymmetricKeyType, 'ed25519');
});

keys('folders and files that others may look into are refused, with what to do', () => {
  const folder = fresh();
  openIdentity(folder, OPTIONS);
  chmodSync(folder.path, 0o750);
  const wide = thrown(() => KeyFolder.open(folder.path));
  assert.is(wide.code, 'BAD_STATE');
  assert.match(wide.message, 'mode 0750');
  assert.match(wide.advice, `chmod 0700 ${folder.path}`);
  chmodSync(folder.path, 0o700);
  for (const name of [KEY_FILES.rsaIdentity, KEY_FILES.master, KEY_FILES.signing]) {
    chmodSync(folder.fileOf(name), 0o644);
    const error = thrown(() => openIdentity(KeyFolder.open(folder.path), OPTIONS));
    assert.is(error.code, 'BAD_STATE', name);
    assert.match(error.advice, 'chmod 0600');
    chmodSync(folder.fileOf(name), 0o600);
  }
  assert.ok(openIdentity(folder, OPTIONS));
});

keys('links, folders and files that are too long in the place of keys are refused', () => {
  const folder = fresh();
  openIdentity(folder, OPTIONS);
  const path = folder.fileOf(KEY_FILES.signing);
  copyFileSync(path, join(folder.path, 'elsewhere'));
  rmSync(path);
  symlinkSync('elsewhere', path);
  assert.is(thrown(() => folder.read(KEY_FILES.signing)).code, 'WRONG_KIND');
  rmSync(path);
  mkdirSync(path, { mode: 0o700 });
  assert.is(thrown(() => folder.read(KEY_FILES.signing)).code, 'WRONG_KIND');
  folder.write('long', 'x'.repeat(KEY_FILE_BYTES_MAX + 1));
  assert.is(thrown(() => folder.read('long')).code, 'BAD_STATE');
  folder.write('longest', 'x'.repeat(KEY_FILE_BYTES_MAX));
  assert.is(folder.read('longest')?.length, KEY_FILE_BYTES_MAX);
  assert.is(folder.read('none'), undefined);
});

keys('a key that makes no sense is named, and nothing of it is told', () => {
  const folder = fresh();
  openIdentity(folder, OPTIONS);
  for (const name of [KEY_FILES.rsaIdentity, KEY_FILES.master, KEY_FILES.signing, KEY_FILES.signingCert]) {
    const good = folder.read(name)!;
    folder.write(name, 'c2VjcmV0IHNlY3JldA==');
    const error = thrown(() => openIdentity(folder, OPTIONS));
    assert.is(error.code, 'BAD_STATE', name);
    assert.match(error.message, folder.fileOf(name));
    assert.is(`${error.message}${error.advice}`.includes('c2Vj'), false);
    folder.write(name, good);
  }
});

keys('signing keys are renewed before they expire, and at once when they have', () => {
  const folder = fresh();
  const made = openIdentity(folder, OPTIONS);
  assert.is(isRenewalDue(made.signing.expiresMs, OPTIONS.signingLifetimeMs, NOW_MS), false);
  assert.is(isRenewalDue(made.signing.expiresMs, OPTIONS.signingLifetimeMs, NOW_MS + 28 * DAY_MS), true);
  assert.is(isRenewalDue(NOW_MS + DAY_MS, DAY_MS, NOW_MS), false, 'a short life is not renewed all the time');
  const renewed = renewSigningKey(folder, { ...OPTIONS, nowMs: NOW_MS + 28 * DAY_MS });
  assert.is.not(hex(renewed.seed), hex(made.signing.seed));
  const later = openIdentity(folder, { ...OPTIONS, nowMs: NOW_MS + 90 * DAY_MS });
  assert.is(hex(later.ed25519Id), hex(made.ed25519Id), 'the identity stays');
  assert.ok(later.signing.expiresMs > NOW_MS + 119 * DAY_MS);
});

keys('half a pair of signing keys, as after a power cut, is made anew where the master key is', () => {
  const folder = fresh();
  const made = openIdentity(folder, OPTIONS);
  const other = fresh();
  openIdentity(other, OPTIONS);
  folder.write(KEY_FILES.signing, other.read(KEY_FILES.signing)!);
  const mended = openIdentity(folder, OPTIONS);
  assert.is(hex(mended.ed25519Id), hex(made.ed25519Id));
  folder.write(KEY_FILES.signing, other.read(KEY_FILES.signing)!);
  rmSync(folder.fileOf(KEY_FILES.master));
  assert.match(thrown(() => openIdentity(folder, OPTIONS)).message, 'another signing key');
});

keys('a relay works with a master key that is elsewhere, until the signing key expires', () => {
  const home = fresh();
  const made = makeOfflineKeys(home, OPTIONS);
  assert.is(made.isNew, true);
  const folder = fresh();
  const offline = { ...OPTIONS, offlineMaster: true };
  const missing = thrown(() => openIdentity(folder, offline));
  assert.is(missing.code, 'BAD_STATE');
  assert.match(missing.advice, 'allium relay keygen');
  const bring = (): void => {
    for (const name of [KEY_FILES.signing, KEY_FILES.signingCert]) folder.write(name, home.read(name)!);
  };
  bring();
  const identity = openIdentity(folder, offline);
  assert.is(identity.hasMaster, false);
  assert.is(hex(identity.ed25519Id), hex(made.ed25519Id));
  assert.is(folder.has(KEY_FILES.master), false);
  assert.match(thrown(() => renewSigningKey(folder, OPTIONS)).advice, 'allium relay keygen');
  const late = { ...offline, nowMs: NOW_MS + 40 * DAY_MS };
  assert.match(thrown(() => openIdentity(folder, late)).message, 'no signing key that is valid');
  assert.is(makeOfflineKeys(home, late).isNew, false);
  bring();
  assert.is(hex(openIdentity(folder, late).ed25519Id), hex(made.ed25519Id));
});

keys('an identity of which a part is lost is not made anew in silence', () => {
  const folder = fresh();
  openIdentity(folder, OPTIONS);
  for (const name of [KEY_FILES.master, KEY_FILES.signing, KEY_FILES.signingCert])
    rmSync(folder.fileOf(name));
  const error = thrown(() => openIdentity(folder, OPTIONS));
  assert.match(error.message, 'the Ed25519 identity is lost');
  assert.match(error.advice, KEY_FILES.master);
});

keys('a folder is not made where a file is', () => {
  const path = join(relayFolder(), 'file');
  writeFileSync(path, '');
  assert.is(thrown(() => KeyFolder.open(path)).code, 'WRONG_KIND');
});

keys('keys that were made in another thread are like any other', async () => {
  const folder = fresh();
  const log = keptLog();
  const modules = { folder, random: createRealRandom(), log, nowMs: NOW_MS };
  const keeper = new KeyKeeper(OPTIONS, modules);
  const [before, onionBefore] = [keeper.outfit, keeper.onion.current];
  const laterMs = NOW_MS + 28 * DAY_MS;
  let turns = 0;
  const ticking = setInterval(() => {
    turns += 1;
  }, 1);
  await keeper.prepare(new Map(), laterMs);
  clearInterval(ticking);
  assert.ok(turns > 0, 'the loop went on meanwhile');
  const startedMs = performance.now();
  assert.equal(keeper.tick(new Map(), laterMs), ['signing', 'link', 'onion-rotated']);
  const tookMs = performance.now() - startedMs;
  assert.is.not(hex(keeper.outfit.tls.privateKeyDer), hex(before.tls.privateKeyDer));
  const tls = createPrivateKey({
    key: Buffer.from(keeper.outfit.tls.privateKeyDer),
    format: 'der',
    type: 'pkcs8',
  });
  assert.is(tls.asymmetricKeyDetails?.modulusLength, 2048);
  assert.is.not(hex(keeper.onion.current.tapPrivateKey), hex(onionBefore.tapPrivateKey));
  assert.is(hex(rsaPublicKeyOf(keeper.onion.current.tapPrivateKey)), hex(keeper.onion.current.tapPublicKey));
  process.stdout.write(`[a tick with all of it: ${tookMs.toFixed(0)} ms] `);
  // What was made is used once only.
  await keeper.prepare(new Map(), laterMs);
  const next = keeper.outfit.tls.privateKeyDer;
  keeper.tick(new Map(), laterMs + DAY_MS);
  assert.is.not(hex(keeper.outfit.tls.privateKeyDer), hex(next));
});

keys('keys of another kind are told apart', () => {
  const folder = fresh();
  openIdentity(folder, OPTIONS);
  const [rsa, ed] = [folder.read(KEY_FILES.rsaIdentity)!, folder.read(KEY_FILES.master)!];
  assert.is(readRsaPem(ed).ok, false);
  assert.is(readCurvePem('ed25519', rsa).ok, false);
  assert.is(readCurvePem('x25519', ed).ok, false);
});

keys.run();
