import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeDaemon } from '../../../engine/node/daemon/daemon.ts';
import type { Log } from '../../../engine/node/log.ts';
import { resolveSettings } from '../../../engine/node/settings.ts';
import type { TorrentView } from '../../../engine/node/view.ts';
import { type MadeTorrent, makeTorrent } from '../../bittorrent/support/make-torrent.ts';
import { Tracker } from '../../interop/support/tracker.ts';
import { SlowSeeder } from './slow-seeder.ts';

export const PIECE_LENGTH = 32_768;

/** A folder for a node, a torrent with a seeder and a tracker that names it: all that a node needs to run. */
export class Scene {
  readonly folder = mkdtempSync(join(tmpdir(), 'allium-node-'));
  readonly errors: string[] = [];
  readonly torrent: MadeTorrent;
  readonly seeder: SlowSeeder;
  readonly tracker: Tracker;

  private constructor(torrent: MadeTorrent, seeder: SlowSeeder, tracker: Tracker) {
    this.torrent = torrent;
    this.seeder = seeder;
    this.tracker = tracker;
    mkdirSync(join(this.folder, 'watch'));
  }

  static async open(
    fileBytes: readonly number[] = [PIECE_LENGTH * 20 + 5, PIECE_LENGTH * 3],
  ): Promise<Scene> {
    const tracker = await Tracker.start();
    const torrent = makeTorrent({
      name: 'data',
      pieceLength: PIECE_LENGTH,
      fileBytes,
      announce: tracker.url,
    });
    const payload = Buffer.concat([...torrent.content.values()]);
    const infoHash = torrent.metainfo.infoHashV1!;
    const seeder = new SlowSeeder({ rate: 1e9 }, { infoHash, payload, pieceLength: PIECE_LENGTH });
    tracker.know(Buffer.from(infoHash).toString('hex'), await seeder.listen());
    return new Scene(torrent, seeder, tracker);
  }

  async close(): Promise<void> {
    await this.seeder.close();
    await this.tracker.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Puts a torrent file into the watch folder. */
  give(bytes: Uint8Array = this.torrent.bytes, name = 'data'): void {
    writeFileSync(join(this.folder, 'watch', `${name}.torrent`), bytes);
  }

  /** Where a file of a torrent lies. */
  pathOf(path: string): string {
    return join(this.folder, 'downloads', path);
  }

  /** Starts a node in this process. */
  async node(more: Readonly<Record<string, unknown>> = {}): Promise<NodeDaemon> {
    const at = (name: string): string => join(this.folder, name);
    const flags = { state: at('state'), downloads: at('downloads'), watch: at('watch'), host: '127.0.0.1' };
    const small = { port: 0, statusPort: false, memory: 32 * 1024 * 1024, threads: 1 };
    const settings = resolveSettings({ flags: { ...flags, ...small, ...more }, env: {}, threads: 1 });
    const quiet = (): void => {};
    const log: Log = { error: (line) => this.errors.push(line), warn: quiet, info: quiet, debug: quiet };
    return NodeDaemon.start(settings, log);
  }
}

/** Waits until the node has a torrent of which `wanted` is true. */
export async function untilTorrent(
  node: NodeDaemon,
  wanted: (torrent: TorrentView) => boolean,
  timeoutMs = 20_000,
): Promise<TorrentView> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = node.view().torrents.find(wanted);
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`not seen: ${JSON.stringify(node.view(), null, 1)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Waits until the node has a torrent in this state. */
export function untilState(node: NodeDaemon, state: TorrentView['state']): Promise<TorrentView> {
  return untilTorrent(node, (torrent) => torrent.state === state);
}
