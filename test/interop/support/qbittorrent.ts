import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { peerPath } from './peers.ts';
import { freePort, RunningProgram, scratchFolder, until } from './program.ts';

/** The fields of `torrents/info` that the tests look at. */
export interface QbittorrentTorrent {
  readonly hash: string;
  readonly name: string;
  readonly state: string;
  readonly progress: number;
}

/** A qbittorrent-nox with a profile of its own, on the loopback interface only: no DHT, LSD, PEX or port mapping. */
export class Qbittorrent {
  /** The folder that it keeps its profile in. */
  readonly profile: string;
  readonly #program: RunningProgram;
  readonly #base: string;

  private constructor(profile: string, port: number, program: RunningProgram) {
    this.profile = profile;
    this.#base = `http://127.0.0.1:${port}/api/v2`;
    this.#program = program;
  }

  static async start(): Promise<Qbittorrent> {
    const [port, peers, profile] = [await freePort(), await freePort(), scratchFolder()];
    await mkdir(join(profile, 'qBittorrent', 'config'), { recursive: true });
    const settings = [
      '[LegalNotice]',
      'Accepted=true',
      '[Preferences]',
      'WebUI\\Address=127.0.0.1',
      `WebUI\\Port=${port}`,
      'WebUI\\LocalHostAuth=false',
      '[BitTorrent]',
      'Session\\DHTEnabled=false',
      'Session\\LSDEnabled=false',
      'Session\\PeXEnabled=false',
      'Session\\Interface=lo',
      'Session\\InterfaceName=lo',
      `Session\\Port=${peers}`,
      '[Network]',
      'PortForwardingEnabled=false',
      '',
    ];
    await writeFile(join(profile, 'qBittorrent', 'config', 'qBittorrent.conf'), settings.join('\n'));
    const program = new RunningProgram(peerPath('qbittorrent-nox'), [`--profile=${profile}`]);
    const peer = new Qbittorrent(profile, port, program);
    await until('qbittorrent-nox answers', () => peer.#get('app/version').then(Boolean, () => false));
    return peer;
  }

  /** Adds torrent files with data in `folder`, and waits until each was checked. */
  async add(
    torrents: readonly string[],
    folder: string,
    words: Readonly<Record<string, string>>,
  ): Promise<void> {
    for (const torrent of torrents) {
      const form = new FormData();
      form.set('torrents', new Blob([await readFile(torrent)]), basename(torrent));
      form.set('savepath', folder);
      for (const [name, value] of Object.entries(words)) form.set(name, value);
      await fetch(`${this.#base}/torrents/add`, { method: 'POST', body: form });
    }
    await until('qbittorrent-nox has checked them', async () => {
      const list = await this.list();
      return list.length === torrents.length && list.every(({ state }) => /^stalled|^uploading/.test(state));
    });
  }

  async list(): Promise<readonly QbittorrentTorrent[]> {
    return JSON.parse(await this.#get('torrents/info')) as readonly QbittorrentTorrent[];
  }

  async renameFile(hash: string, oldPath: string, newPath: string): Promise<void> {
    await this.#post('torrents/renameFile', { hash, oldPath, newPath });
  }

  /** Ends it the way that saves everything. */
  async stop(): Promise<void> {
    await this.#post('app/shutdown', {});
    await this.#program.ended;
  }

  async #get(path: string): Promise<string> {
    return (await fetch(`${this.#base}/${path}`)).text();
  }

  async #post(path: string, words: Readonly<Record<string, string>>): Promise<void> {
    const answer = await fetch(`${this.#base}/${path}`, { method: 'POST', body: new URLSearchParams(words) });
    if (!answer.ok) throw new Error(`qbittorrent-nox: ${path}: ${answer.status} ${await answer.text()}`);
  }
}
