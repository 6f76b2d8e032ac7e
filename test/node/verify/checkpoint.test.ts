// Aim: an interrupted run goes on where it stopped, even after its file was torn; what has changed since is hashed
// again; a complete run leaves nothing behind, so that the next one hashes everything.
import {
  appendFileSync,
  existsSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { pieceIndex } from '../../../engine/bittorrent/units.ts';
import type { CheckpointSubject } from '../../../engine/bittorrent/verify/checkpoint.ts';
import type { VerifyReport } from '../../../engine/bittorrent/verify/report.ts';
import { AlliumError } from '../../../engine/codec/error.ts';
import { openReadPool } from '../../../engine/node/content/read-pool.ts';
import { CheckpointFile } from '../../../engine/node/verify/checkpoint-file.ts';
import { type VerifyOptions, verifyLibrary } from '../../../engine/node/verify/verify-library.ts';
import type { MadeTorrent } from '../../bittorrent/metainfo/support/make-torrent.ts';
import { scratch, writeData, writeTorrent } from './support/library.ts';

const test = suite('verify: checkpoint');
const folder = scratch();
const pool = openReadPool({ threadCount: 2 });
test.after(() => pool.close());

const MIB = 1024 * 1024;
const MADE: MadeTorrent = {
  version: 'v1',
  name: 'long',
  pieceLength: 64 * 1024,
  files: [
    { path: ['a'], byteLength: 3 * MIB, seed: 1 },
    { path: ['b'], byteLength: 5 * MIB + 77, seed: 2 },
    { path: ['c'], byteLength: 4 * MIB, seed: 3 },
  ],
};
const TOTAL = 12 * MIB + 77;
const torrent = writeTorrent(join(folder, 'long.torrent'), MADE);
const base = writeData(folder, MADE);

function run(checkpoint: string, options: Partial<VerifyOptions> = {}): Promise<VerifyReport> {
  return verifyLibrary({ torrents: [torrent], roots: [folder], checkpoint, ...options }, { pool });
}

/** Stops a run after at least `bytes`. Returns how many it had read. */
async function interrupted(checkpoint: string, bytes: number): Promise<number> {
  const stop = new AbortController();
  let done = 0;
  const outcome = await run(checkpoint, {
    rateBytesPerSec: 8 * MIB,
    signal: stop.signal,
    onProgress: ({ doneBytes }) => {
      done = doneBytes;
      if (doneBytes >= bytes) stop.abort(new AlliumError('INTERRUPTED', 'stopped'));
    },
  }).catch((error: unknown) => error);
  assert.is((outcome as AlliumError).code, 'INTERRUPTED');
  return done;
}

test('an interrupted run keeps what it has hashed, and the next one reads only the rest', async () => {
  const checkpoint = join(folder, 'one.ck');
  const done = await interrupted(checkpoint, 4 * MIB);
  assert.ok(existsSync(checkpoint));
  const report = await run(checkpoint);
  assert.is(report.outcome, 'good');
  assert.is(report.bytesRead, TOTAL - done);
  assert.is(report.pieces.restored, done / MADE.pieceLength);
  assert.is(report.pieces.good, report.pieces.total);
  assert.not.ok(existsSync(checkpoint), 'a complete run leaves nothing to go on from');
});

test('several interruptions, and a tail torn off in between', async () => {
  const checkpoint = join(folder, 'several.ck');
  await interrupted(checkpoint, 2 * MIB);
  truncateSync(checkpoint, statSync(checkpoint).size - 3);
  appendFileSync(checkpoint, 'rubbish');
  const again = await interrupted(checkpoint, 3 * MIB);
  const { size } = statSync(checkpoint);
  const report = await run(checkpoint);
  assert.ok(size > 100);
  assert.ok(report.bytesRead <= TOTAL - again, 'what was written behind the torn tail counts');
  assert.is(report.outcome, 'good');
});

test('damage that was found before the interruption is in the report', async () => {
  const checkpoint = join(folder, 'damage.ck');
  const a = readFileSync(join(base, 'a'));
  const { atime, mtime } = statSync(join(base, 'a'));
  writeFileSync(join(base, 'a'), Buffer.concat([Buffer.from('?'), a.subarray(1)]));
  await interrupted(checkpoint, 4 * MIB);
  const report = await run(checkpoint);
  assert.is(report.outcome, 'damaged');
  assert.equal(report.torrents[0]?.pieces.badSpans, [[0, 0]]);
  writeFileSync(join(base, 'a'), a);
  utimesSync(join(base, 'a'), atime, mtime);
});

test('a file that was changed meanwhile is hashed again, the others are not', async () => {
  const checkpoint = join(folder, 'changed.ck');
  const done = await interrupted(checkpoint, 9 * MIB);
  assert.ok(done < TOTAL);
  utimesSync(join(base, 'a'), new Date(), new Date(Date.now() + 5000));
  const mine = await run(checkpoint);
  assert.is(mine.outcome, 'good');
  assert.is(mine.bytesRead, TOTAL - done + 3 * MIB);
});

test('another selection, and the whole after it, use what is known', async () => {
  const checkpoint = join(folder, 'selection.ck');
  await interrupted(checkpoint, 2 * MIB);
  const { bytesRead } = await run(checkpoint, { selection: { files: ['c'] } });
  assert.ok(bytesRead <= 4 * MIB + MADE.pieceLength);
});

test('the same torrent at another place has its own account', async () => {
  const checkpoint = join(folder, 'place.ck');
  await interrupted(checkpoint, 2 * MIB);
  const elsewhere = join(folder, 'elsewhere');
  writeData(elsewhere, MADE);
  const report = await run(checkpoint, { roots: [elsewhere] });
  assert.is(report.bytesRead, TOTAL);
});

test('a file that is no checkpoint is not touched', async () => {
  const precious = join(folder, 'precious.txt');
  writeFileSync(precious, 'my notes');
  const outcome = await run(precious).catch((error: AlliumError) => error.code);
  assert.is(outcome, 'BAD_STATE');
  assert.is(readFileSync(precious, 'utf8'), 'my notes');
});

const SUBJECT: CheckpointSubject = {
  infoHash: new Uint8Array(20),
  pieceCount: 100,
  place: '/x',
  stamps: [{ byteLength: 1, modifiedMs: 1 }],
};
const hashed = (piece: number) => [{ first: pieceIndex(piece), end: pieceIndex(piece + 1), good: true }];

test('what is added is on disk a second later, without anyone asking', async () => {
  const path = join(folder, 'timer.ck');
  const file = CheckpointFile.open(path);
  const id = file.begin(SUBJECT, () => []);
  const { size } = statSync(path);
  file.add(id, hashed(1));
  file.add(id, hashed(2));
  assert.is(statSync(path).size, size, 'not at once: a record for every task would be many');
  await sleep(1500);
  assert.is(statSync(path).size, size + 8 + 5 + 9, 'one record of one run');
  file.close();
});

test('a subject that has changed gets a new number, and what still holds is carried over', () => {
  const path = join(folder, 'numbers.ck');
  const first = CheckpointFile.open(path);
  const id = first.begin(SUBJECT, () => []);
  first.add(id, hashed(7));
  first.close();
  const second = CheckpointFile.open(path);
  assert.is(
    second.begin(SUBJECT, () => hashed(99)),
    id,
  );
  const changed = { ...SUBJECT, stamps: [{ byteLength: 1, modifiedMs: 2 }] };
  assert.is(
    second.begin(changed, () => hashed(7)),
    id + 1,
  );
  second.close();
  const third = CheckpointFile.open(path);
  assert.equal(third.find(changed)?.hashed, hashed(7));
  assert.is(third.find(changed)?.id, id + 1);
  third.close();
});

test('a checkpoint of more than its bound is refused, and kept', () => {
  const path = join(folder, 'huge.ck');
  writeFileSync(path, Buffer.alloc(2000));
  try {
    CheckpointFile.open(path, 1000);
    assert.unreachable();
  } catch (error) {
    assert.is((error as AlliumError).code, 'BAD_STATE');
  }
  assert.is(statSync(path).size, 2000);
});

test('a folder that is not there is an error of the file system', () => {
  try {
    CheckpointFile.open(join(folder, 'no', 'such.ck'));
    assert.unreachable();
  } catch (error) {
    assert.is((error as AlliumError).code, 'NOT_FOUND');
  }
});

test.run();
