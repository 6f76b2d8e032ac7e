import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import type * as v from 'valibot';
import { AlliumError } from '../../codec/error.ts';
import { fileError } from '../../runtime/real/file-error.ts';
import { bootId } from './boot-id.ts';
import { checkDataFile } from './data-file.ts';
import { FolderLock } from './folder-lock.ts';
import { Journal, type JournalEntry } from './journal.ts';
import { damaged } from './record.ts';
import {
  resumeSchema,
  STORE_VERSION,
  type StoredResume,
  type StoredSession,
  type StoredTorrent,
  type StoredTorrentV1,
  sessionSchema,
  torrentSchema,
  torrentSchemaV1,
} from './schema.ts';
import { decodeSummary, encodeSummary, type StoredSummary } from './summary.ts';
import { type Binary, Tables } from './tables.ts';

const SESSION_KEY = 'session';
/** Written when a store has begun to be used: where it is, there must be data too. */
const MARKER = 'ABOUT-THIS-FOLDER.txt';
const MARKER_TEXT = `This folder is the memory of an Allium node: its torrents and how far each of them is.
The downloaded files are not in here. Do not delete or edit what is in it while a node runs.
`;

/** How the run before this one ended. */
export interface PreviousRun {
  /** It saved everything before it ended; also when there was none. */
  readonly clean: boolean;
  /** The machine has not been restarted since, so what a killed process wrote is still there. */
  readonly sameBoot: boolean;
  /** Unix milliseconds of the last journal entry; 0 without one. */
  readonly lastWriteMs: number;
}

/** What is to be saved together, by info-hash in hexadecimal: all of it or nothing. */
export interface StoreChanges {
  readonly summaries?: ReadonlyMap<string, StoredSummary>;
  readonly torrents?: ReadonlyMap<string, StoredTorrent>;
  readonly resumes?: ReadonlyMap<string, StoredResume>;
}

/**
 * What a node remembers, in a folder of its own: torrents and resume data in LMDB (checksummed msgpack records, each
 * commit on stable storage when the promise resolves), and a journal of the pieces since. One process at a time.
 */
export class NodeStore {
  readonly previous: PreviousRun;
  /** It was written by version 1, which knew no summaries: they have to be saved before {@link begin}. */
  readonly needsSummaries: boolean;
  private readonly folder: string;
  private readonly lock: FolderLock;
  private readonly isNew: boolean;
  private readonly tables: Tables;
  private readonly meta: Binary;
  private readonly summariesDb: Binary;
  private readonly torrentsDb: Binary;
  private readonly resumeDb: Binary;
  private readonly journal: Journal;
  private readonly entries: Map<number, JournalEntry[]>;
  private session: StoredSession;
  private begun = false;

  private constructor(parts: {
    folder: string;
    lock: FolderLock;
    isNew: boolean;
    root: RootDatabase<Buffer, string>;
    journal: Journal;
    entries: readonly JournalEntry[];
    lastWriteMs: number;
  }) {
    this.folder = parts.folder;
    this.lock = parts.lock;
    this.isNew = parts.isNew;
    this.journal = parts.journal;
    this.tables = new Tables(parts.root);
    this.meta = this.tables.open('meta', this.isNew);
    this.torrentsDb = this.tables.open('torrents', this.isNew);
    this.resumeDb = this.tables.open('resume', this.isNew);
    this.entries = groupByTorrent(parts.entries);
    const last = this.tables.get(this.meta, SESSION_KEY, sessionSchema);
    if (last !== undefined && last.version > STORE_VERSION) throw newer(last.version);
    if (last === undefined && !this.isNew) throw damaged(`record ${SESSION_KEY}`, 'it is gone');
    this.needsSummaries = last !== undefined && last.version < STORE_VERSION;
    this.summariesDb = this.tables.open('summaries', this.isNew || this.needsSummaries);
    const boot = bootId();
    this.previous = {
      clean: last?.clean ?? true,
      sameBoot: last !== undefined && boot !== '' && last.boot === boot,
      lastWriteMs: parts.lastWriteMs,
    };
    const nextNumber = last?.nextNumber ?? 1;
    const torrentCount = last?.torrentCount ?? 0;
    this.session = { version: STORE_VERSION, boot, clean: false, nextNumber, torrentCount };
  }

  /**
   * Opens the store in `folder`, which is created when it is not there. Rejects with BAD_STATE when it is damaged, of
   * a newer version or in use, and with the file system's errors.
   */
  static async open(folder: string): Promise<NodeStore> {
    makeFolder(folder);
    const lock = await FolderLock.take(folder);
    try {
      const data = join(folder, 'db', 'data.mdb');
      const marker = join(folder, MARKER);
      const isNew = !existsSync(marker);
      if (!isNew && (!existsSync(data) || statSync(data).size === 0)) throw damaged(data, 'it is gone');
      if (existsSync(data)) checkDataFile(data);
      return await NodeStore.build(openRoot(join(folder, 'db')), { folder, lock, isNew });
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  private static async build(
    root: RootDatabase<Buffer, string>,
    parts: { readonly folder: string; readonly lock: FolderLock; readonly isNew: boolean },
  ): Promise<NodeStore> {
    try {
      return new NodeStore({ ...parts, root, ...Journal.open(parts.folder) });
    } catch (error) {
      await root.close();
      throw error;
    }
  }

  /**
   * From here on this run is the one that a later start asks about. To be called once what {@link previous} and the
   * notes of earlier runs mean has been saved: a start that fails before leaves everything as it was.
   */
  async begin(): Promise<void> {
    await this.tables.commit(() => this.tables.put(this.meta, SESSION_KEY, this.session));
    this.begun = true;
    if (this.isNew) writeFileSync(join(this.folder, MARKER), MARKER_TEXT);
  }

  /**
   * Every torrent in brief, by info-hash in hexadecimal. Throws BAD_STATE at a damaged record and when there are fewer
   * than were added: a damaged index hides records without a word.
   */
  *summaries(): Generator<[infoHash: string, summary: StoredSummary]> {
    let count = 0;
    let complete = 0;
    for (const [infoHash, record] of this.tables.records(this.summariesDb, 'the list of torrents')) {
      const summary = decodeSummary(record, infoHash);
      count += 1;
      if (summary.magnet === '') complete += 1;
      yield [infoHash, summary];
    }
    this.expect('the list of torrents', count, this.session.torrentCount);
    for (const table of [this.torrentsDb, this.resumeDb]) {
      this.expect('what is known of torrents', this.tables.count(table), complete);
    }
  }

  /** Every torrent of a store that {@link needsSummaries}. Throws BAD_STATE like {@link summaries}. */
  *torrentsV1(): Generator<[infoHash: string, torrent: StoredTorrentV1, resume: StoredResume]> {
    const infoHashes = this.tables.keys(this.torrentsDb, 'the list of torrents');
    this.expect('the list of torrents', infoHashes.length, this.session.torrentCount);
    for (const infoHash of infoHashes) {
      const torrent = this.tables.get(this.torrentsDb, infoHash, torrentSchemaV1);
      const resume = this.tables.get(this.resumeDb, infoHash, resumeSchema);
      if (torrent === undefined || resume === undefined) {
        throw damaged(`torrent ${infoHash}`, 'a part is gone');
      }
      yield [infoHash, torrent, resume];
    }
  }

  /** One torrent and how far it was when it was last saved. Throws BAD_STATE when it is damaged or not there. */
  read(infoHash: string): { readonly torrent: StoredTorrent; readonly resume: StoredResume } {
    const torrent = this.tables.get(this.torrentsDb, infoHash, torrentSchema);
    const resume = this.tables.get(this.resumeDb, infoHash, resumeSchema);
    if (torrent === undefined || resume === undefined) throw damaged(`torrent ${infoHash}`, 'a part is gone');
    return { torrent, resume };
  }

  /**
   * Remembers a torrent and how far it is, all or nothing; of a magnet link there is only the summary. Resolves with
   * the number it has got.
   */
  async add(
    infoHash: string,
    summary: Omit<StoredSummary, 'number'>,
    content?: { readonly torrentFile: Uint8Array; readonly resume: StoredResume },
  ): Promise<number> {
    const number = this.session.nextNumber;
    this.session = { ...this.session, nextNumber: number + 1 };
    await this.recount(1, () => {
      void this.summariesDb.put(infoHash, encodeSummary({ ...summary, number }));
      if (content === undefined) return;
      this.tables.put(this.torrentsDb, infoHash, { number, torrentFile: content.torrentFile });
      this.tables.put(this.resumeDb, infoHash, content.resume);
    });
    return number;
  }

  /** Resolves when it is on stable storage. */
  async save({ summaries, torrents, resumes }: StoreChanges): Promise<void> {
    await this.tables.commit(() => {
      for (const [infoHash, summary] of summaries ?? []) {
        void this.summariesDb.put(infoHash, encodeSummary(summary));
      }
      for (const [infoHash, torrent] of torrents ?? []) this.tables.put(this.torrentsDb, infoHash, torrent);
      for (const [infoHash, resume] of resumes ?? []) this.tables.put(this.resumeDb, infoHash, resume);
    });
  }

  /** Forgets a torrent. Its number is not used again. */
  async remove(infoHash: string): Promise<void> {
    await this.recount(-1, () => {
      for (const table of [this.summariesDb, this.torrentsDb, this.resumeDb]) void table.remove(infoHash);
    });
  }

  /** Something else that the node remembers, by name. Throws BAD_STATE when it is damaged. */
  page<T extends v.GenericSchema>(name: string, schema: T): v.InferOutput<T> | undefined {
    return this.tables.get(this.meta, `page ${name}`, schema);
  }

  async savePage(name: string, value: unknown): Promise<void> {
    await this.tables.commit(() => this.tables.put(this.meta, `page ${name}`, value));
  }

  /** The pieces earlier runs have written since it was last saved, as far as the journal can be read. */
  recentPieces(torrent: number, generation: number): readonly number[] {
    const entries = this.entries.get(torrent) ?? [];
    return entries.filter((entry) => entry.generation === generation).map(({ piece }) => piece);
  }

  /** Whether the journal of earlier runs says anything of this torrent. */
  hasNotes(torrent: number): boolean {
    return this.entries.has(torrent);
  }

  /** Notes pieces that are verified and written; a kill right after this returns does not lose them. */
  note(entries: readonly JournalEntry[]): void {
    this.journal.append(entries);
  }

  /** Bytes noted since {@link rotateJournal}. */
  get journalBytes(): number {
    return this.journal.byteLength;
  }

  /** See {@link Journal.rotate}. */
  rotateJournal(): () => void {
    return this.journal.rotate();
  }

  /** `clean`: everything has been saved, so the next run need not doubt it. */
  async close(clean: boolean): Promise<void> {
    try {
      const session = { ...this.session, clean: true };
      if (clean && this.begun) {
        await this.tables.commit(() => this.tables.put(this.meta, SESSION_KEY, session));
      }
    } finally {
      this.journal.close();
      await this.tables.close();
      this.lock.release();
    }
  }

  /** Commits `puts` and that there are `by` torrents more, both or neither. */
  private async recount(by: number, puts: () => void): Promise<void> {
    const count = (change: number): void => {
      this.session = { ...this.session, torrentCount: this.session.torrentCount + change };
    };
    count(by);
    try {
      await this.tables.commit(() => {
        this.tables.put(this.meta, SESSION_KEY, this.session);
        puts();
      });
    } catch (error) {
      count(-by);
      throw error;
    }
  }

  private expect(what: string, found: number, known: number): void {
    if (found !== known) throw damaged(what, `${found} of ${known} are there`);
  }
}

function groupByTorrent(entries: readonly JournalEntry[]): Map<number, JournalEntry[]> {
  const groups = new Map<number, JournalEntry[]>();
  for (const entry of entries) {
    const group = groups.get(entry.torrent);
    if (group === undefined) groups.set(entry.torrent, [entry]);
    else group.push(entry);
  }
  return groups;
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileError(error, 'create the folder', folder);
  }
}

function openRoot(path: string): RootDatabase<Buffer, string> {
  try {
    return open<Buffer, string>({ path, maxDbs: 8, encoding: 'binary', noSubdir: false });
  } catch (error) {
    if (/MDB_|not a|corrupt|version/i.test(String(error))) throw damaged(path, String(error), error);
    throw fileError(error, 'open', path);
  }
}

function newer(version: number): AlliumError {
  return new AlliumError(
    'BAD_STATE',
    `the store is of version ${version}, this program knows ${STORE_VERSION}`,
    {
      advice: 'Use the newer Allium that made it, or another state folder (--state).',
      details: { version },
    },
  );
}
