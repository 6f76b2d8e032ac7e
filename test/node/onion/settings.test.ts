/**
 * Aim: an onion client is configured from a file and the command line, the latter wins; what is wrong is said with its
 * key and what to write; there is no built-in network; and nothing listens but on this machine.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlliumError } from '../../../engine/codec/error.ts';
import { type PartialOnionWords, resolveOnionClient } from '../../../engine/node/onion/settings.ts';

const settings = suite('onion client settings');
const LINE = `a1 orport=9001 v3ident=${'AB'.repeat(20)} 10.0.0.1:9030 ${'CD'.repeat(20)}`;
const folder = mkdtempSync(join(tmpdir(), 'allium-onion-settings-'));
settings.after(() => rmSync(folder, { recursive: true }));

function resolve(flags: PartialOnionWords, file?: object) {
  const path = join(folder, 'client.json');
  if (file !== undefined) writeFileSync(path, JSON.stringify(file));
  return resolveOnionClient({
    flags,
    env: {},
    home: '/users/x',
    ...(file === undefined ? {} : { file: path }),
  });
}

function complaint(flags: PartialOnionWords, file?: object): string {
  try {
    resolve(flags, file);
  } catch (error) {
    assert.ok(error instanceof AlliumError);
    assert.is(error.code, 'BAD_USAGE');
    return `${error.message}. ${error.advice}`;
  }
  return '';
}

settings('an authority is all that is needed', () => {
  const config = resolve({ authorities: [LINE] });
  assert.is(config.authorities[0]?.nickname, 'a1');
  assert.equal(config.socks, { host: '127.0.0.1', port: 9050 });
  assert.is(config.httpConnect, undefined);
  assert.is(config.status, undefined);
  assert.is(config.words.dataDir, '/users/x/.local/share/allium-onion');
  assert.is(config.paths.enforceDistinctSubnets, true);
  assert.is(config.words.ipv6, 'no');
});

settings('IPv6 is preferred, or all that is used, when it is said', () => {
  assert.is(resolve({ authorities: [LINE], ipv6: 'prefer' }).words.ipv6, 'prefer');
  assert.is(resolve({}, { authorities: [LINE], ipv6: 'only' }).words.ipv6, 'only');
  assert.match(complaint({ authorities: [LINE], ipv6: 'yes' }), /ipv6.*"no", "prefer" or "only"/);
});

settings('there is no built-in network', () => {
  assert.match(complaint({}), /no directory authority.*There is no built-in network.*--authority/);
  assert.match(complaint({}, {}), /There is no built-in network/);
  assert.match(complaint({ authorities: [`a1 10.0.0.1:9030 ${'CD'.repeat(20)}`] }), /no directory authority/);
});

settings('the file is read, its paths begin at its folder, the command line wins', () => {
  writeFileSync(join(folder, 'authorities'), `# comment\nDirAuthority ${LINE}\n`);
  const file = {
    authorities: 'authorities',
    dataDir: 'state',
    socks: '[::1]:1080',
    memory: '64MiB',
    cgo: false,
  };
  const config = resolve({ socks: '127.0.0.1:0', httpConnect: 'localhost:8118' }, file);
  assert.is(config.authorities.length, 1);
  assert.is(config.words.dataDir, join(folder, 'state'));
  assert.is(config.words.memory, 64 * 1024 * 1024);
  assert.is(config.words.cgo, false);
  assert.equal(config.socks, { host: '127.0.0.1', port: 0 });
  assert.equal(config.httpConnect, { host: '127.0.0.1', port: 8118 });
  assert.equal(resolve({}, file).socks, { host: '::1', port: 1080 });
});

settings('nothing listens but on this machine', () => {
  for (const place of ['0.0.0.0:9050', '10.0.0.1:9050', '[::]:9050', '9050', '127.0.0.1', '127.0.0.1:x']) {
    assert.match(
      complaint({ authorities: [LINE], socks: place }),
      /“socks” in the command line.*of this machine/,
      place,
    );
  }
  assert.match(complaint({ authorities: [LINE], status: '0.0.0.0:1' }), /“status”/);
  assert.match(complaint({ authorities: [LINE], socks: '127.0.0.1:70000' }), /0 to 65535/);
  assert.match(complaint({ authorities: [LINE], socks: false }), /Nobody could use/);
  assert.is(resolve({ authorities: [LINE], socks: false, httpConnect: '127.0.0.1:1' }).socks, undefined);
});

settings('what is wrong is named, with its place and what would be right', () => {
  assert.match(
    complaint({}, { authorities: [LINE], sokcs: 1 }),
    /key “sokcs” in .*client\.json is not known.*socks/,
  );
  assert.match(complaint({}, { authorities: ['nonsense'] }), /“authorities” in .*client\.json.*nonsense/);
  assert.match(complaint({}, { authorities: [LINE], connections: 0 }), /“connections”.*1 to 60000/);
  assert.match(complaint({}, { authorities: [LINE], memory: '1MiB' }), /“memory”.*32 MiB/);
  assert.match(
    complaint({}, { authorities: [LINE], exitNodes: ['not/a/relay'] }),
    /“exitNodes”.*not\/a\/relay/,
  );
  assert.match(complaint({}, { authorities: [LINE], cgo: 'yes' }), /“cgo”.*true or false/);
  const path = join(folder, 'broken.json');
  writeFileSync(path, '{ "socks": ');
  assert.throws(
    () => resolveOnionClient({ flags: {}, env: {}, file: path }),
    (error: AlliumError) => error.code === 'BAD_USAGE' && /does not hold one JSON object/.test(error.message),
  );
});

settings('relays are named in every known way', () => {
  const { paths } = resolve(
    { authorities: [LINE] },
    { exitNodes: ['exit1', 'AB'.repeat(20)], excludeNodes: ['10.0.0.0/8'] },
  );
  const relay = { fingerprint: 'CD'.repeat(20), nickname: 'EXIT1', host: '10.1.1.1', ipv6: undefined };
  assert.is(paths.exitNodes.has(relay), true);
  assert.is(paths.excludeNodes.has(relay), true);
  assert.is(paths.entryNodes.isEmpty, true);
});

settings.run();
