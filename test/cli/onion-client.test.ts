/**
 * Aim: `allium onion client` says what it is and is not, refuses to run without a network with the right code, keeps to
 * the conventions of --json, listens at once, and ends cleanly on a signal, also before it is ready.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const MAIN = new URL('../../engine/cli/main.js', import.meta.url).pathname;
const client = suite('allium onion client');
const folder = mkdtempSync(join(tmpdir(), 'allium-onion-cli-'));
client.after(() => rmSync(folder, { recursive: true }));

/** Nobody listens at port 1 of this machine. */
const LINE = `a1 orport=1 v3ident=${'AB'.repeat(20)} 127.0.0.1:1 ${'CD'.repeat(20)}`;

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `onLog` is called with all that was said on standard error so far, once it matches `when`. */
function run(
  words: readonly string[],
  when?: RegExp,
  onLog: (pid: number, said: RegExpExecArray) => void = () => {},
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, 'onion', 'client', ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, XDG_DATA_HOME: join(folder, 'xdg') },
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
    let [stdout, stderr, isTold] = ['', '', false];
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
      const match = isTold ? null : when?.exec(stderr);
      if (match === null || match === undefined) return;
      isTold = true;
      onLog(child.pid ?? 0, match);
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
  });
}

client('the help says what it is not, and how a network is named', async () => {
  const { code, stdout } = await run(['--help']);
  assert.is(code, 0);
  assert.match(
    stdout.replaceAll(/\s+/g, ' '),
    /young code.*no substitute for Tor Browser.*no built-in network/,
  );
});

client('without a network it ends with 2 and says why; as JSON too', async () => {
  const ran = await run(['--json']);
  assert.is(ran.code, 2);
  assert.match(ran.stderr, /^allium onion client: no directory authority .*no built-in network.*\n$/);
  assert.is(JSON.parse(ran.stdout).error.code, 'BAD_USAGE');
  assert.is((await run(['--authority', 'nonsense'])).code, 2);
  assert.is((await run(['--config', join(folder, 'nowhere.json')])).code, 3);
});

client('the settings can be looked at', async () => {
  const ran = await run(['--authority', LINE, '--socks', '127.0.0.1:0', '--data', folder, '--print-config']);
  assert.is(ran.code, 0, ran.stderr);
  const words = JSON.parse(ran.stdout);
  assert.is(words.socks, '127.0.0.1:0');
  assert.is(words.dataDir, folder);
  assert.equal(words.authorities, [LINE]);
});

client(
  'it listens before the network is there, tells what is wrong, and a signal ends it with 130',
  async () => {
    const state = join(folder, 'state');
    let greeting: Buffer | undefined;
    const words = ['--authority', LINE, '--socks', '127.0.0.1:0', '--data', state, '--json'];
    const ran = await run(words, /"socks":"127\.0\.0\.1:(\d+)"[\s\S]*NETWORK_FAILED/, (pid, said) => {
      const socket = connect(Number(said[1]), '127.0.0.1', () => socket.write(Uint8Array.of(5, 1, 0)));
      socket.once('data', (bytes) => {
        greeting = bytes;
        process.kill(pid, 'SIGTERM');
      });
      socket.on('error', () => {});
    });
    assert.equal(greeting, Buffer.from([5, 0]));
    assert.is(ran.code, 130, ran.stderr);
    assert.is(JSON.parse(ran.stdout).error.code, 'INTERRUPTED');
    assert.not.ok(readdirSync(state).includes('lock'), 'the folder is free again');
  },
);

client('two clients do not share a folder', async () => {
  const words = ['--authority', LINE, '--socks', '127.0.0.1:0', '--data', join(folder, 'one')];
  let second: Promise<Ran> | undefined;
  const first = await run(words, /"socks":"/, (pid) => {
    second = run([...words, '--json']);
    void second.then(() => process.kill(pid, 'SIGINT'));
  });
  assert.is(first.code, 130);
  const { code, stdout } = await second!;
  assert.is(code, 2);
  assert.match(JSON.parse(stdout).error.advice, '--data');
});

client('a port that is taken ends it with 3, and nothing stays behind', async () => {
  const state = join(folder, 'taken');
  const base = ['--authority', LINE, '--data', state];
  let second: Promise<Ran> | undefined;
  const first = ['--authority', LINE, '--socks', '127.0.0.1:0', '--data', join(folder, 'holder')];
  await run(first, /"socks":"127\.0\.0\.1:(\d+)"/, (pid, said) => {
    second = run([...base, '--socks', `127.0.0.1:${said[1]}`]);
    void second.then(() => process.kill(pid, 'SIGINT'));
  });
  const { code, stderr } = await second!;
  assert.is(code, 3);
  assert.match(stderr, /cannot listen on 127\.0\.0\.1 port \d+: EADDRINUSE/);
  assert.not.ok(readdirSync(state).includes('lock'));
});

client.run();
