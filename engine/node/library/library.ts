import { dirname, join } from 'node:path';
import { parseMagnet } from '../../bittorrent/magnet/parse.ts';
import { encodeMetainfo } from '../../bittorrent/metainfo/encode.ts';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import { AlliumError } from '../../codec/error.ts';
import type { AnnounceAnswer } from '../../discovery/tracker/types.ts';
import type { Endpoint } from '../../runtime/port.ts';
import type { AddRequest, Category, Changes, Control, TorrentChange } from '../control/control.ts';
import type { TorrentDetail } from '../control/details.ts';
import type { TorrentRow } from '../control/row.ts';
import type { NodeOptions, NodeStats } from '../control/session-options.ts';
import type { FoundMagnet } from '../sources/magnet-search.ts';
import type { StreamSource } from '../stream/stream-desk.ts';
import { moveInOrder, type QueueMove } from '../upkeep/queue.ts';
import { nameOf, newContent, newTorrent, wishesOfSpans } from './adding.ts';
import { changed } from './changing.ts';
import { desireOf } from './desires.ts';
import { freeSpaceAt } from './drives.ts';
import { type Entry, entryOf } from './entry.ts';
import { findElsewhere } from './find-elsewhere.ts';
import { LibraryBase } from './library-base.ts';
import { limitTorrent } from './limit-desk.ts';
import { noCategory } from './node-book.ts';
import { parseStored, placed } from './ready.ts';
import { checkedRoot, inTheWay, mergePaths, pathsBelow, renamedPaths } from './relocation.ts';
import { deleteData } from './removing.ts';
import { statsOf } from './stats.ts';
import { streamSource } from './stream-source.ts';
import { detailOf } from './torrent-detail.ts';
import { wishOf } from './wishes.ts';

/** The torrents of a node, however many, and all that can be done with them. */
export class Library extends LibraryBase implements Control {
  private readonly adding = new Map<string, Promise<Entry>>();

  get rows(): ReadonlyMap<string, TorrentRow> {
    return this.book.rows;
  }

  row(infoHash: string): TorrentRow | undefined {
    return this.book.rows.get(infoHash);
  }

  byId(id: number): TorrentRow | undefined {
    return this.book.byId(id);
  }

  changes(since: number): Changes {
    return this.book.changes(since);
  }

  async detail(infoHash: string): Promise<TorrentDetail> {
    return detailOf(this.need(infoHash), this.parts);
  }

  async torrentFile(infoHash: string): Promise<Uint8Array> {
    const entry = this.need(infoHash);
    if (entry.magnet !== '') throw noMetadata(entry);
    return this.parts.store.read(infoHash).torrent.torrentFile;
  }

  async add(request: AddRequest): Promise<{ readonly row: TorrentRow; readonly isNew: boolean }> {
    const named = nameOf(request);
    const { infoHash } = named;
    const known = this.entries.get(infoHash) ?? (await this.adding.get(infoHash)?.catch(() => undefined));
    if (known !== undefined) return { row: known.row, isNew: false };
    const category = this.categoryOf(request.category);
    const added = (async (): Promise<Entry> => {
      const root = category?.root ?? '';
      const modules = { ...this.addModules(), ...(root === '' ? {} : { defaultRoot: root }) };
      const found = await this.findData(request, named.metainfo, modules.defaultRoot);
      const fresh = await newTorrent(request, named, { ...modules, found });
      if (request.tags !== undefined) await this.nodeBook.createTags(request.tags);
      const number = await this.parts.store.add(infoHash, fresh.summary, fresh.content);
      const entry = entryOf(infoHash, { ...fresh.summary, number }, this.intern);
      this.admit(entry);
      this.parts.log.info(`added “${entry.row.name}”`, { infoHash });
      return entry;
    })();
    this.adding.set(infoHash, added);
    try {
      const entry = await added;
      if (request.toTopOfQueue === true) await this.moveInQueue([infoHash], 'top');
      this.queue.look();
      void this.runner.apply(entry).catch((error) => this.runner.fail(entry, error));
      return { row: entry.row, isNew: true };
    } finally {
      this.adding.delete(infoHash);
    }
  }

  async remove(infoHash: string, options: { readonly deleteData: boolean }): Promise<void> {
    const entry = this.need(infoHash);
    const metainfo = options.deleteData ? this.metainfoOf(entry) : undefined;
    entry.removed = true;
    entry.checkWish = undefined;
    await this.runner.apply(entry);
    await this.parts.store.remove(infoHash);
    this.dismiss(entry);
    this.parts.log.info(`removed “${entry.row.name}”`, { infoHash });
    if (metainfo !== undefined)
      await deleteData(metainfo, entry.row.root, { entries: this.entries, ...this.parts });
  }

  async start(infoHash: string): Promise<void> {
    const entry = this.need(infoHash);
    entry.stopped = false;
    entry.trouble = undefined;
    entry.isWanted = entry.isWanted || entry.row.error !== '';
    await this.settle(entry);
  }

  async stop(infoHash: string): Promise<void> {
    const entry = this.need(infoHash);
    entry.stopped = true;
    entry.checkWish = undefined;
    if (entry.trouble?.kind !== 'offline') entry.trouble = undefined;
    await this.settle(entry);
  }

  async recheck(
    infoHash: string,
    what?: { readonly files?: readonly number[]; readonly pieces?: readonly number[] },
  ): Promise<void> {
    const entry = this.need(infoHash);
    if (entry.magnet !== '') throw noMetadata(entry);
    entry.trouble = undefined;
    entry.checkWish = { pieces: this.piecesOf(entry, what), byUser: true };
    await this.runner.apply(entry);
  }

  async reannounce(infoHash: string): Promise<void> {
    const entry = this.need(infoHash);
    if (entry.live !== undefined) entry.live.managed.announceSoon();
    else this.parts.desk.announceSoon(entry);
  }

  async change(infoHash: string, change: TorrentChange): Promise<void> {
    const entry = this.need(infoHash);
    this.categoryOf(change.category);
    const metainfo =
      change.wishes === undefined || entry.magnet !== ''
        ? undefined
        : parseStored(infoHash, this.parts.store.read(infoHash).torrent.torrentFile);
    const next = changed(entry, change, metainfo);
    await this.nodeBook.createTags(next.row.tags ?? []);
    const isElsewhere = next.trackers !== undefined;
    if (next.wishes !== undefined) entry.wishes = next.wishes;
    if (next.peersMax !== undefined) entry.peersMax = next.peersMax;
    if (next.trackers !== undefined) entry.trackers = this.intern.tiers(next.trackers);
    this.parts.publish(entry, next.row);
    await this.applyChange(
      entry,
      isElsewhere || change.superSeed !== undefined || change.peersMax !== undefined,
    );
    await this.settle(entry);
  }

  addPeers(infoHash: string, peers: readonly Endpoint[]): void {
    this.runner.addPeers(this.need(infoHash), peers);
  }

  async move(infoHash: string, root: string, options: { readonly moveData: boolean }): Promise<void> {
    const entry = this.need(infoHash);
    const to = checkedRoot(root);
    const from = entry.row.root;
    if (from === to) return;
    await this.runner.withoutIt(entry, async () => {
      const metainfo = this.metainfoOf(entry);
      if (metainfo !== undefined) {
        const { own, others } = this.sharing.parted(entry, metainfo);
        if (options.moveData) {
          this.parts.publish(entry, { state: 'moving', error: '' });
          await this.settings.moveData(own, from, to, this.modules.runtime);
        }
        entry.paths = mergePaths(entry.paths, pathsBelow(to, others));
      }
      this.replace(entry, { root: to });
      await this.saver.save(entry);
    });
  }

  async renamePath(infoHash: string, path: string, name: string): Promise<void> {
    const entry = this.need(infoHash);
    const { files } = this.modules.runtime;
    await this.runner.withoutIt(entry, async () => {
      const metainfo = this.metainfoOf(entry);
      if (metainfo === undefined) throw noMetadata(entry);
      const moved = renamedPaths(metainfo, path, name);
      const { root } = entry.row;
      this.sharing.checkOwn(entry, metainfo, moved);
      const from = join(root, path);
      const to = join(dirname(from), name);
      if ((await files.stat(to)) !== undefined) throw inTheWay(to);
      if ((await files.stat(from)) !== undefined) await files.rename(from, to);
      entry.paths = mergePaths(entry.paths, moved);
      const isTop = !path.includes('/');
      this.replace(entry, isTop ? { name, contentPath: to } : {});
      await this.saver.save(entry);
    });
  }

  async moveInQueue(infoHashes: readonly string[], where: QueueMove): Promise<void> {
    for (const infoHash of infoHashes) this.need(infoHash);
    const order = [...this.entries.values()].sort((a, b) => a.row.queuePosition - b.row.queuePosition);
    const names = order.map(({ infoHash }) => infoHash);
    const saves: Promise<void>[] = [];
    for (const [queuePosition, infoHash] of moveInOrder(names, new Set(infoHashes), where).entries()) {
      const entry = this.entries.get(infoHash)!;
      if (entry.row.queuePosition === queuePosition) continue;
      this.parts.publish(entry, { queuePosition });
      saves.push(this.saver.save(entry));
    }
    this.queue.soon();
    await Promise.all(saves);
  }

  get categories(): ReadonlyMap<string, Category> {
    return this.nodeBook.categories;
  }

  async setCategory(category: Category): Promise<void> {
    await this.nodeBook.setCategory(category);
    this.applyOptions();
  }

  async removeCategory(name: string): Promise<void> {
    await this.nodeBook.removeCategory(name);
    const of = [...this.entries.values()].filter(({ row }) => row.category === name);
    for (const entry of of) this.parts.publish(entry, { category: '' });
    this.applyOptions();
    await Promise.all(of.map((entry) => this.saver.save(entry)));
  }

  get tags(): ReadonlySet<string> {
    return this.nodeBook.tags;
  }

  async createTags(tags: readonly string[]): Promise<void> {
    await this.nodeBook.createTags(tags);
    this.tell();
  }

  async removeTags(tags: readonly string[]): Promise<void> {
    const gone = new Set(tags);
    await this.nodeBook.removeTags(tags);
    const of = [...this.entries.values()].filter(({ row }) => row.tags.some((tag) => gone.has(tag)));
    for (const entry of of)
      this.parts.publish(entry, { tags: entry.row.tags.filter((tag) => !gone.has(tag)) });
    this.tell();
    await Promise.all(of.map((entry) => this.saver.save(entry)));
  }

  get options(): NodeOptions {
    return this.nodeBook.options;
  }

  async setOptions(options: Partial<NodeOptions>): Promise<void> {
    await this.nodeBook.setOptions(options);
    this.applyOptions();
    this.queue.look();
  }

  stats(): NodeStats {
    return statsOf(this.statParts());
  }

  async freeSpace(path: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number }> {
    return freeSpaceAt(path);
  }

  /** With the files and trackers as its owner has them; undefined for a magnet link. */
  private metainfoOf(entry: Entry): Metainfo | undefined {
    if (entry.magnet !== '') return undefined;
    return placed(
      parseStored(entry.infoHash, this.parts.store.read(entry.infoHash).torrent.torrentFile),
      entry,
    );
  }

  private async findData(request: AddRequest, metainfo: Metainfo | undefined, defaultRoot: string) {
    if (metainfo === undefined || request.skipCheck === true || request.rename !== undefined)
      return undefined;
    const root = request.root ?? defaultRoot;
    const { files } = this.modules.runtime;
    const everywhere = request.findData === true;
    return findElsewhere({ metainfo, root, everywhere }, { entries: this.entries, files });
  }

  /** For streaming over HTTP; see {@link streamSource}. */
  openStream(infoHash: string): Promise<StreamSource | undefined> {
    return streamSource(this.entries.get(infoHash), { runner: this.runner });
  }

  private async settle(entry: Entry): Promise<void> {
    this.queue.look();
    await Promise.all([this.saver.save(entry), this.runner.apply(entry)]);
  }

  private need(infoHash: string): Entry {
    const entry = this.entries.get(infoHash);
    if (entry !== undefined && !entry.removed) return entry;
    throw new AlliumError('NOT_FOUND', `there is no torrent ${infoHash}`, {
      advice: 'Look at the list again.',
    });
  }

  private categoryOf(name: string | undefined): Category | undefined {
    if (name === undefined || name === '') return undefined;
    const category = this.nodeBook.categories.get(name);
    if (category === undefined) throw noCategory(name);
    return category;
  }

  private async applyChange(entry: Entry, reload: boolean): Promise<void> {
    const { live } = entry;
    if (live === undefined) {
      if (!reload || entry.calls.length === 0) return;
      this.parts.desk.leave(entry);
      return;
    }
    live.managed.torrent.choose(entry.wishes);
    limitTorrent(entry, live.managed);
    if (reload) await this.runner.reload(entry);
  }

  /** A tracker of a torrent that is not in memory has answered: where somebody wants it, it goes to them. */
  protected override onAnswer(entry: Entry, answer: AnnounceAnswer): void {
    this.parts.publish(entry, {
      swarmSeeds: answer.complete ?? entry.row.swarmSeeds,
      swarmLeechers: answer.incomplete ?? entry.row.swarmLeechers,
    });
    if ((answer.incomplete ?? 0) === 0 || answer.peers.length === 0) return;
    if (this.runner.live.size < this.settings.wokenMax) this.runner.addPeers(entry, answer.peers);
  }

  /** The metadata of a magnet link is there. */
  protected override async onFound(entry: Entry, { metainfo, candidates }: FoundMagnet): Promise<void> {
    await this.runner.inLane(entry, async () => {
      if (entry.removed) return;
      const { row, magnet, infoHash } = entry;
      const torrentFile = encodeMetainfo(metainfo);
      const link = parseMagnet(magnet);
      const spans = wishesOfSpans(metainfo.files.length, link.files);
      const wishes =
        entry.wishes.length === 0 ? spans : metainfo.files.map((_, at) => wishOf(entry.wishes, at));
      const own = row.name === link.name || row.name === infoHash ? {} : { rename: row.name };
      const fresh = await newContent(
        torrentFile,
        metainfo,
        { ...own, wishes },
        { ...this.addModules(), root: row.root, infoHash },
      );
      if (fresh.content === undefined) return;
      await this.fill(entry, fresh);
    });
    void this.runner.apply(entry);
    if (candidates.length > 0 && desireOf(entry).desire === 'run') {
      void this.runner.apply(entry).then(() => this.runner.addPeers(entry, candidates));
    }
  }
}

function noMetadata(entry: Entry): AlliumError {
  return new AlliumError('BAD_USAGE', `the metadata of “${entry.row.name}” is still being looked for`, {
    advice: 'Wait until a peer has given it.',
  });
}
