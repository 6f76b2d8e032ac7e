/**
 * Aim: the store gives back what was put in, keeps a second node away, and says BAD_STATE with advice about whatever
 * is damaged, cut short, swapped or newer, without changing it. Notes outlive a process, whole or not at all.
 */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlliumError } from '../../../engine/codec/error.ts';
import { Journal, readEntries } from '../../../engine/node/store/journal.ts';
import { decodeRecord, encodeRecord } from '../../../engine/node/store/record.ts';
import { type StoredResume, sessionSchema } from '../../../engine/node/store/schema.ts';
import { NodeStore } from '../../../engine/node/store/store.ts';
import { summaryFor } from '../library/support/summary.ts';

const store = suite<{ folder: string }>('store');

store.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'allium-store-'));
});
store.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

const TORRENT_FILE = Buffer.from('d4:infode');
const RESUME: StoredResume = {
  generation: 3,
  have: Uint8Array.of(0xa0),
  doubt: Uint8Array.of(0x10),
  adopting: false,
  files: [{ byteLength: 7, modifiedMs: 1.5 }, null],
  savedAtMs: 9,
  downloadedBytes: 11,
  uploadedBytes: 12,
};

async function filled(folder: string): Promise<void> {
  const first = await NodeStore.open(folder);
  await first.begin();
  await first.add('aa', summaryFor('a'), { torrentFile: TORRENT_FILE, resume: RESUME });
  await first.add('bb', summaryFor('b'), { torrentFile: TORRENT_FILE, resume: RESUME });
  await first.close(true);
}

async function refusal(folder: string): Promise<AlliumError> {
  try {
    const opened = await NodeStore.open(folder);
    try {
      for (const [infoHash] of opened.summaries()) opened.read(infoHash);
    } finally {
      await opened.close(false);
    }
  } catch (error) {
    assert.instance(error, AlliumError);
    return error as AlliumError;
  }
  return assert.unreachable('it was accepted') as never;
}

/** Makes both heads of a data file say that page `last` is the last. */
function withLastPage(path: string, last: number): void {
  const bytes = readFileSync(path);
  for (const head of [0, 4096]) bytes.writeBigUInt64LE(BigInt(last), head + 144);
  writeFileSync(path, bytes);
}

store('torrents, resume data and numbers come back', async ({ folder }) => {
  await filled(folder);
  const again = await NodeStore.open(folder);
  assert.equal(again.previous, { clean: true, sameBoot: true, lastWriteMs: again.previous.lastWriteMs });
  const summaries = new Map(again.summaries());
  const { torrent, resume } = again.read('aa');
  assert.equal([...summaries.keys()], ['aa', 'bb']);
  assert.equal(summaries.get('bb'), { ...summaryFor('b'), wishes: summaries.get('bb')!.wishes, number: 2 });
  assert.is(again.read('bb').torrent.number, 2);
  assert.equal(Buffer.from(torrent.torrentFile), TORRENT_FILE);
  assert.equal(resume.files, RESUME.files);
  assert.equal([...resume.have], [0xa0]);
  await again.begin();
  const content = { torrentFile: TORRENT_FILE, resume: RESUME };
  assert.is(await again.add('cc', summaryFor('c'), content), 3, 'numbers go on');
  await again.remove('aa');
  await again.close(true);
  const third = await NodeStore.open(folder);
  assert.equal(
    [...third.summaries()].map(([infoHash]) => infoHash),
    ['bb', 'cc'],
  );
  await third.close(false);
});

store(
  'a run that did not save everything is known as such; a start that fails changes nothing',
  async ({ folder }) => {
    await filled(folder);
    const killed = await NodeStore.open(folder);
    await killed.begin();
    killed.note([{ torrent: 1, generation: 3, piece: 7 }]);
    await killed.close(false);
    for (const _ of [1, 2]) {
      const after = await NodeStore.open(folder);
      assert.is(after.previous.clean, false);
      assert.ok(after.previous.lastWriteMs > Date.now() - 60_000);
      assert.equal(after.recentPieces(1, 3), [7]);
      assert.equal(after.recentPieces(1, 4), [], 'another generation');
      assert.equal(after.recentPieces(2, 3), [], 'another torrent');
      await after.close(true); // it never began: it has nothing to say about the run before
    }
  },
);

store('one process at a time; the lock of one that is gone is taken over', async ({ folder }) => {
  const held = await NodeStore.open(folder);
  const error = await refusal(folder);
  assert.is(error.code, 'BAD_STATE');
  assert.match(error.message, new RegExp(`process ${process.pid}\\b`));
  await held.close(false);
  for (const left of ['{"pid":', JSON.stringify({ pid: 1, boot: 'another', start: '1' })]) {
    writeFileSync(join(folder, 'lock'), left);
    const opened = await NodeStore.open(folder);
    await opened.close(false);
  }
  const ended = spawnSync(process.execPath, ['-e', '']);
  writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: ended.pid, boot: '', start: '1' }));
  await (await NodeStore.open(folder)).close(false);
});

store(
  'a file cut short, gone, or of something else: BAD_STATE, with advice, and nothing changed',
  async ({ folder }) => {
    await filled(folder);
    const data = join(folder, 'db', 'data.mdb');
    const whole = readFileSync(data);
    for (const length of [0, 100, 4096, 8192, 4096 * Math.floor(whole.length / 8192)]) {
      truncateSync(data, length);
      const error = await refusal(folder);
      assert.is(error.code, 'BAD_STATE', `${length} bytes`);
      assert.match(error.advice, /backup|move it away/);
      assert.is(readFileSync(data).length, length);
      writeFileSync(data, whole);
    }
    writeFileSync(data, Buffer.alloc(whole.length, 'no data base'));
    assert.is((await refusal(folder)).code, 'BAD_STATE');
    rmSync(data);
    assert.is((await refusal(folder)).code, 'BAD_STATE');
    // Pages at the end that nothing refers to: LMDB itself leaves them out.
    writeFileSync(data, whole);
    withLastPage(data, whole.length / 4096 + 11);
    await (await NodeStore.open(folder)).close(false);
  },
);

store('a damaged record is told, never taken for an empty one; so is a newer store', async ({ folder }) => {
  await filled(folder);
  const rewrite = async (
    database: string,
    key: string,
    change: (record: Buffer) => Buffer,
  ): Promise<Buffer> => {
    const root = open<Buffer, string>({ path: join(folder, 'db'), maxDbs: 8, encoding: 'binary' });
    const db = root.openDB<Buffer, string>({ name: database, encoding: 'binary' });
    const record = Buffer.from(db.get(key)!);
    await db.put(key, change(Buffer.from(record)));
    await root.close();
    return record;
  };
  for (const [database, key] of [
    ['torrents', 'aa'],
    ['resume', 'bb'],
    ['meta', 'session'],
    ['summaries', 'aa'],
  ] as const) {
    const changes: ((record: Buffer) => Buffer)[] = [
      (record) => record.fill(record.at(-1)! ^ 1, record.length - 1),
      (record) => record.subarray(0, 3),
      () => encodeRecord({ version: 1 }),
      () => encodeRecord('text'),
    ];
    for (const change of changes) {
      const before = await rewrite(database, key, change);
      const error = await refusal(folder);
      assert.is(error.code, 'BAD_STATE');
      assert.match(error.message, key);
      await rewrite(database, key, () => before);
    }
  }
  await rewrite('meta', 'session', (record) =>
    encodeRecord({ ...decodeRecord(sessionSchema, record, ''), version: 99 }),
  );
  const error = await refusal(folder);
  assert.match(error.message, /version 99/);
  assert.match(error.advice, /newer Allium/);
});

store('notes: torn, foreign and lost ones are left out, the others are read', ({ folder }) => {
  const { journal } = Journal.open(folder);
  journal.append([
    { torrent: 1, generation: 1, piece: 10 },
    { torrent: 2, generation: 5, piece: 4_000_000_000 },
  ]);
  assert.is(journal.byteLength, 32);
  journal.close();
  const [name = ''] = readdirSync(folder);
  appendFileSync(join(folder, name), Buffer.alloc(16)); // a block that never reached the disk
  appendFileSync(join(folder, name), readFileSync(join(folder, name)).subarray(0, 21));
  const { entries, journal: next } = Journal.open(folder);
  assert.equal(entries, [
    { torrent: 1, generation: 1, piece: 10 },
    { torrent: 2, generation: 5, piece: 4_000_000_000 },
    { torrent: 1, generation: 1, piece: 10 },
  ]);
  // What is written behind a torn entry is in a file of its own.
  next.append([{ torrent: 3, generation: 1, piece: 1 }]);
  const drop = next.rotate();
  next.append([{ torrent: 4, generation: 1, piece: 1 }]);
  assert.is(Journal.open(folder).entries.length, 5);
  drop();
  next.close();
  assert.equal(Journal.open(folder).entries, [{ torrent: 4, generation: 1, piece: 1 }]);
});

store('a flipped bit in a note makes it no note', () => {
  const { journal, folder } = ((at) => ({ ...Journal.open(at), folder: at }))(
    mkdtempSync(join(tmpdir(), 'allium-journal-')),
  );
  journal.append([{ torrent: 1, generation: 2, piece: 3 }]);
  journal.close();
  const bytes = readFileSync(join(folder, readdirSync(folder)[0]!));
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const copy = Buffer.from(bytes);
    copy[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(readEntries(copy), []);
  }
  rmSync(folder, { recursive: true });
});

store('a disk that is full keeps the notes for later', ({ folder }) => {
  // Linux’ file that is always full stands in for the disk.
  if (process.platform !== 'linux') return;
  const { journal } = Journal.open(folder);
  (journal as unknown as { fd: number }).fd = openSync('/dev/full', 'w');
  assert.throws(
    () => journal.append([{ torrent: 1, generation: 1, piece: 1 }]),
    (error: unknown) => error instanceof AlliumError && error.code === 'NO_SPACE',
  );
  journal.append([{ torrent: 1, generation: 1, piece: 2 }]);
  journal.close();
  assert.equal(
    Journal.open(folder).entries.map(({ piece }) => piece),
    [1, 2],
  );
});

store.run();
