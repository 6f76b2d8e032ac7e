import type { Database, RootDatabase } from 'lmdb';
import type * as v from 'valibot';
import { fileError } from '../../runtime/real/file-error.ts';
import { damaged, decodeRecord, encodeRecord } from './record.ts';

/** A table of the store: records by key. */
export type Binary = Database<Buffer, string>;

/** The tables of a store in LMDB: what cannot be read is damage, what cannot be written is said by the file system. */
export class Tables {
  private readonly root: RootDatabase<Buffer, string>;

  constructor(root: RootDatabase<Buffer, string>) {
    this.root = root;
  }

  /** `create`: it may come into being; otherwise one that is gone must not come back empty. */
  open(name: string, create: boolean): Binary {
    const options = { name, encoding: 'binary', create } as const;
    const table = reading(name, () => this.root.openDB<Buffer, string>(options));
    if ((table as Binary | undefined) === undefined) throw damaged(name, 'it is gone');
    return table;
  }

  get<T extends v.GenericSchema>(from: Binary, key: string, schema: T): v.InferOutput<T> | undefined {
    const record = reading(`record ${key}`, () => from.get(key));
    return record === undefined ? undefined : decodeRecord(schema, record, `record ${key}`);
  }

  keys(of: Binary, what: string): string[] {
    return reading(what, () => [...of.getKeys()]);
  }

  count(of: Binary): number {
    return (of.getStats() as { readonly entryCount: number }).entryCount;
  }

  /** All records in the order of their keys. */
  *records(of: Binary, what: string): Generator<[key: string, record: Buffer]> {
    const range = reading(what, () => of.getRange()[Symbol.iterator]());
    for (;;) {
      const next = reading(what, () => range.next());
      if (next.done === true) return;
      yield [next.value.key, next.value.value];
    }
  }

  /** Only inside of {@link commit}. */
  put(into: Binary, key: string, value: unknown): void {
    void into.put(key, encodeRecord(value));
  }

  /** Resolves when what `puts` has put is on stable storage. Rejects with the file system's codes. */
  async commit(puts: () => void): Promise<void> {
    try {
      await this.root.transaction(puts);
      await this.root.flushed;
    } catch (error) {
      throw fileError(error, 'write', 'the store');
    }
  }

  async close(): Promise<void> {
    await this.root.close();
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
