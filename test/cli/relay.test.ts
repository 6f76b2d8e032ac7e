/**
 * Aim: `allium relay` as people type it: what is missing is said with exit code 2, the configuration can be checked, keys
 * can be made offline, and a relay starts, says who it is, keeps others out of its folder, and stops when told to.
 */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const MAIN = new URL('../../engine/cli/main.js', import.meta.url).pathname;
const relay = suite<{ folder: string }>('allium relay');
/** Nobody listens there. */
const AUTHORITY = `none v3ident=${'A'.repeat(40)} 127.0.0.1:1 ${'B'.repeat(40)}`;

relay.before((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'allium-relay-cli-'));
});
relay.after(({ folder }) => rmSync(folder, { recursive: true }));

/** `onText` may stop it. */
function run(words: readonly string[], onText: (said: string, stop: () => void) => void = () => {}) {
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    const child = spawn(process.execPath, [MAIN, 'relay', ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
      onText(stderr, () => child.kill('SIGTERM'));
    });
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

function writeConfig(folder: string, change: Readonly<Record<string, unknown>>): string {
  const file = join(folder, 'relay.json');
  const small = { nickname: 'MyRelay', address: '127.0.0.1', orPort: 1, dataDir: 'data' };
  const test = { allowPrivateAddresses: true, listenAddress: '127.0.0.1', memory: '64MiB', shutdownWait: 0 };
  writeFileSync(file, JSON.stringify({ ...small, ...test, authorities: [AUTHORITY], ...change }));
  return file;
}

relay('without a configuration or a network it says so', async ({ folder }) => {
  const none = await run([]);
  assert.is(none.code, 2);
  assert.match(none.stderr, /^allium relay: no configuration was named\. Give one with --config FILE/);
  const alone = await run(['--config', writeConfig(folder, { authorities: [] })]);
  assert.is(alone.code, 2);
  assert.match(alone.stderr, 'There is no built-in network');
  assert.is(existsSync(join(folder, 'data')), false, 'nothing was begun');
});

relay('the help has a configuration that works', async ({ folder }) => {
  const { stdout } = await run(['--help']);
  const shown = /\{[^}]*"nickname"[^}]*\}/.exec(stdout)?.[0] ?? '';
  writeFileSync(join(folder, 'authorities.txt'), `${AUTHORITY}\n`);
  const file = join(folder, 'shown.json');
  writeFileSync(file, shown);
  const printed = await run(['--config', file, '--print-config']);
  assert.is(printed.code, 0, printed.stderr);
  const whole = JSON.parse(printed.stdout) as Record<string, unknown>;
  assert.is(whole['nickname'], 'MyRelay');
  assert.equal(whole['exitPolicy'], ['reject *:*']);
  assert.is(whole['dataDir'], join(folder, 'data'));
});

relay('starts, is alone in its folder, and stops', async ({ folder }) => {
  const file = writeConfig(folder, { orPort: await freePort() });
  let second: ReturnType<typeof run> | undefined;
  const first = await run(['--config', file], (said, stop) => {
    if (second !== undefined || !said.includes('the relay runs')) return;
    second = run(['--config', file]);
    void second.then(stop);
  });
  assert.is(first.code, 0, first.stderr);
  const hello = JSON.parse(
    first.stderr.split('\n').find((line) => line.includes('the relay runs')) ?? '',
  ) as Record<string, string>;
  assert.match(hello['fingerprint'] ?? '', /^[0-9A-F]{40}$/);
  assert.match(first.stderr, '"msg":"stopped"');
  const other = await second;
  assert.is(other?.code, 2, other?.stderr);
  assert.match(other?.stderr ?? '', 'give this relay a "dataDir" of its own');
  for (const name of ['data', 'data/keys']) assert.is(statSync(join(folder, name)).mode & 0o777, 0o700, name);
  chmodSync(join(folder, 'data/keys'), 0o755);
  const wide = await run(['--config', file]);
  assert.is(wide.code, 2);
  assert.match(wide.stderr, /others may read or change .*chmod 0700/);
});

relay(
  'reads its configuration again on SIGHUP, and goes on as it was when that is wrong',
  async ({ folder }) => {
    const start = { orPort: await freePort(), dataDir: 'reload' };
    const file = writeConfig(folder, start);
    const turns = [
      {
        seen: 'the relay runs',
        write: () => writeConfig(folder, { ...start, exitPolicy: ['accept *:443'], nickname: 'Another' }),
      },
      { seen: 'needs a restart', write: () => writeFileSync(file, '{') },
      { seen: 'goes on as it was', write: () => writeConfig(folder, start) },
    ];
    const child = spawn(process.execPath, [MAIN, 'relay', '--config', file], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    let isStopped = false;
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
      const [turn] = turns;
      if (turn !== undefined && said.includes(turn.seen)) {
        turns.shift();
        turn.write();
        child.kill('SIGHUP');
      } else if (!isStopped && said.split('was read again').length === 3) {
        isStopped = true;
        child.kill('SIGTERM');
      }
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    assert.is(code, 0, said);
    const lines = said.split('\n').filter((line) => line.startsWith('{'));
    const told = lines.map((line) => JSON.parse(line) as Record<string, string>);
    const found = (start: string): Record<string, string> | undefined =>
      told.find(({ msg }) => msg?.startsWith(start));
    assert.is(found('the configuration was read again')?.['changed'], 'exitPolicy');
    assert.is(found('some of what has changed')?.['keys'], 'nickname');
    assert.match(found('the relay goes on as it was')?.['msg'] ?? '', 'does not hold one JSON object');
    assert.is(turns.length, 0);
  },
);

relay('keys can be made where the master key is', async ({ folder }) => {
  const home = join(folder, 'master', 'keys');
  const made = await run(['keygen', '--keys', home, '--days', '90', '--json']);
  assert.is(made.code, 0, made.stderr);
  const result = JSON.parse(made.stdout) as {
    isNew: boolean;
    copy: string[];
    keep: string;
    ed25519Identity: string;
  };
  assert.is(result.isNew, true);
  for (const path of [...result.copy, result.keep]) assert.is(statSync(path).mode & 0o777, 0o600);
  const again = await run(['keygen', '--keys', home]);
  assert.is(again.code, 0);
  assert.match(again.stdout, `Ed25519 identity ${result.ed25519Identity}`);
  const file = writeConfig(folder, { offlineMaster: true, dataDir: 'elsewhere' });
  const missing = await run(['--config', file]);
  assert.is(missing.code, 2);
  assert.match(missing.stderr, 'allium relay keygen');
});

relay.run();
