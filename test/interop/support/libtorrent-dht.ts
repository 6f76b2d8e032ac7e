import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { peerPath } from './peers.ts';
import { freePort, RunningProgram } from './program.ts';

// Compiled files lie in dist/test/interop/support; Python sources are not copied there.
const SCRIPT = fileURLToPath(new URL('../../../../test/interop/support/libtorrent_dht.py', import.meta.url));
const ANSWER_TIMEOUT_MS = 60_000;

/** A DHT node of libtorrent in a process of its own, on 127.0.0.1. */
export class LibtorrentDht {
  readonly port: number;
  readonly #program: RunningProgram;
  readonly #waiting: ((line: string) => void)[] = [];

  private constructor(port: number) {
    this.port = port;
    this.#program = new RunningProgram(peerPath('libtorrent'), [SCRIPT, String(port)]);
    const { stdout } = this.#program.child;
    if (stdout === null) throw new Error('no pipe');
    createInterface({ input: stdout }).on('line', (line) => this.#waiting.shift()?.(line));
  }

  static async start(): Promise<LibtorrentDht> {
    const node = new LibtorrentDht(await freePort());
    await node.ask({ op: 'nodes' });
    return node;
  }

  /** One request to the script, see libtorrent_dht.py. */
  async ask<T>(request: Readonly<Record<string, unknown>>): Promise<T> {
    const line = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('libtorrent does not answer')), ANSWER_TIMEOUT_MS);
      this.#waiting.push((text) => {
        clearTimeout(timer);
        resolve(text);
      });
      void this.#program.ended.then(() => {
        clearTimeout(timer);
        reject(new Error(`libtorrent has ended: ${this.#program.stderr}`));
      });
      this.#program.child.stdin?.write(`${JSON.stringify(request)}\n`);
    });
    const answer = JSON.parse(line) as { readonly ok: boolean; readonly error?: string } & T;
    if (!answer.ok) throw new Error(`libtorrent: ${answer.error}`);
    return answer;
  }

  async stop(): Promise<void> {
    this.#program.child.stdin?.end();
    await this.#program.stop();
  }
}
