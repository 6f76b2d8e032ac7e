import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { peerPath } from './peers.ts';
import { post } from './post.ts';
import { freePort, RunningProgram, scratchFolder, until } from './program.ts';

/** The fields of RPC `torrent-get` that the tests look at; Transmission's names. */
export interface TransmissionTorrent {
  readonly id: number;
  readonly name: string;
  readonly hashString: string;
  readonly percentDone: number;
  readonly leftUntilDone: number;
  readonly status: number;
  readonly error: number;
  readonly errorString: string;
  readonly uploadedEver: number;
  readonly downloadedEver: number;
  readonly corruptEver: number;
  readonly peersConnected: number;
  readonly recheckProgress: number;
  readonly peers: readonly {
    readonly address: string;
    readonly clientName: string;
    readonly progress: number;
  }[];
}

/** Without it the daemon answers 409 and names the one to use. */
const SESSION_HEADER = 'x-transmission-session-id';
const FIELDS = [
  ...['id', 'name', 'hashString', 'percentDone', 'leftUntilDone', 'status', 'error', 'errorString', 'peers'],
  ...['uploadedEver', 'downloadedEver', 'corruptEver', 'peersConnected', 'recheckProgress'],
];

/**
 * A transmission-daemon with a configuration of its own, on 127.0.0.1 only: no DHT, LPD, PEX, uTP or port mapping.
 * It cannot be told to dial someone; dial it at {@link port}, or let it find the other side by a tracker.
 */
export class Transmission {
  readonly port: number;
  readonly #rpcPort: number;
  readonly #program: RunningProgram;
  #sessionId = '';

  private constructor(port: number, rpcPort: number, program: RunningProgram) {
    this.port = port;
    this.#rpcPort = rpcPort;
    this.#program = program;
  }

  /** `settings` are those of Transmission's settings.json and go on top of ours; `folder` is for its state. */
  static async start(
    settings: Readonly<Record<string, string | number | boolean>> = {},
    folder: string = scratchFolder(),
  ): Promise<Transmission> {
    const [port, rpcPort] = [await freePort(), await freePort()];
    const all = {
      'bind-address-ipv4': '127.0.0.1',
      'bind-address-ipv6': '::1',
      'dht-enabled': false,
      'lpd-enabled': false,
      'pex-enabled': false,
      'utp-enabled': false,
      'port-forwarding-enabled': false,
      'peer-port': port,
      'peer-port-random-on-start': false,
      'rpc-enabled': true,
      'rpc-bind-address': '127.0.0.1',
      'rpc-port': rpcPort,
      'rpc-authentication-required': false,
      'rpc-whitelist': '127.0.0.1',
      'download-dir': folder,
      encryption: 0,
      preallocation: 0,
      ...settings,
    };
    await writeFile(join(folder, 'settings.json'), JSON.stringify(all));
    const words = ['--foreground', '--config-dir', folder];
    const program = new RunningProgram(peerPath('transmission-daemon'), words);
    const peer = new Transmission(port, rpcPort, program);
    await until('transmission-daemon answers', () =>
      peer.#call('session-get', {}).then(Boolean, () => false),
    );
    return peer;
  }

  /** Adds a torrent file or a magnet link; data that already lies in `folder` is checked. Returns its id. */
  async add(torrentPath: string, folder: string): Promise<number> {
    const source = torrentPath.startsWith('magnet:')
      ? { filename: torrentPath }
      : { metainfo: (await readFile(torrentPath)).toString('base64') };
    const added = await this.#call('torrent-add', { ...source, 'download-dir': folder, paused: false });
    const torrent = (added['torrent-added'] ?? added['torrent-duplicate']) as
      | { readonly id: number }
      | undefined;
    if (torrent === undefined)
      throw new Error(`transmission-daemon did not add it: ${JSON.stringify(added)}`);
    return torrent.id;
  }

  async status(id: number): Promise<TransmissionTorrent> {
    const { torrents } = await this.#call('torrent-get', { ids: [id], fields: FIELDS });
    const [torrent] = torrents as readonly TransmissionTorrent[];
    if (torrent === undefined) throw new Error(`transmission-daemon has no torrent ${id}`);
    return torrent;
  }

  /** Checks the data on disk again. */
  async verify(id: number): Promise<void> {
    await this.#call('torrent-verify', { ids: [id] });
  }

  /** Announces to its trackers now. */
  async reannounce(id: number): Promise<void> {
    await this.#call('torrent-reannounce', { ids: [id] });
  }

  /** Waits until it has all of it and has checked it (status 6: seeding). */
  async complete(id: number, timeoutMs = 60_000): Promise<TransmissionTorrent> {
    return until(
      'transmission-daemon has all of it',
      async () => {
        const torrent = await this.status(id);
        if (torrent.error === 3) throw new Error(`transmission-daemon: ${torrent.errorString}`);
        return torrent.leftUntilDone === 0 && torrent.percentDone === 1 && torrent.status === 6 && torrent;
      },
      timeoutMs,
    );
  }

  async stop(): Promise<void> {
    await this.#program.stop();
  }

  async #call(
    method: string,
    words: Readonly<Record<string, unknown>>,
  ): Promise<Readonly<Record<string, unknown>>> {
    const body = JSON.stringify({ method, arguments: words });
    const send = () => post(this.#rpcPort, '/transmission/rpc', body, { [SESSION_HEADER]: this.#sessionId });
    let answer = await send();
    if (answer.status === 409) {
      this.#sessionId = String(answer.headers[SESSION_HEADER]);
      answer = await send();
    }
    const reply = JSON.parse(answer.text) as { result: string; arguments: Readonly<Record<string, unknown>> };
    if (reply.result !== 'success') throw new Error(`transmission-daemon: ${method}: ${reply.result}`);
    return reply.arguments;
  }
}
