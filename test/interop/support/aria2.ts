import { peerPath } from './peers.ts';
import { post } from './post.ts';
import { freePort, RunningProgram, until } from './program.ts';

export interface Aria2Status {
  readonly complete: boolean;
  readonly totalBytes: number;
  readonly completedBytes: number;
  readonly uploadedBytes: number;
  readonly connections: number;
  /** What aria2c takes the info-hash for, hexadecimal. */
  readonly infoHash: string;
}

/**
 * aria2c with one torrent, on 127.0.0.1 only: no DHT, LPD or PEX. It checks what lies in the folder, downloads the
 * rest and seeds. It cannot be told to dial someone; dial it at {@link port}, or use a tracker.
 */
export class Aria2 {
  readonly port: number;
  readonly #rpcPort: number;
  readonly #program: RunningProgram;

  private constructor(port: number, rpcPort: number, program: RunningProgram) {
    this.port = port;
    this.#rpcPort = rpcPort;
    this.#program = program;
  }

  /** `options` are further words for its command line. */
  static async start(torrentPath: string, folder: string, options: readonly string[] = []): Promise<Aria2> {
    const [port, rpcPort] = [await freePort(), await freePort()];
    const words = [
      ...['--no-conf', '--enable-dht=false', '--enable-dht6=false', '--bt-enable-lpd=false'],
      ...['--enable-peer-exchange=false', '--interface=127.0.0.1', `--listen-port=${port}`],
      ...['--seed-ratio=0.0', '--check-integrity=true', '--allow-overwrite=true', '--file-allocation=none'],
      ...['--enable-rpc=true', '--rpc-listen-all=false', `--rpc-listen-port=${rpcPort}`],
      ...['--summary-interval=0', '--show-console-readout=false', '--dir', folder],
      ...options,
      torrentPath,
    ];
    const peer = new Aria2(port, rpcPort, new RunningProgram(peerPath('aria2c'), words));
    await until('aria2c listens', () => {
      if (!peer.#program.running) throw new Error(`aria2c has ended: ${peer.log}`);
      return /BitTorrent: listening on TCP port/.test(peer.log);
    });
    return peer;
  }

  /** What it has said so far. */
  get log(): string {
    return this.#program.stdout + this.#program.stderr;
  }

  async status(): Promise<Aria2Status> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: '1', method: 'aria2.tellActive', params: [] });
    const { text } = await post(this.#rpcPort, '/jsonrpc', body);
    const [download] = (JSON.parse(text) as { result: readonly Readonly<Record<string, string>>[] }).result;
    if (download === undefined) throw new Error(`aria2c has given up: ${this.log}`);
    const number = (key: string): number => Number(download[key] ?? 0);
    const [totalBytes, completedBytes] = [number('totalLength'), number('completedLength')];
    return {
      complete: totalBytes > 0 && completedBytes === totalBytes,
      totalBytes,
      completedBytes,
      uploadedBytes: number('uploadLength'),
      connections: number('connections'),
      infoHash: download.infoHash ?? '',
    };
  }

  /** Waits until it has all of it. */
  async complete(timeoutMs = 60_000): Promise<Aria2Status> {
    return until(
      'aria2c has all of it',
      async () => {
        const status = await this.status();
        return status.complete && status;
      },
      timeoutMs,
    );
  }

  async stop(): Promise<void> {
    await this.#program.stop();
  }
}
