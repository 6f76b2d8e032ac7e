import { join } from 'node:path';
import { Bitfield } from '../../bittorrent/bitfield.ts';
import { Layout } from '../../bittorrent/layout.ts';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import { foreignFiles } from '../../bittorrent/storage/foreign-files.ts';
import type { TorrentOptions } from '../../bittorrent/torrent/options.ts';
import { AlliumError } from '../../codec/error.ts';
import { Owners } from '../cross-seed/owners.ts';
import { type HeldContent, SharedData } from '../cross-seed/shared-data.ts';
import type { NodeStore } from '../store/store.ts';
import type { Entry } from './entry.ts';
import { parseStored, placed } from './ready.ts';

/** Torrents at rest whose layout is kept, because somebody writes beside them. */
const KEPT_MAX = 16;

/** Which torrents have files in common, and who of them may write to what. */
export class Sharing {
  private readonly store: NodeStore;
  private readonly owners = new Owners<Entry>();
  private readonly shared: SharedData<Entry>;
  /** By info-hash; of the revision of the row that it was read at. */
  private readonly kept = new Map<string, { readonly revision: number; readonly content: HeldContent }>();

  constructor(modules: { readonly store: NodeStore }) {
    this.store = modules.store;
    this.shared = new SharedData({ owners: this.owners, contentOf: (entry) => this.contentOf(entry) });
  }

  add(entry: Entry): void {
    this.owners.add(entry);
  }

  /** Before its place changes or it goes. */
  remove(entry: Entry): void {
    this.owners.remove(entry);
    this.kept.delete(entry.infoHash);
  }

  /** What keeps a torrent from writing to what is not its own. */
  guardOf(entry: Entry, metainfo: Metainfo): Pick<TorrentOptions, 'foreign' | 'isVerifiedElsewhere'> {
    return {
      foreign: this.foreignFor(entry, metainfo),
      isVerifiedElsewhere: (path, at, length) => this.shared.isVerifiedElsewhere(entry, path, at, length),
    };
  }

  /** Files, by index, that a torrent has in common with one that came before. */
  foreignFor(entry: Entry, metainfo: Metainfo): ReadonlySet<number> {
    return this.shared.foreignFor(entry, pathsOf(metainfo, entry.row.root));
  }

  /** The torrent with its own files alone, and where those of others lie, by index. */
  parted(
    entry: Entry,
    metainfo: Metainfo,
  ): { readonly own: Metainfo; readonly others: readonly (readonly [number, string])[] } {
    const paths = pathsOf(metainfo, entry.row.root);
    const foreign = foreignFiles(paths, entry.row.root, this.foreignFor(entry, metainfo));
    const isOther = (index: number): boolean => paths[index] !== '' && foreign.has(index);
    return {
      own: { ...metainfo, files: metainfo.files.filter((_, index) => !isOther(index)) },
      others: paths.flatMap((path, index) => (isOther(index) ? [[index, path] as const] : [])),
    };
  }

  /** Throws BAD_USAGE when one of these files, by index, is not its own. */
  checkOwn(entry: Entry, metainfo: Metainfo, files: readonly (readonly [number, string])[]): void {
    const others = new Map(this.parted(entry, metainfo).others);
    const [theirs] = files.flatMap(([index]) => others.get(index) ?? []);
    if (theirs === undefined) return;
    throw new AlliumError('BAD_USAGE', `${theirs} belongs to another torrent`, {
      advice: 'Rename it there.',
    });
  }

  private contentOf(entry: Entry): HeldContent | undefined {
    if (entry.magnet !== '' || entry.removed) return undefined;
    const { live, infoHash, row } = entry;
    if (live !== undefined) {
      const { torrent, metainfo, have } = live.managed;
      return { layout: torrent.layout, paths: pathsOf(metainfo, row.root), have };
    }
    const known = this.kept.get(infoHash);
    if (known?.revision === row.revision) return known.content;
    const { torrent, resume } = this.store.read(infoHash);
    const metainfo = placed(parseStored(infoHash, torrent.torrentFile), entry);
    const have = new Bitfield(metainfo.pieceCount, Uint8Array.from(resume.have));
    const content = { layout: new Layout(metainfo), paths: pathsOf(metainfo, row.root), have };
    this.kept.delete(infoHash);
    const [oldest] = this.kept.keys();
    if (this.kept.size >= KEPT_MAX && oldest !== undefined) this.kept.delete(oldest);
    this.kept.set(infoHash, { revision: row.revision, content });
    return content;
  }
}

function pathsOf(metainfo: Metainfo, root: string): string[] {
  return metainfo.files.map((file) => (file.isPadding ? '' : join(root, ...file.path)));
}
