/**
 * Aim: a relay that starts again has the directory it had, without asking anybody; it believes its own folder no more
 * than a stranger; what is kept is bounded; and what is damaged, expired or of other authorities is fetched afresh.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type AskAuthority, DirectoryMirror } from '../../../engine/node/relay/directory-mirror.ts';
import { KEPT_FILES, KeptDirectory } from '../../../engine/node/relay/kept-directory.ts';
import { StateFolder } from '../../../engine/node/state-folder.ts';
import { failure } from '../../../engine/onion/directory/result.ts';
import { parseServerDescriptors } from '../../../engine/onion/directory/server-descriptor.ts';
import { DirectoryStore } from '../../../engine/onion/directory/store.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';
import {
  altered,
  authorities,
  certificates,
  fixture,
  fixtureConsensus,
  NOW_MS,
  unwrap,
} from '../../onion/directory/support.ts';
import { keptLog } from './support/log.ts';
import { ManualClock } from './support/manual-clock.ts';
import { relayFolder } from './support/relay-folder.ts';

const kept = suite('what a relay keeps of the directory');
const ALL = new Set(['microdesc', 'ns', 'certificates', 'microdescriptors', 'descriptors'] as const);

function full(): DirectoryStore {
  const store = new DirectoryStore();
  for (const certificate of certificates) store.addCertificate(certificate);
  for (const flavour of ['microdesc', 'ns'] as const) {
    store.setConsensus(fixtureConsensus(flavour), fixture(`consensus-${flavour}`));
  }
  store.addMicrodescriptors(fixture('microdescriptors'), new Set(store.missingMicrodescriptors()));
  for (const one of parseServerDescriptors(fixture('descriptors'), NOW_MS)) store.addDescriptor(unwrap(one));
  return store;
}

function open(
  path: string,
  options: { store?: DirectoryStore; nowMs?: number; bytesMax?: number; trusted?: typeof authorities } = {},
) {
  const { store = new DirectoryStore(), nowMs = NOW_MS, bytesMax, trusted = authorities } = options;
  const log = keptLog();
  const folder = StateFolder.open(path, (error) => log.warn(error.message));
  const made = new KeptDirectory(
    { authorities: trusted, ...(bytesMax === undefined ? {} : { bytesMax }) },
    { folder, store, clock: new ManualClock(nowMs), log },
  );
  return { made, store, log, folder };
}

async function written(): Promise<string> {
  const path = join(relayFolder(), 'directory');
  await open(path, { store: full() }).made.save(ALL);
  return path;
}

kept('comes back whole, for its user alone', async () => {
  const path = await written();
  assert.equal(fs.readdirSync(path).sort(), Object.values(KEPT_FILES).sort());
  for (const name of fs.readdirSync(path)) assert.is(fs.statSync(join(path, name)).mode & 0o777, 0o600, name);
  const { made, store, log } = open(path);
  await made.restore();
  const before = full();
  for (const flavour of ['microdesc', 'ns'] as const) {
    assert.equal(store.consensus(flavour)?.bytes, before.consensus(flavour)?.bytes);
  }
  assert.is(store.certificates.length, certificates.length);
  assert.is(store.missingMicrodescriptors().length, 0);
  assert.is(store.missingDescriptors().length, before.missingDescriptors().length);
  assert.ok([...store.descriptors()].length > 0);
  assert.equal(log.said, []);
});

kept(
  'a relay with it asks nobody for a consensus before its time, and knows the network at once',
  async () => {
    const { made, store, log } = open(await written());
    await made.restore();
    const asked: string[] = [];
    const ask: AskAuthority = (_at, { path }) => {
      asked.push(path);
      return Promise.resolve(failure('it cannot be reached'));
    };
    const seen: number[] = [];
    const clock = new ManualClock(NOW_MS);
    const modules = { store, ask, clock, random: seededRandom(1), log };
    const mirror = new DirectoryMirror(
      { authorities, retryMinMs: 1_000, retryMaxMs: 8_000 },
      { ...modules, onConsensus: ({ routers }) => seen.push(routers.length) },
    );
    mirror.start();
    assert.equal(seen, [fixtureConsensus('microdesc').routers.length]);
    await mirror.round();
    mirror.stop();
    assert.equal(
      asked.filter((path) => !path.includes('/tor/server/')),
      [],
    );
  },
);

kept('no document is believed that the authorities did not sign', async () => {
  const path = await written();
  const { folder } = open(path);
  await folder.set(KEPT_FILES.microdesc, altered('consensus-microdesc', 'Bandwidth=52 ', 'Bandwidth=53 '));
  await folder.set(KEPT_FILES.descriptors, altered('descriptors', /^contact .*$/m, 'contact somebody else'));
  const { made, store, log } = open(path);
  await made.restore();
  assert.is(store.consensus('microdesc'), undefined);
  assert.ok(store.consensus('ns') !== undefined, 'the other one is as it was');
  assert.match(
    log.said.join('\n'),
    /microdesc consensus that was kept is not used: .*0 good signatures of 3/,
  );
  assert.is([...store.microdescriptors()].length, 0, 'nothing names them');
  for (const { text } of store.descriptors()) {
    assert.not.match(Buffer.from(text).toString('latin1'), 'somebody else');
  }
});

kept('what is expired, of other authorities, damaged or missing is left', async () => {
  const path = await written();
  const late = open(path, { nowMs: NOW_MS + 3 * 86_400_000 });
  await late.made.restore();
  assert.is(late.store.consensus('ns'), undefined);
  assert.match(late.log.said.join('\n'), 'expired');
  const foreign = open(path, { trusted: authorities.map((one) => ({ ...one, v3ident: 'A'.repeat(40) })) });
  await foreign.made.restore();
  assert.is(foreign.store.consensus('ns'), undefined);
  assert.is(foreign.store.certificates.length, 0);
  fs.appendFileSync(join(path, KEPT_FILES.ns), 'x');
  fs.rmSync(join(path, KEPT_FILES.certificates));
  const damaged = open(path);
  await damaged.made.restore();
  assert.is(damaged.store.consensus('ns'), undefined);
  assert.match(damaged.log.said.join('\n'), 'is damaged');
});

kept('keeps no more than there is room for: what was asked for last', async () => {
  const path = join(relayFolder(), 'directory');
  const store = full();
  const sizes = [...store.microdescriptors()].map(({ bytes }) => bytes.length);
  const bytesMax = (sizes.at(-1) ?? 0) + (sizes.at(-2) ?? 0) + 1;
  await open(path, { store, bytesMax }).made.save(ALL);
  const again = open(path);
  await again.made.restore();
  assert.is([...again.store.microdescriptors()].length, 2);
  assert.is(again.store.missingMicrodescriptors().length, sizes.length - 2);
});

kept.run();
