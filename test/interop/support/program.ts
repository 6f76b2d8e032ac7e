import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const children = new Set<ChildProcess>();
const folders = new Set<string>();
const OUTPUT_CHARACTERS_MAX = 200_000;
const STOP_GRACE_MS = 5_000;

// Whatever happens to the test, nothing it started stays.
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Ends every program that still runs, so that a failed test does not keep its process alive. */
export async function endPrograms(): Promise<void> {
  await Promise.all(
    [...children].map(
      (child) =>
        new Promise((resolve) => {
          child.once('close', resolve);
          child.kill('SIGKILL');
        }),
    ),
  );
}

/** A folder that is deleted when the test process ends. `parent`: another place than the system's for temporary files. */
export function scratchFolder(parent: string = tmpdir()): string {
  const folder = mkdtempSync(join(parent, 'allium-interop-'));
  folders.add(folder);
  return folder;
}

/** A TCP port of 127.0.0.1 that nobody listens on just now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Waits until `ready` returns something other than undefined or false. Throws after `timeoutMs` with `what`. */
export async function until<T>(
  what: string,
  ready: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await ready();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(25);
  }
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** A program that runs beside the test, with what it says kept. Killed at the latest when the test process ends. */
export class RunningProgram {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  readonly #ended: Promise<number | null>;

  constructor(path: string, words: readonly string[], options: RunOptions = {}) {
    this.child = spawn(path, words, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    children.add(this.child);
    this.child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      this.stdout = (this.stdout + chunk).slice(-OUTPUT_CHARACTERS_MAX);
    });
    this.child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.stderr = (this.stderr + chunk).slice(-OUTPUT_CHARACTERS_MAX);
    });
    this.child.stdin?.on('error', () => {}); // it has ended: `ended` tells
    this.#ended = new Promise((resolve) => {
      this.child.on('error', (error) => {
        this.stderr += String(error);
        resolve(null);
      });
      this.child.on('close', (code) => resolve(code));
    });
    void this.#ended.then(() => children.delete(this.child));
  }

  /** Its exit code; null when a signal ended it. */
  get ended(): Promise<number | null> {
    return this.#ended;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null && this.child.pid !== undefined;
  }

  /** Asks it to end, and ends it when it does not. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_GRACE_MS);
    const code = await this.#ended;
    clearTimeout(timer);
    return code;
  }
}

/** Runs a program to its end. Throws when it takes longer than `timeoutMs` (60 s). */
export async function runToEnd(
  path: string,
  words: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  const program = new RunningProgram(path, words, options);
  program.child.stdin?.end();
  const timeoutMs = options.timeoutMs ?? 60_000;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    program.child.kill('SIGKILL');
  }, timeoutMs);
  const code = await program.ended;
  clearTimeout(timer);
  if (late)
    throw new Error(`${path} ${words.join(' ')} did not end within ${timeoutMs} ms: ${program.stderr}`);
  return { code, stdout: program.stdout, stderr: program.stderr };
}
