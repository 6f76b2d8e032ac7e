import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { peerPath } from './peers.ts';
import { freePort, RunningProgram, until } from './program.ts';

// Compiled files lie in dist/test/interop/support; Python sources are not copied there.
const SCRIPT = fileURLToPath(new URL('../../../../test/interop/support/libtorrent_peer.py', import.meta.url));
const ANSWER_TIMEOUT_MS = 60_000;
const LEAVE_TIMEOUT_MS = 10_000;

export interface LibtorrentInfo {
  readonly name: string;
  readonly totalBytes: number;
  readonly pieceBytes: number;
  readonly pieces: number;
  readonly private: boolean;
  /** Hexadecimal, or null when the torrent has no info-hash of this version. */
  readonly v1: string | null;
  readonly v2: string | null;
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly pad: boolean }[];
}

export interface LibtorrentStatus {
  readonly state: string;
  readonly seeding: boolean;
  readonly progress: number;
  readonly pieces: number;
  readonly peers: number;
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  readonly failedBytes: number;
  readonly error: string | null;
}

export interface LibtorrentPeer {
  readonly host: string;
  readonly port: number;
  readonly client: string;
  readonly progress: number;
  readonly uploadedBytes: number;
  readonly downloadedBytes: number;
}

export interface CreateRequest {
  readonly path: string;
  readonly out: string;
  readonly kind: 'v1' | 'v2' | 'hybrid';
  readonly pieceBytes?: number;
  readonly trackers?: readonly string[];
  readonly webSeeds?: readonly string[];
}

export interface AddRequest {
  /** Path of the torrent file. */
  readonly torrent?: string;
  /** A link in place of a file. */
  readonly magnet?: string;
  /** The folder that holds, or shall hold, the data. */
  readonly folder: string;
  /** Bytes a second. */
  readonly downloadLimit?: number;
  /** Believe without checking that all of it is there. */
  readonly seed?: boolean;
  /** Announce to the trackers in the torrent. Off unless asked for. */
  readonly trackers?: boolean;
}

type Answer = { readonly ok: true } | { readonly ok: false; readonly error: string };

/** A libtorrent session in a process of its own, on 127.0.0.1 only: no DHT, LSD, PEX partners or port mapping. */
export class Libtorrent {
  readonly port: number;
  readonly #program: RunningProgram;
  readonly #waiting: ((line: string) => void)[] = [];

  private constructor(port: number, program: RunningProgram) {
    this.port = port;
    this.#program = program;
    const { stdout } = program.child;
    if (stdout === null) throw new Error('no pipe');
    createInterface({ input: stdout }).on('line', (line) => this.#waiting.shift()?.(line));
  }

  /** `settings` are libtorrent's own and go on top of ours; `at`: the port that they name, where they name one. */
  static async start(
    settings: Readonly<Record<string, string | number | boolean>> = {},
    at?: number,
  ): Promise<Libtorrent> {
    const port = at ?? (await freePort());
    const all = { listen_interfaces: `127.0.0.1:${port}`, outgoing_interfaces: '127.0.0.1', ...settings };
    const peer = new Libtorrent(
      port,
      new RunningProgram(peerPath('libtorrent'), [SCRIPT, JSON.stringify(all)]),
    );
    await until(
      'libtorrent listens',
      async () => (await peer.#ask<{ port: number }>({ op: 'listening' })).port === port,
    );
    return peer;
  }

  /** What libtorrent makes of a torrent file. Throws when it refuses it. */
  info(torrent: string): Promise<LibtorrentInfo> {
    return this.#ask({ op: 'info', torrent });
  }

  create(request: CreateRequest): Promise<LibtorrentInfo> {
    return this.#ask({ op: 'create', ...request });
  }

  /** Returns the number by which the torrent is called in the other methods: 0 for the first. */
  async add(request: AddRequest): Promise<number> {
    return (await this.#ask<{ torrent: number }>({ op: 'add', ...request })).torrent;
  }

  async connect(port: number, torrent = 0, host = '127.0.0.1'): Promise<void> {
    await this.#ask({ op: 'connect', host, port, torrent });
  }

  /** Joins the DHT by this node of it. */
  async joinDht(port: number): Promise<void> {
    await until('libtorrent knows the DHT', async () => {
      const { nodes } = await this.#ask<{ nodes: number }>({ op: 'dht-node', port });
      return nodes > 0;
    });
  }

  /** Announces to the DHT now. */
  async announceToDht(torrent = 0): Promise<void> {
    await this.#ask({ op: 'dht-announce', torrent });
  }

  status(torrent = 0): Promise<LibtorrentStatus> {
    return this.#ask({ op: 'status', torrent });
  }

  async peers(torrent = 0): Promise<readonly LibtorrentPeer[]> {
    return (await this.#ask<{ peers: readonly LibtorrentPeer[] }>({ op: 'peers', torrent })).peers;
  }

  /** Checks the data on disk again. */
  async recheck(torrent = 0): Promise<void> {
    await this.#ask({ op: 'recheck', torrent });
  }

  /** Waits until it has all pieces. */
  async complete(torrent = 0, timeoutMs = 60_000): Promise<LibtorrentStatus> {
    return until(
      'libtorrent has all pieces',
      async () => {
        const status = await this.status(torrent);
        if (status.error !== null) throw new Error(`libtorrent: ${status.error}`);
        return status.seeding && status;
      },
      timeoutMs,
    );
  }

  /** Ends as a user would end it: its trackers hear of it. */
  async leave(): Promise<void> {
    this.#program.child.stdin?.end();
    await Promise.race([this.#program.ended, sleep(LEAVE_TIMEOUT_MS, undefined, { ref: false })]);
    await this.stop();
  }

  async stop(): Promise<void> {
    this.#program.child.stdin?.end();
    await this.#program.stop();
  }

  async #ask<T>(request: Readonly<Record<string, unknown>>): Promise<T> {
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
    const answer = JSON.parse(line) as Answer & T;
    if (!answer.ok) throw new Error(`libtorrent: ${answer.error}`);
    return answer;
  }
}
