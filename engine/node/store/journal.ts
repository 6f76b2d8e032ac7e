import { closeSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32c } from '../../codec/crc32c.ts';
import { fileError } from '../../runtime/real/file-error.ts';

/** torrent, generation, piece, CRC-32C of these: four 32-bit little-endian numbers. */
const ENTRY_BYTES = 16;
const NAME = /^pieces-(\d+)\.journal$/;

/** A piece that was verified and written. */
export interface JournalEntry {
  readonly torrent: number;
  readonly generation: number;
  readonly piece: number;
}

/**
 * Which pieces were verified and written since the store was last saved. An entry is handed to the system before
 * {@link append} returns, so it outlives a killed process; after a power cut the readable entries tell what is worth
 * looking at. Entries are checked one by one: what is torn or was never written out is left out.
 */
export class Journal {
  private readonly folder: string;
  private fd: number | undefined;
  private current: number;
  private written = 0;
  /** Entries that could not be written (a full disk); tried again with the next ones. */
  private waiting: Buffer[] = [];

  private constructor(folder: string, current: number) {
    this.folder = folder;
    this.current = current;
  }

  /** Reads what earlier runs left in `folder`; the first entry starts a new file. */
  static open(folder: string): { journal: Journal; entries: readonly JournalEntry[]; lastWriteMs: number } {
    const numbers = listNumbers(folder);
    const paths = numbers.map((number) => pathOf(folder, number));
    // An entry torn in the middle must not shift the ones behind it: a file is never continued.
    const journal = new Journal(folder, (numbers.at(-1) ?? 0) + 1);
    return {
      journal,
      entries: paths.flatMap((path) => readEntries(readFileSync(path))),
      lastWriteMs: Math.max(0, ...paths.map((path) => statSync(path).mtimeMs)),
    };
  }

  /** Bytes in the file that is written now. */
  get byteLength(): number {
    return this.written;
  }

  /** Throws NO_SPACE and its like; the entries are then kept and written with the next ones. */
  append(entries: readonly JournalEntry[]): void {
    if (entries.length > 0) this.waiting.push(encodeEntries(entries));
    if (this.waiting.length === 0) return;
    const path = pathOf(this.folder, this.current);
    const bytes = Buffer.concat(this.waiting);
    try {
      this.fd ??= openSync(path, 'a');
      let done = 0;
      while (done < bytes.length) done += writeSync(this.fd, bytes, done);
      this.written += bytes.length;
      this.waiting = [];
    } catch (error) {
      // Repeating an entry does no harm. But one that is torn would shift those behind it: they get a new file.
      this.waiting = [bytes];
      this.close();
      this.current += 1;
      throw fileError(error, 'write', path);
    }
  }

  /** Goes on in a new file. Returns what deletes all older files: to be called once their entries are in the store. */
  rotate(): () => void {
    const previous = this.current;
    this.append([]);
    this.close();
    this.current += 1;
    this.written = 0;
    return () => {
      for (const number of listNumbers(this.folder)) {
        if (number <= previous) rmSync(pathOf(this.folder, number), { force: true });
      }
    };
  }

  close(): void {
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
  }
}

/** The entries in the bytes of a journal file; those whose checksum is wrong are left out. */
export function readEntries(bytes: Buffer): JournalEntry[] {
  const entries: JournalEntry[] = [];
  for (let at = 0; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
    if (bytes.readUInt32LE(at + 12) !== crc32c(bytes.subarray(at, at + 12))) continue;
    entries.push({
      torrent: bytes.readUInt32LE(at),
      generation: bytes.readUInt32LE(at + 4),
      piece: bytes.readUInt32LE(at + 8),
    });
  }
  return entries;
}

function encodeEntries(entries: readonly JournalEntry[]): Buffer {
  const bytes = Buffer.alloc(entries.length * ENTRY_BYTES);
  entries.forEach(({ torrent, generation, piece }, index) => {
    const at = index * ENTRY_BYTES;
    bytes.writeUInt32LE(torrent, at);
    bytes.writeUInt32LE(generation, at + 4);
    bytes.writeUInt32LE(piece, at + 8);
    bytes.writeUInt32LE(crc32c(bytes.subarray(at, at + 12)), at + 12);
  });
  return bytes;
}

function listNumbers(folder: string): number[] {
  return readdirSync(folder)
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

function pathOf(folder: string, number: number): string {
  return join(folder, `pieces-${number}.journal`);
}
