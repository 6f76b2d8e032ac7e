import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const STOP_GRACE_MS = 4_000;
const OUTPUT_CHARACTERS_MAX = 20_000;

const running = new Set<Daemon>();

export interface DaemonOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A line and when it came, on the clock of `performance.now()`. */
export interface TimedLine {
  readonly text: string;
  readonly atMs: number;
}

/** A program that runs beside the measurement, in a process group of its own. */
export class Daemon {
  readonly child: ChildProcess;
  /** Resolves with the exit code; null when a signal ended it or it could not be started. */
  readonly ended: Promise<number | null>;
  readonly #waiting = new Set<{ readonly test: (line: string) => boolean; resolve(line: TimedLine): void }>();
  #output = '';

  constructor(path: string, words: readonly string[], options: DaemonOptions = {}) {
    this.child = spawn(path, words, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    running.add(this);
    this.child.stdin?.on('error', () => {}); // it has ended: `ended` tells
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => this.#take(line));
    }
    this.ended = new Promise((resolve) => {
      this.child.on('error', (error) => {
        this.#take(String(error));
        resolve(null);
      });
      this.child.on('close', (code) => resolve(code));
    });
    void this.ended.then(() => running.delete(this));
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`cannot start: ${this.output}`);
    return this.child.pid;
  }

  get running(): boolean {
    return this.child.pid !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** The end of what it has printed. */
  get output(): string {
    return this.#output;
  }

  send(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  /** The next line that passes. Rejects when the program ends first, or after `timeoutMs`. */
  line(test: (line: string) => boolean, timeoutMs: number): Promise<TimedLine> {
    const found = new Promise<TimedLine>((resolve) => this.#waiting.add({ test, resolve }));
    const gone = this.ended.then(() => {
      throw new Error(`ended early: ${lastLines(this.output)}`);
    });
    return withTimeout(Promise.race([found, gone]), timeoutMs, () => `silent: ${lastLines(this.output)}`);
  }

  /** Asks it to end, and ends it when it does not. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#kill(signal);
    const timer = setTimeout(() => this.#kill('SIGKILL'), STOP_GRACE_MS);
    const code = await this.ended;
    clearTimeout(timer);
    return code;
  }

  /** Ends it and what it started, at once. */
  kill(): void {
    this.#kill('SIGKILL');
  }

  #kill(signal: NodeJS.Signals): void {
    try {
      if (this.child.pid !== undefined) process.kill(-this.child.pid, signal);
    } catch {
      // Gone already.
    }
  }

  #take(line: string): void {
    this.#output = `${this.#output}${line}\n`.slice(-OUTPUT_CHARACTERS_MAX);
    for (const waiter of this.#waiting) {
      if (!waiter.test(line)) continue;
      this.#waiting.delete(waiter);
      waiter.resolve({ text: line, atMs: performance.now() });
    }
  }
}

/** Ends every program that still runs: for the way out, whatever it is. */
export function killDaemons(): void {
  for (const daemon of running) daemon.kill();
}

/** What `promise` resolves with; rejects with `complaint()` after `timeoutMs`. */
export async function withTimeout<T>(
  promise: Promise<T>,
  timeoutMs: number,
  complaint: () => string,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`not within ${timeoutMs / 1000} s: ${complaint()}`)),
      timeoutMs,
    );
  });
  promise.catch(() => {});
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** When a line that passes comes. Nobody has to be waiting yet when it goes wrong. */
export function doneAt(daemon: Daemon, test: (line: string) => boolean, timeoutMs: number): Promise<number> {
  const done = daemon.line(test, timeoutMs).then(({ atMs }) => atMs);
  done.catch(() => {});
  return done;
}

/** Waits until `ready` returns something that is neither undefined nor false. */
export async function until<T>(
  what: string,
  ready: () => T | undefined | false | Promise<T | undefined | false>,
  options: { readonly timeoutMs: number; readonly everyMs?: number },
): Promise<T> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    const value = await ready();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`not within ${options.timeoutMs / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, options.everyMs ?? 20));
  }
}

/** The last three lines of a program's output, on one line. */
export function lastLines(output: string): string {
  return output.trim().split('\n').slice(-3).join(' / ').slice(-400) || 'it said nothing';
}
