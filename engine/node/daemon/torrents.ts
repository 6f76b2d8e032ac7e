import { join } from 'node:path';
import { parseMetainfo } from '../../bittorrent/metainfo/parse.ts';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import { AlliumError } from '../../codec/error.ts';
import type { Runtime } from '../../runtime/port.ts';
import type { Log } from '../log.ts';
import type { ManagedTorrent } from '../managed-torrent.ts';
import { markFiles } from '../resume/file-marks.ts';
import type { ResumeKeeper } from '../resume/keeper.ts';
import type { Session } from '../session.ts';
import type { StoredResume } from '../store/schema.ts';
import type { NodeStore } from '../store/store.ts';
import type { TorrentView } from '../view.ts';
import type { Problems } from './problems.ts';
import { infoHashOf, makeReady, newResume, type ReadyTorrent, readyOf, resumeOf } from './ready.ts';

/** How much is read between two times that the result is kept, when doubtful pieces are hashed again. */
const CHECK_STRIDE_BYTES = 1024 ** 3;
/** How long to wait for writes under way when the node stops. */
const SETTLE_TIMEOUT_MS = 10_000;
const SETTLE_POLL_MS = 10;

export interface TorrentsModules {
  readonly store: NodeStore;
  readonly session: Session;
  readonly keeper: ResumeKeeper;
  readonly runtime: Runtime;
  readonly log: Log;
  readonly problems: Problems;
}

/**
 * The torrents of a node between store and session: brought back when the node starts, checked where there is doubt,
 * added, and put to rest when it stops.
 */
export class NodeTorrents {
  private readonly downloads: string;
  private readonly modules: TorrentsModules;
  /** Torrents of the store that cannot be run at all, such as those with pieces larger than the memory. */
  private readonly refused = new Map<string, TorrentView>();
  private readonly adding = new Set<string>();
  private checks: Promise<void> = Promise.resolve();
  private closing = false;

  constructor(options: { readonly downloads: string }, modules: TorrentsModules) {
    this.downloads = options.downloads;
    this.modules = modules;
  }

  /** Brings back what the store remembers. Rejects with BAD_STATE when that is damaged; then nothing runs. */
  async load(): Promise<void> {
    const { store, runtime } = this.modules;
    const ready: ReadyTorrent[] = [];
    for (const [infoHash, stored, resume] of store.torrents()) {
      const notes = store.recentPieces(stored.number, resume.generation);
      ready.push(await makeReady({ infoHash, stored, resume, notes }, store.previous, runtime.files));
    }
    const changed = ready.filter((torrent) => torrent.changed);
    const nowMs = runtime.clock.wallClock();
    await store.saveResume(new Map(changed.map((torrent) => [torrent.infoHash, resumeOf(torrent, nowMs)])));
    await store.begin();
    // Every note is in the store by now.
    store.rotateJournal()();
    for (const torrent of ready) this.run(torrent);
  }

  /**
   * Adds a torrent and starts it. Resolves with false when it is there already. Rejects with BAD_BENCODE,
   * BAD_TORRENT or UNSAFE_PATH for a bad torrent file, and with the store's errors.
   */
  async add(torrentFile: Uint8Array): Promise<boolean> {
    const { store, runtime, log } = this.modules;
    const metainfo = parseMetainfo(torrentFile);
    const infoHash = infoHashOf(metainfo);
    if (this.knows(infoHash) || this.adding.has(infoHash)) return false;
    this.adding.add(infoHash);
    try {
      const root = this.rootFor(infoHash, metainfo);
      const nowMs = runtime.clock.wallClock();
      const resume: StoredResume = await newResume(metainfo, root, { files: runtime.files, nowMs });
      const torrent = { torrentFile, root, addedAtMs: nowMs };
      const stored = await store.add(infoHash, torrent, resume);
      log.info(`added “${metainfo.name}”`, { infoHash });
      this.run(readyOf(infoHash, stored, metainfo, resume));
      return true;
    } finally {
      this.adding.delete(infoHash);
    }
  }

  /** Those the session does not know. */
  refusedViews(): readonly TorrentView[] {
    return [...this.refused.values()];
  }

  /** Stops all torrents and saves them. Resolves with whether everything is saved. */
  async close(): Promise<boolean> {
    this.closing = true;
    const { session, keeper } = this.modules;
    for (const managed of session.list()) {
      if (managed.state === 'downloading') keeper.onStopping(managed.infoHash);
    }
    await session.close();
    await this.checks;
    await this.settle();
    return keeper.close();
  }

  private knows(infoHash: string): boolean {
    return this.modules.session.get(infoHash) !== undefined || this.refused.has(infoHash);
  }

  /** The download folder, or one of its own below it when another torrent has the same name there. */
  private rootFor(infoHash: string, metainfo: Metainfo): string {
    const name = metainfo.name.toLowerCase();
    const clashes = this.modules.session
      .list()
      .some((other) => other.metainfo.name.toLowerCase() === name && other.view().root === this.downloads);
    return clashes ? join(this.downloads, infoHash.slice(0, 12)) : this.downloads;
  }

  private run(torrent: ReadyTorrent): void {
    const { infoHash, stored, metainfo, missing } = torrent;
    const { session, keeper, problems, log } = this.modules;
    let managed: ManagedTorrent;
    try {
      const { root, addedAtMs } = stored;
      const { have, downloadedBytes, uploadedBytes } = torrent;
      managed = session.add({ metainfo, root, have: have.copy(), addedAtMs, downloadedBytes, uploadedBytes });
    } catch (error) {
      if (!(error instanceof AlliumError)) throw error;
      this.refused.set(infoHash, refusedView(torrent, error));
      if (problems.add(`“${metainfo.name}”: ${error.message}`)) log.error(error.message, { infoHash });
      return;
    }
    if (missing.length > 0) {
      managed.hold(filesGone(metainfo, missing, stored.root));
      return;
    }
    const doubt = torrent.doubt.copy();
    keeper.track(infoHash, { ...torrent, doubt, number: stored.number, source: this.sourceOf(managed) });
    if (doubt.isEmpty) void this.begin(managed);
    else this.checks = this.checks.then(() => this.checkDoubt(managed, torrent));
  }

  private async begin(managed: ManagedTorrent): Promise<void> {
    if (!this.closing) await managed.start();
  }

  private sourceOf(managed: ManagedTorrent) {
    const { files } = this.modules.runtime;
    return {
      get have() {
        return managed.have;
      },
      get downloadedBytes() {
        return managed.downloadedBytes;
      },
      get uploadedBytes() {
        return managed.uploadedBytes;
      },
      sync: () => managed.torrent.storage.sync(),
      marks: () => markFiles(managed.metainfo, managed.view().root, files),
    };
  }

  /** Hashes what is in doubt; what is right is believed from then on, the rest is to be downloaded. */
  private async checkDoubt(managed: ManagedTorrent, torrent: ReadyTorrent): Promise<void> {
    const { keeper } = this.modules;
    const pieces = [...torrent.doubt.pieces()];
    const stride = Math.max(1, Math.floor(CHECK_STRIDE_BYTES / managed.metainfo.pieceLength));
    let settled = 0;
    for (let at = 0; at < pieces.length; at += stride) {
      if (this.closing) return;
      await managed.check(undefined, pieces.slice(at, at + stride));
      if (this.closing || managed.failure !== undefined) return;
      if (torrent.adopting && managed.have.isEmpty) continue;
      keeper.settleDoubt(managed.infoHash, pieces.slice(settled, at + stride));
      settled = at + stride;
    }
    if (torrent.adopting && managed.have.isEmpty)
      managed.hold(notOurs(managed.metainfo, torrent.stored.root));
    else await this.begin(managed);
  }

  /** Waits until no piece is being hashed or written any more. */
  private async settle(): Promise<void> {
    const { session, runtime } = this.modules;
    const deadline = runtime.clock.now() + SETTLE_TIMEOUT_MS;
    const busy = (): boolean =>
      session.list().some(({ torrent }) => torrent.downloader.stats.bytesUnderCheck > 0);
    while (busy() && runtime.clock.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, SETTLE_POLL_MS));
    }
  }
}

function filesGone(metainfo: Metainfo, missing: readonly string[], root: string): AlliumError {
  const others = missing.length > 1 ? ` and ${missing.length - 1} more` : '';
  return new AlliumError('NOT_FOUND', `${join(root, missing[0]!)}${others} is not there any more`, {
    advice: 'Put it back (is the disk mounted?) and start the node again.',
    details: { name: metainfo.name },
  });
}

function notOurs(metainfo: Metainfo, root: string): AlliumError {
  const path = join(root, metainfo.name);
  return new AlliumError('WRONG_KIND', `what lies at ${path} is not the data of this torrent`, {
    advice: 'It was left as it is. Move it away and start the node again.',
    details: { path },
  });
}

function refusedView(torrent: ReadyTorrent, error: AlliumError): TorrentView {
  const { infoHash, metainfo, have, stored } = torrent;
  return {
    infoHash,
    name: metainfo.name,
    state: 'error',
    error: error.message,
    totalBytes: metainfo.contentBytes,
    pieceCount: metainfo.pieceCount,
    pieceDoneCount: have.count,
    progress: metainfo.pieceCount === 0 ? 1 : have.count / metainfo.pieceCount,
    downBytesPerSec: 0,
    upBytesPerSec: 0,
    downloadedBytes: torrent.downloadedBytes,
    uploadedBytes: torrent.uploadedBytes,
    peerCount: 0,
    root: stored.root,
    addedAtMs: stored.addedAtMs,
  };
}
