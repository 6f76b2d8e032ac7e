// Aim: the leak test shows what listeners see on every way out: all of it without settings, nothing outside of a proxy
// or an address with them; it tells a leak, and the command ends with 1 then.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type LeakReport, type Sighting, testLeaks } from '../../../engine/node/net/doctor/leak-test.ts';
import { PROBES } from '../../../engine/node/net/doctor/probes.ts';
import { NET_DEFAULTS } from '../../../engine/node/net/world.ts';
import { startHttpProxy, startSocks5 } from '../../runtime/proxy/support/proxy-servers.ts';

const test = suite('doctor leak');
const MAIN = fileURLToPath(new URL('../../../engine/cli/main.js', import.meta.url));
const WAYS = PROBES.length + 1;

function saw(report: LeakReport): Readonly<Record<string, Sighting>> {
  return Object.fromEntries(report.paths.map((path) => [path.name, path.with.saw]));
}

async function run(words: readonly string[]): Promise<{ code: number; stdout: string }> {
  const child = spawn(process.execPath, [MAIN, 'doctor', 'leak', ...words]);
  let stdout = '';
  child.stdout.on('data', (bytes: Buffer) => {
    stdout += bytes.toString();
  });
  const code = await new Promise<number>((resolve) => child.on('close', (status) => resolve(status ?? -1)));
  return { code, stdout };
}

test('without settings every way is seen, and that is no leak', async () => {
  const report = await testLeaks(NET_DEFAULTS);
  assert.is(report.paths.length, WAYS);
  assert.equal(new Set(Object.values(saw(report))), new Set(['direct']), JSON.stringify(report));
  assert.is(report.leaked, false);
  assert.is(report.guarded, false);
});

test('a SOCKS5 proxy alone: streams go through it, the rest leaks and is told', async () => {
  const proxy = await startSocks5();
  const report = await testLeaks({ ...NET_DEFAULTS, proxy: proxy.url });
  assert.equal(saw(report), {
    'peer over TCP': 'proxy',
    'peer over uTP': 'nothing',
    DHT: 'direct',
    'HTTP tracker': 'proxy',
    'UDP tracker': 'direct',
    'name of an HTTP tracker': 'nothing',
    'name of a UDP tracker': 'direct',
    'text records of a name': 'direct',
    'incoming connections': 'direct',
  });
  assert.ok(report.leaked);
  const { code, stdout } = await run(['--proxy', proxy.url]);
  assert.is(code, 1, stdout);
  assert.match(stdout, /DHT\s+127\.0\.0\.1, direct\s+127\.0\.0\.1, direct\s+LEAKED/);
  await proxy.close();
});

for (const [name, start, datagrams] of [
  ['SOCKS5', () => startSocks5(), 'nothing'],
  ['SOCKS5 with datagrams', () => startSocks5({ udp: true }), 'proxy'],
  ['HTTP', () => startHttpProxy(), 'nothing'],
] as const) {
  test(`${name} and nothing outside of it: no way leaks`, async () => {
    const proxy = await start();
    const report = await testLeaks({ ...NET_DEFAULTS, proxy: proxy.url, proxyOnly: true });
    assert.is(report.leaked, false, JSON.stringify(report));
    const seen = saw(report);
    assert.is(seen['peer over TCP'], 'proxy');
    assert.is(seen['HTTP tracker'], 'proxy');
    for (const way of ['DHT', 'UDP tracker']) assert.is(seen[way], datagrams);
    for (const way of [
      'peer over uTP',
      'name of a UDP tracker',
      'name of an HTTP tracker',
      'incoming connections',
    ]) {
      assert.is(seen[way], 'nothing');
    }
    await proxy.close();
  });
}

test('bound to an address: every way shows that address', async () => {
  const report = await testLeaks({ ...NET_DEFAULTS, bind: '127.0.0.5' });
  assert.is(report.leaked, false, JSON.stringify(report));
  for (const path of report.paths)
    assert.equal([path.with.saw, path.with.from], ['bound', '127.0.0.5'], path.name);
});

test('a proxy that is gone: nothing is seen anywhere, and the command ends with 0', async () => {
  const proxy = await startSocks5();
  await proxy.close();
  const { code, stdout } = await run(['--proxy', proxy.url, '--proxy-only', '--json']);
  assert.is(code, 0, stdout);
  const report = JSON.parse(stdout) as LeakReport;
  assert.equal(new Set(Object.values(saw(report))), new Set(['nothing']));
});

test.run();
