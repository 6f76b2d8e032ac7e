import { resolve } from 'node:path';
import { AlliumError } from '../../../engine/codec/error.ts';
import type {
  AddRequest,
  Category,
  Changes,
  Control,
  TorrentChange,
} from '../../../engine/node/control/control.ts';
import type { FileDetail, FileWish, TorrentDetail } from '../../../engine/node/control/details.ts';
import type { RowState, TorrentRow } from '../../../engine/node/control/row.ts';
import type { NodeOptions, NodeStats } from '../../../engine/node/control/session-options.ts';
import { addedRow } from './fake-add.ts';
import { FAKE_OPTIONS, fakeDetail, fakeFiles, fakeRow } from './fake-rows.ts';

/** What the fake keeps of a torrent beside its row. */
interface Extra {
  readonly fileLengths: readonly number[];
  /** Of its file or folder; how it is shown may differ. */
  contentName: string;
  torrentFile: Uint8Array;
  files: readonly FileDetail[] | undefined;
  trackers: readonly (readonly string[])[];
}

const COUNTED: RowState[] = ['metadata', 'queued', 'checking', 'downloading', 'seeding', 'moving'];

/**
 * A {@link Control} in memory with plausible behaviour: torrents are added, started, stopped and changed at once,
 * nothing moves by itself. `touch` changes a row as a running node would; `calls` remembers what was asked.
 */
export class FakeControl implements Control {
  readonly rows = new Map<string, TorrentRow>();
  readonly categories = new Map<string, Category>();
  readonly tags = new Set<string>();
  options: NodeOptions = FAKE_OPTIONS;
  /** Names of calls with what they were about, oldest first. */
  readonly calls: string[] = [];
  /** What `stats` says beyond sums over the rows. */
  statsChange: Partial<NodeStats> = {};
  private readonly sums = {
    ...{ down: 0, up: 0, downloaded: 0, uploaded: 0, peers: 0 },
    states: Object.fromEntries(COUNTED.map((state) => [state, 0])) as Record<string, number>,
  };
  private readonly extras = new Map<string, Extra>();
  private readonly ids = new Map<number, string>();
  private readonly removedIds = new Map<string, number>();
  private readonly listeners = new Set<() => void>();
  private nextId = 1;
  private revision = 0;
  /** Info-hashes by revision, from revision {@link logStart} + 1 on. */
  private log: string[] = [];
  private logStart = 0;
  private told = false;

  /** With `count` finished torrents. */
  constructor(count = 0) {
    for (let made = 0; made < count; made++) this.put(fakeRow(this.nextId));
  }

  /** Puts in a row as it is, but for its revision. */
  put(
    row: TorrentRow,
    fileLengths: readonly number[] = [row.totalBytes],
    contentName = row.name,
  ): TorrentRow {
    this.nextId = Math.max(this.nextId, row.id + 1);
    this.ids.set(row.id, row.infoHash);
    this.extras.set(row.infoHash, {
      fileLengths,
      contentName,
      torrentFile: new Uint8Array(0),
      files: undefined,
      trackers: [[`http://${row.trackerHost}/announce`]],
    });
    return this.store(row);
  }

  touch(infoHash: string, change: Partial<TorrentRow>): TorrentRow {
    return this.store({ ...this.need(infoHash), ...change });
  }

  row(infoHash: string): TorrentRow | undefined {
    return this.rows.get(infoHash);
  }

  byId(id: number): TorrentRow | undefined {
    return this.rows.get(this.ids.get(id) ?? '');
  }

  changes(since: number): Changes {
    const { revision } = this;
    if (since <= 0 || since > revision || since < this.logStart) {
      return { revision, isFull: true, rows: [...this.rows.values()], removed: [], removedIds: [] };
    }
    const changed = new Set(this.log.slice(since - this.logStart));
    const rows: TorrentRow[] = [];
    const removed: string[] = [];
    const removedIds: number[] = [];
    for (const infoHash of changed) {
      const row = this.rows.get(infoHash);
      if (row !== undefined) {
        rows.push(row);
      } else {
        removed.push(infoHash);
        removedIds.push(this.removedIds.get(infoHash) ?? 0);
      }
    }
    return { revision, isFull: false, rows, removed, removedIds };
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async detail(infoHash: string): Promise<TorrentDetail> {
    const row = this.need(infoHash);
    return fakeDetail(row, this.filesOf(row), this.extra(infoHash).trackers);
  }

  async torrentFile(infoHash: string): Promise<Uint8Array> {
    this.need(infoHash);
    return this.extra(infoHash).torrentFile;
  }

  async add(request: AddRequest): Promise<{ row: TorrentRow; isNew: boolean }> {
    this.calls.push('add');
    const made = addedRow(request, { id: this.nextId, options: this.options, categories: this.categories });
    const known = this.rows.get(made.row.infoHash);
    if (known !== undefined) return { row: known, isNew: false };
    for (const tag of made.row.tags) this.tags.add(tag);
    this.put(made.row, made.lengths, made.contentName);
    const extra = this.extra(made.row.infoHash);
    extra.torrentFile = made.bytes;
    extra.trackers = made.trackers;
    this.setWishes(made.row, new Map((request.wishes ?? []).map((wish, index) => [index, wish])));
    return { row: this.need(made.row.infoHash), isNew: true };
  }

  async remove(infoHash: string, options: { readonly deleteData: boolean }): Promise<void> {
    const row = this.need(infoHash);
    this.calls.push(`remove ${row.name}${options.deleteData ? ' with data' : ''}`);
    this.sum(row, -1);
    this.rows.delete(infoHash);
    this.extras.delete(infoHash);
    this.ids.delete(row.id);
    this.removedIds.set(infoHash, row.id);
    this.note(infoHash);
  }

  async start(infoHash: string): Promise<void> {
    const row = this.need(infoHash);
    this.calls.push(`start ${row.name}`);
    this.touch(infoHash, { state: row.progress === 1 ? 'seeding' : 'downloading', error: '' });
  }

  async stop(infoHash: string): Promise<void> {
    this.calls.push(`stop ${this.need(infoHash).name}`);
    this.touch(infoHash, { state: 'stopped', forced: false, downBytesPerSec: 0, upBytesPerSec: 0 });
  }

  async recheck(
    infoHash: string,
    what?: { readonly files?: readonly number[]; readonly pieces?: readonly number[] },
  ): Promise<void> {
    const part = [...(what?.files ?? []), ...(what?.pieces ?? [])].join(' ');
    this.calls.push(`recheck ${this.need(infoHash).name} ${part}`.trim());
    this.touch(infoHash, { state: 'checking', progress: 0 });
  }

  async reannounce(infoHash: string): Promise<void> {
    this.calls.push(`reannounce ${this.need(infoHash).name}`);
  }

  async change(infoHash: string, change: TorrentChange): Promise<void> {
    const row = this.need(infoHash);
    const { wishes, trackers, addTags, removeTags, peersMax: _, ...plain } = change;
    if (change.category !== undefined && change.category !== '' && !this.categories.has(change.category)) {
      throw new AlliumError('BAD_USAGE', `there is no category “${change.category}”`);
    }
    const removed = new Set(removeTags);
    const tags = [...new Set([...(change.tags ?? row.tags), ...(addTags ?? [])])];
    for (const tag of tags) this.tags.add(tag);
    this.touch(infoHash, { ...plain, tags: tags.filter((tag) => !removed.has(tag)) });
    if (wishes !== undefined) this.setWishes(row, wishes);
    if (trackers !== undefined) this.extra(infoHash).trackers = trackers;
  }

  addPeers(infoHash: string, peers: readonly { readonly host: string; readonly port: number }[]): void {
    this.calls.push(`peers ${this.need(infoHash).name} ${peers.map(({ host }) => host).join(' ')}`);
  }

  async move(infoHash: string, root: string, options: { readonly moveData: boolean }): Promise<void> {
    const { name } = this.need(infoHash);
    this.calls.push(`move ${name} ${root}${options.moveData ? ' with data' : ''}`);
    this.touch(infoHash, { root, contentPath: `${root}/${name}` });
  }

  async renamePath(infoHash: string, path: string, name: string): Promise<void> {
    const row = this.need(infoHash);
    const extra = this.extra(infoHash);
    const files = this.filesOf(row);
    if (!files.some((file) => file.path === path || file.path.startsWith(`${path}/`))) {
      throw new AlliumError('NOT_FOUND', `there is no “${path}” in it`);
    }
    const to = [...path.split('/').slice(0, -1), name].join('/');
    extra.files = files.map((file) =>
      file.path === path || file.path.startsWith(`${path}/`)
        ? { ...file, path: `${to}${file.path.slice(path.length)}` }
        : file,
    );
    const isWhole = path === extra.contentName;
    const isShownSo = isWhole && row.name === extra.contentName;
    if (isWhole) extra.contentName = name;
    this.touch(infoHash, {
      ...(isWhole ? { contentPath: `${row.root}/${name}` } : {}),
      ...(isShownSo ? { name } : {}),
    });
  }

  async moveInQueue(infoHashes: readonly string[], where: 'top' | 'up' | 'down' | 'bottom'): Promise<void> {
    const chosen = new Set(infoHashes.map((infoHash) => this.need(infoHash).infoHash));
    const step = { top: Number.NEGATIVE_INFINITY, up: -1.5, down: 1.5, bottom: Number.POSITIVE_INFINITY }[
      where
    ];
    const place = (row: TorrentRow): number => row.queuePosition + (chosen.has(row.infoHash) ? step : 0);
    const order = [...this.rows.values()].sort((a, b) => {
      const [x, y] = [place(a), place(b)];
      return x === y ? a.queuePosition - b.queuePosition : x - y;
    });
    for (const [queuePosition, row] of order.entries()) {
      if (row.queuePosition !== queuePosition) this.touch(row.infoHash, { queuePosition });
    }
  }

  async setCategory(category: Category): Promise<void> {
    this.categories.set(category.name, category);
    this.tell();
  }

  async removeCategory(name: string): Promise<void> {
    if (!this.categories.delete(name)) throw new AlliumError('NOT_FOUND', `there is no category “${name}”`);
    for (const row of this.rows.values()) {
      if (row.category === name) this.touch(row.infoHash, { category: '' });
    }
    this.tell();
  }

  async createTags(tags: readonly string[]): Promise<void> {
    for (const tag of tags) this.tags.add(tag);
    this.tell();
  }

  async removeTags(tags: readonly string[]): Promise<void> {
    for (const tag of tags) this.tags.delete(tag);
    for (const row of this.rows.values()) {
      const left = row.tags.filter((tag) => this.tags.has(tag));
      if (left.length < row.tags.length) this.touch(row.infoHash, { tags: left });
    }
    this.tell();
  }

  async setOptions(options: Partial<NodeOptions>): Promise<void> {
    if (options.connectionsMax !== undefined && options.connectionsMax < 1) {
      throw new AlliumError('BAD_USAGE', 'a node needs a connection', { advice: 'Give at least 1.' });
    }
    this.options = { ...this.options, ...options };
    this.tell();
  }

  stats(): NodeStats {
    const { sums } = this;
    return {
      startedAtMs: 1_762_000_000_000,
      listening: '127.0.0.1:6881',
      downBytesPerSec: sums.down,
      upBytesPerSec: sums.up,
      downloadedBytes: sums.downloaded,
      uploadedBytes: sums.uploaded,
      downloadedEverBytes: 2 * sums.downloaded,
      uploadedEverBytes: 2 * sums.uploaded,
      secondsEver: 7200,
      startsEver: 2,
      connectionCount: sums.peers,
      dhtNodes: 0,
      states: { ...sums.states },
      slab: { slotCount: 16_000, leasedSlots: 0, leasedSlotsPeak: 64 },
      hashing: { messages: 0, bytes: 0, pending: 0, threadCount: 2 },
      closeReasons: {},
      memoryBytes: 200_000_000,
      problems: [],
      ...this.statsChange,
    };
  }

  async freeSpace(path: string): Promise<{ freeBytes: number; totalBytes: number }> {
    if (path !== resolve(path)) throw new AlliumError('BAD_USAGE', `${path} is no absolute path`);
    return { freeBytes: 5_000_000_000, totalBytes: 20_000_000_000 };
  }

  private filesOf(row: TorrentRow): readonly FileDetail[] {
    const extra = this.extra(row.infoHash);
    return extra.files ?? fakeFiles({ ...row, name: extra.contentName }, extra.fileLengths);
  }

  private setWishes(row: TorrentRow, wishes: ReadonlyMap<number, FileWish>): void {
    if (wishes.size === 0) return;
    const files = this.filesOf(row).map((file) => ({ ...file, wish: wishes.get(file.index) ?? file.wish }));
    this.extra(row.infoHash).files = files;
    const wantedBytes = files.reduce((sum, file) => sum + (file.wish > 0 ? file.byteLength : 0), 0);
    this.touch(row.infoHash, { wantedBytes });
  }

  private need(infoHash: string): TorrentRow {
    const row = this.rows.get(infoHash);
    if (row === undefined) {
      throw new AlliumError('NOT_FOUND', `there is no torrent ${infoHash}`, { advice: 'List the torrents.' });
    }
    return row;
  }

  private extra(infoHash: string): Extra {
    return this.extras.get(infoHash)!;
  }

  private store(row: TorrentRow): TorrentRow {
    const stored = { ...row, revision: this.revision + 1 };
    const before = this.rows.get(row.infoHash);
    if (before !== undefined) this.sum(before, -1);
    this.sum(stored, 1);
    this.rows.set(row.infoHash, stored);
    this.note(row.infoHash);
    return stored;
  }

  /** Like a real library it does not count all rows for each poll. */
  private sum(row: TorrentRow, by: 1 | -1): void {
    const { sums } = this;
    sums.down += by * row.downBytesPerSec;
    sums.up += by * row.upBytesPerSec;
    sums.downloaded += by * row.downloadedBytes;
    sums.uploaded += by * row.uploadedBytes;
    sums.peers += by * row.peerCount;
    sums.states[row.state] = (sums.states[row.state] ?? 0) + by;
  }

  private note(infoHash: string): void {
    this.revision++;
    this.log.push(infoHash);
    // Like a real library: whoever asks for what is older gets everything.
    if (this.log.length > 20_000 + 2 * this.rows.size) {
      const dropped = this.log.length >> 1;
      this.log = this.log.slice(dropped);
      this.logStart += dropped;
    }
    this.tell();
  }

  private tell(): void {
    if (this.told || this.listeners.size === 0) return;
    this.told = true;
    queueMicrotask(() => {
      this.told = false;
      for (const listener of this.listeners) listener();
    });
  }
}
