/**
 * Aim: the command line as a whole: help and version go to standard output, bad words end with 2 and one line that
 * helps, failures and signals with the exit codes of the design, and --json always prints exactly one JSON value.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createProgram } from '../../engine/cli/program.ts';
import { VERSION } from '../../engine/codec/version.ts';

const MAIN = new URL('../../engine/cli/main.js', import.meta.url).pathname;
const JOINED = new URL('../../allium/bin/main.js', import.meta.url).pathname;
const FIXTURE = new URL('./support/fixture.js', import.meta.url).pathname;
const program = suite('program');

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(
  file: string,
  words: readonly string[],
  onStart: (pid: number, said: string) => void = () => {},
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [file, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
      onStart(child.pid ?? 0, stdout);
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

program('the version is that of package.json', async () => {
  const manifest = JSON.parse(readFileSync(join(MAIN, '../../../../package.json'), 'utf8')) as {
    version: string;
  };
  assert.is(VERSION, manifest.version);
  assert.equal(await run(MAIN, ['--version']), { code: 0, stdout: `${VERSION}\n`, stderr: '' });
});

program('the joined program does what its modules do, threads and kernels included', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'allium-joined-'));
  try {
    const [data, torrent] = [join(folder, 'data.bin'), join(folder, 'data.torrent')];
    writeFileSync(data, new Uint8Array(300_000).fill(7));
    for (const file of [JOINED, MAIN]) {
      rmSync(torrent, { force: true });
      const created = await run(file, ['create', data, '-o', torrent, '--json', '--hybrid']);
      assert.is(created.code, 0, created.stderr);
      const verified = await run(file, ['verify', torrent, folder, '--json']);
      assert.is(verified.code, 0, verified.stderr);
      assert.is(JSON.parse(verified.stdout).outcome, 'good');
    }
    writeFileSync(data, new Uint8Array(300_000).fill(8));
    assert.is((await run(JOINED, ['verify', torrent, folder])).code, 1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

program('help goes to standard output; no words at all is bad usage', async () => {
  const help = await run(MAIN, ['--help']);
  assert.is(help.code, 0);
  assert.match(help.stdout, /Usage: allium[\s\S]*Examples:/);
  const none = await run(MAIN, []);
  assert.is(none.code, 2);
  assert.is(none.stdout, '');
  assert.match(none.stderr, /Usage: allium/);
});

program('every command has a description and an example in its help', () => {
  const walk = (command: Command): readonly Command[] => [command, ...command.commands.flatMap(walk)];
  for (const command of createProgram().commands.flatMap(walk)) {
    if (command.commands.length > 0) continue;
    let text = '';
    command.configureOutput({ writeOut: (part) => (text += part) });
    command.outputHelp();
    assert.match(text, /Examples:\n {2}.+\n {4}\$ allium /, command.name());
    assert.ok(command.description().length > 10, command.name());
  }
});

program('unknown words: exit code 2, one line, a suggestion', async () => {
  const command = await run(MAIN, ['noed']);
  assert.is(command.code, 2);
  assert.is(command.stdout, '');
  assert.match(
    command.stderr,
    /^allium: unknown command 'noed' \(Did you mean node\?\) See allium --help\.\n$/,
  );
  const option = await run(MAIN, ['node', '--prot', '1']);
  assert.is(option.code, 2);
  assert.match(
    option.stderr,
    /^allium node: unknown option '--prot' \(Did you mean --port\?\) See allium node --help\.\n$/,
  );
  const json = await run(MAIN, ['nothing', '--json']);
  assert.is(json.code, 2);
  assert.is((JSON.parse(json.stdout) as { error: { code: string } }).error.code, 'BAD_USAGE');
});

program('a failure in a command: its line, its exit code, and JSON when asked', async () => {
  const missing = await run(FIXTURE, ['missing']);
  assert.is(missing.code, 3);
  assert.is(missing.stdout, '');
  assert.match(missing.stderr, /^allium fixture: cannot open \/nonexistent: ENOENT\. Check the path\.\n$/);
  const json = await run(FIXTURE, ['missing', '--json']);
  assert.is((JSON.parse(json.stdout) as { error: { code: string } }).error.code, 'NOT_FOUND');
  const bug = await run(FIXTURE, ['bug', '--json']);
  assert.is(bug.code, 3);
  assert.match(bug.stderr, /bug in Allium/);
  assert.ok(JSON.parse(bug.stdout));
  assert.is((await run(FIXTURE, ['damage'])).code, 1);
  assert.is((await run(FIXTURE, ['done'])).code, 0);
});

program('the first signal stops the work, the second the program; both end with 130', async () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    let sent = false;
    const ran = await run(FIXTURE, ['wait'], (pid) => {
      if (!sent) process.kill(pid, signal);
      sent = true;
    });
    assert.is(ran.code, 130);
    assert.match(ran.stdout, 'cleaned up');
  }
  let times = 0;
  const stubborn = await run(FIXTURE, ['stubborn'], (pid, said) => {
    times += 1;
    if (times === 1 || said.includes('no')) process.kill(pid, 'SIGINT');
  });
  assert.is(stubborn.code, 130);
});

program('a reader that goes away ends the program quietly', async () => {
  const child = spawn(process.execPath, [FIXTURE, 'flood'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  child.stdout.once('data', () => child.stdout.destroy());
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.is(code, 3);
  assert.is(stderr, '');
});

// /dev/full is Linux's: a file that is always full.
const onLinux = process.platform === 'linux' ? program : program.skip;
onLinux('output that cannot be written is told', async () => {
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [FIXTURE, 'flood'], { stdio: ['ignore', full, 'pipe'] });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  closeSync(full);
  assert.is(code, 3);
  assert.is(stderr, 'allium: cannot write the output: ENOSPC.\n');
});

program.run();
