import type { TorrentTable } from '../../bittorrent/mse/torrent-table.ts';
import { readHex } from '../../codec/hex.ts';
import type { Entry } from './entry.ts';

/** Each costs a hash or two: a library of a hundred thousand is made known over some turns of the event loop. */
const KNOWN_PER_TURN = 500;
const PAUSE_MS = 5;

/** Finds torrents by what peers call them, and says which files and folders are taken. */
export class Directory {
  private readonly entries: ReadonlyMap<string, Entry>;
  private readonly table: TorrentTable;
  /** v2 info-hashes of hybrid torrents, the 40 digits of handshakes. */
  private readonly aliases = new Map<string, string>();
  /** How many torrents have a file or folder at a path. */
  private readonly places = new Map<string, number>();
  /** To be made known to those who call with encryption. */
  private readonly unknown = new Set<Entry>();
  private started = false;
  private isDue = false;

  /** `table`: what is told to those who call with encryption. */
  constructor(modules: { readonly entries: ReadonlyMap<string, Entry>; readonly table: TorrentTable }) {
    this.entries = modules.entries;
    this.table = modules.table;
  }

  add(entry: Entry): void {
    const { row, infoHash } = entry;
    if (row.infoHashV2 !== '') this.aliases.set(row.infoHashV2.slice(0, 40), infoHash);
    this.occupy(row.contentPath, 1);
    this.unknown.add(entry);
    if (this.started) this.soon();
  }

  remove(entry: Entry): void {
    const { row } = entry;
    this.aliases.delete(row.infoHashV2.slice(0, 40));
    this.occupy(row.contentPath, -1);
    this.unknown.delete(entry);
    for (const hash of hashesOf(entry)) this.table.remove(hash);
  }

  /** By the first 20 bytes of an info-hash, in hexadecimal. */
  find(key: string): Entry | undefined {
    const alias = this.aliases.get(key);
    return this.entries.get(key) ?? (alias === undefined ? undefined : this.entries.get(alias));
  }

  isTaken(path: string): boolean {
    return this.places.has(path.toLowerCase());
  }

  /** `by`: 1 for a torrent that has come to lie there, -1 for one that has gone. */
  occupy(path: string, by: number): void {
    const key = path.toLowerCase();
    const count = (this.places.get(key) ?? 0) + by;
    if (count > 0) this.places.set(key, count);
    else this.places.delete(key);
  }

  /** The list stands: from here on torrents are made known to those who call with encryption. */
  start(): void {
    this.started = true;
    this.soon();
  }

  private soon(): void {
    if (this.isDue || this.unknown.size === 0) return;
    this.isDue = true;
    setTimeout(() => this.expectCallers(), PAUSE_MS).unref();
  }

  private expectCallers(): void {
    this.isDue = false;
    let count = 0;
    for (const entry of this.unknown) {
      if (++count > KNOWN_PER_TURN) {
        this.soon();
        return;
      }
      this.unknown.delete(entry);
      for (const hash of hashesOf(entry)) this.table.add(hash);
    }
  }
}

/** The 20 bytes of handshakes; two of a hybrid torrent, one of a torrent that is v2 alone. */
function hashesOf({ infoHash, row }: Entry): readonly Uint8Array[] {
  const keys = new Set([infoHash.slice(0, 40), row.infoHashV2.slice(0, 40)]);
  return [...keys].flatMap((key) => (key === '' ? [] : (readHex(key) ?? [])));
}
