import { type ChildProcess, spawn } from 'node:child_process';
import { request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NodeView } from '../../../engine/node/daemon/node-view.ts';

const MAIN = fileURLToPath(new URL('../../../engine/cli/main.js', import.meta.url));
/** The program as people run it: its modules joined, so that it starts sooner. */
export const JOINED_MAIN = fileURLToPath(new URL('../../../allium/bin/main.js', import.meta.url));
const OUTPUT_CHARACTERS_MAX = 100_000;

const running = new Set<ChildProcess>();

/** `allium node` in a process of its own, on 127.0.0.1, with all its folders below one. */
export class NodeProcess {
  readonly child: ChildProcess;
  /** What it said on standard error: one JSON object a line. */
  log = '';
  private readonly ended: Promise<number | null>;

  constructor(
    folder: string,
    words: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
    main = MAIN,
  ) {
    const own = ['--state', join(folder, 'state'), '--downloads', join(folder, 'downloads')];
    const ports = ['--watch', join(folder, 'watch'), '--host', '127.0.0.1', '--port', '0', '--status', '0'];
    this.child = spawn(process.execPath, [main, 'node', ...own, ...ports, '--memory', '32MiB', ...words], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.log = (this.log + chunk).slice(-OUTPUT_CHARACTERS_MAX);
    });
    running.add(this.child);
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code) => {
        running.delete(this.child);
        resolve(code);
      });
    });
  }

  /** Ends those that still run, so that a failed test does not keep its process alive. */
  static endAll(): void {
    for (const child of running) child.kill('SIGKILL');
  }

  /** Ends it by `signal` (SIGTERM) and returns its exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal);
    return this.ended;
  }

  /** Its exit code, when it ends by itself. */
  exit(): Promise<number | null> {
    return this.ended;
  }

  /** Waits until it runs; returns where its status page is. */
  async ready(): Promise<string> {
    return this.until('it runs', async () => /"status":"(http:[^"]+)"/.exec(this.log)?.[1]);
  }

  async view(): Promise<NodeView> {
    return JSON.parse(await fetchText(`${await this.ready()}status.json`)) as NodeView;
  }

  /** Waits until `ready` returns something. Throws with what the node said when that takes too long. */
  async until<T>(what: string, ready: () => Promise<T | undefined>, timeoutMs = 30_000): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const value = await ready();
      if (value !== undefined) return value;
      const over = performance.now() > deadline || this.child.exitCode !== null;
      if (over) throw new Error(`not seen: ${what}. The node said:\n${this.log}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Waits until its only torrent is in this state. */
  async untilState(state: string, timeoutMs = 30_000): Promise<NodeView['torrents'][number]> {
    return this.until(
      `a torrent in state ${state}`,
      async () => (await this.view()).torrents.find((torrent) => torrent.state === state),
      timeoutMs,
    );
  }
}

function fetchText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent: false, timeout: 10_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}
