import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import type * as v from 'valibot';
import { AlliumError } from '../../codec/error.ts';
import { fileError } from '../../runtime/real/file-error.ts';
import { bootId } from './boot-id.ts';
import { checkDataFile } from './data-file.ts';
import { FolderLock } from './folder-lock.ts';
import { Journal, type JournalEntry } from './journal.ts';
import { damaged, decodeRecord, encodeRecord } from './record.ts';
import {
  resumeSchema,
  STORE_VERSION,
  type StoredResume,
  type StoredSession,
  type StoredTorrent,
  sessionSchema,
  torrentSchema,
} from './schema.ts';

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

type Binary = Database<Buffer, string>;

/**
 * What a node remembers, in a folder of its own: torrents and resume data in LMDB (checksummed msgpack records, each
 * commit on stable storage when the promise resolves), and a journal of the pieces since. One process at a time.
 */
export class NodeStore {
  readonly previous: PreviousRun;
  private readonly folder: string;
  private readonly lock: FolderLock;
  private readonly isNew: boolean;
  private readonly root: RootDatabase<Buffer, string>;
  private readonly meta: Binary;
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
    this.root = parts.root;
    this.journal = parts.journal;
    this.meta = this.database('meta');
    this.torrentsDb = this.database('torrents');
    this.resumeDb = this.database('resume');
    this.entries = groupByTorrent(parts.entries);
    const last = this.get(this.meta, SESSION_KEY, sessionSchema);
    if (last !== undefined && last.version > STORE_VERSION) throw newer(last.version);
    const known = last?.torrentCount ?? 0;
    if (last === undefined && !this.isNew) throw damaged(`record ${SESSION_KEY}`, 'it is gone');
    const boot = bootId();
    this.previous = {
      clean: last?.clean ?? true,
      sameBoot: last !== undefined && boot !== '' && last.boot === boot,
      lastWriteMs: parts.lastWriteMs,
    };
    const nextNumber = last?.nextNumber ?? 1;
    this.session = { version: STORE_VERSION, boot, clean: false, nextNumber, torrentCount: known };
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
    await this.commit(() => this.put(this.meta, SESSION_KEY, this.session));
    this.begun = true;
    if (this.isNew) writeFileSync(join(this.folder, MARKER), MARKER_TEXT);
  }

  /**
   * Every torrent, by info-hash in hexadecimal, and how far it was when it was last saved. Throws BAD_STATE at a
   * damaged record and when there are fewer than were added: a damaged index hides records without a word.
   */
  *torrents(): Generator<[infoHash: string, torrent: StoredTorrent, resume: StoredResume]> {
    const infoHashes = reading('the list of torrents', () => [...this.torrentsDb.getKeys()]);
    const known = this.session.torrentCount;
    if (infoHashes.length !== known) {
      throw damaged('the list of torrents', `${infoHashes.length} of ${known} are there`);
    }
    for (const infoHash of infoHashes) {
      const torrent = this.get(this.torrentsDb, infoHash, torrentSchema);
      const resume = this.get(this.resumeDb, infoHash, resumeSchema);
      if (torrent === undefined || resume === undefined) {
        throw damaged(`torrent ${infoHash}`, 'a part is gone');
      }
      yield [infoHash, torrent, resume];
    }
  }

  /** Remembers a torrent and how far it is, both or neither; returns it with its number. */
  async add(
    infoHash: string,
    torrent: Omit<StoredTorrent, 'number'>,
    resume: StoredResume,
  ): Promise<StoredTorrent> {
    const stored = { ...torrent, number: this.session.nextNumber };
    const torrentCount = this.session.torrentCount + 1;
    this.session = { ...this.session, nextNumber: stored.number + 1, torrentCount };
    await this.commit(() => {
      this.put(this.meta, SESSION_KEY, this.session);
      this.put(this.torrentsDb, infoHash, stored);
      this.put(this.resumeDb, infoHash, resume);
    });
    return stored;
  }

  /** The pieces earlier runs have written since it was last saved, as far as the journal can be read. */
  recentPieces(torrent: number, generation: number): readonly number[] {
    const entries = this.entries.get(torrent) ?? [];
    return entries.filter((entry) => entry.generation === generation).map(({ piece }) => piece);
  }

  /** Saves how far these torrents are. Resolves when it is on stable storage. */
  async saveResume(resumes: ReadonlyMap<string, StoredResume>): Promise<void> {
    if (resumes.size === 0) return;
    await this.commit(() => {
      for (const [infoHash, resume] of resumes) this.put(this.resumeDb, infoHash, resume);
    });
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
      if (clean && this.begun) await this.commit(() => this.put(this.meta, SESSION_KEY, session));
    } finally {
      this.journal.close();
      await this.root.close();
      this.lock.release();
    }
  }

  private database(name: string): Binary {
    // A part that is gone must not come back empty.
    const options = { name, encoding: 'binary', create: this.isNew } as const;
    const database = reading(name, () => this.root.openDB<Buffer, string>(options));
    if ((database as Binary | undefined) === undefined) throw damaged(name, 'it is gone');
    return database;
  }

  private get<T extends v.GenericSchema>(from: Binary, key: string, schema: T): v.InferOutput<T> | undefined {
    const record = reading(`record ${key}`, () => from.get(key));
    return record === undefined ? undefined : decodeRecord(schema, record, `record ${key}`);
  }

  private put(into: Binary, key: string, value: unknown): void {
    void into.put(key, encodeRecord(value));
  }

  private async commit(puts: () => void): Promise<void> {
    try {
      await this.root.transaction(puts);
      await this.root.flushed;
    } catch (error) {
      throw fileError(error, 'write', 'the store');
    }
  }
}

/** LMDB notices some damage itself, in its own words. */
function reading<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw damaged(what, error instanceof Error ? error.message : String(error), error);
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
    return open<Buffer, string>({ path, maxDbs: 4, encoding: 'binary', noSubdir: false });
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
