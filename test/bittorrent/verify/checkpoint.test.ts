// Aim: a checkpoint gives back what was written, up to the first byte that is torn or wrong, and is believed only of
// files that have not changed since.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { pieceIndex } from '../../../engine/bittorrent/units.ts';
import {
  type CheckpointEntry,
  type CheckpointSubject,
  checkpointHead,
  decodeCheckpoint,
  encodeHashed,
  encodeSubject,
  type HashedRun,
  joinHashed,
} from '../../../engine/bittorrent/verify/checkpoint.ts';
import { isSameSubject, restoreVerdicts } from '../../../engine/bittorrent/verify/checkpoint-match.ts';
import { VERDICT, VerdictMap } from '../../../engine/bittorrent/verify/verdict.ts';
import { AlliumError } from '../../../engine/codec/error.ts';

const test = suite('checkpoint');

const run = (first: number, end: number, good = true): HashedRun => ({
  first: pieceIndex(first),
  end: pieceIndex(end),
  good,
});

const SUBJECT: CheckpointSubject = {
  infoHash: Uint8Array.from({ length: 20 }, (_, at) => at),
  pieceCount: 10,
  place: '/data/Füße 🧅',
  stamps: [
    { byteLength: 25, modifiedMs: 1_700_000_000_123.456 },
    { byteLength: Number.NaN, modifiedMs: Number.NaN },
    { byteLength: 60, modifiedMs: 2 },
  ],
};
const TORRENT = {
  pieceLength: 10,
  files: [
    { offset: 0, byteLength: 25 },
    { offset: 25, byteLength: 10 },
    { offset: 35, byteLength: 60 },
  ],
};

function fileOf(...records: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([checkpointHead(), ...records]);
}

function pendingMap(): VerdictMap {
  const map = new VerdictMap(10);
  for (let piece = 0; piece < 10; piece += 1) map.set(piece, VERDICT.pending);
  return map;
}

function good(map: VerdictMap): number[] {
  return map
    .runs(VERDICT.good)
    .flatMap(({ first, end }) => Array.from({ length: end - first }, (_, at) => first + at));
}

test('what was written comes back', () => {
  const bytes = fileOf(
    encodeSubject(3, SUBJECT),
    encodeHashed(3, [run(0, 2), run(5, 6, false)]),
    encodeSubject(4, { ...SUBJECT, place: '' }),
    encodeHashed(3, [run(2, 5)]),
  );
  const { entries, validBytes } = decodeCheckpoint(bytes);
  assert.is(validBytes, bytes.length);
  assert.equal(
    entries.map(({ id }) => id),
    [3, 4],
  );
  assert.equal(entries[0], { id: 3, subject: SUBJECT, hashed: [run(0, 2), run(5, 6, false), run(2, 5)] });
  assert.is(entries[1]?.subject.place, '');
});

test('a new, an empty and a hardly begun file hold nothing; another file is not touched', () => {
  assert.equal(decodeCheckpoint(new Uint8Array(0)), { entries: [], validBytes: 0 });
  assert.equal(decodeCheckpoint(checkpointHead().subarray(0, 5)), { entries: [], validBytes: 0 });
  assert.is(decodeCheckpoint(checkpointHead()).validBytes, checkpointHead().length);
  for (const other of ['#!/bin/sh\n', 'allium checkpoint 2\n', 'x']) {
    try {
      decodeCheckpoint(new TextEncoder().encode(other));
      assert.unreachable();
    } catch (error) {
      assert.instance(error, AlliumError);
      assert.is((error as AlliumError).code, 'BAD_STATE');
    }
  }
});

test('cut off anywhere, the whole records before the cut hold', () => {
  const records = [
    encodeSubject(0, SUBJECT),
    encodeHashed(0, [run(0, 1)]),
    encodeHashed(0, [run(1, 3), run(7, 9, false)]),
  ];
  const bytes = fileOf(...records);
  const ends = [checkpointHead().length];
  for (const record of records) ends.push(ends.at(-1)! + record.length);
  for (let cut = checkpointHead().length; cut <= bytes.length; cut += 1) {
    const { validBytes } = decodeCheckpoint(bytes.subarray(0, cut));
    assert.is(
      validBytes,
      ends.findLast((end) => end <= cut),
      `cut at ${cut}`,
    );
  }
});

test('a byte that is wrong ends the file there; nothing false is believed, nothing throws', () => {
  const records = [encodeSubject(0, SUBJECT), encodeHashed(0, [run(0, 1)]), encodeHashed(0, [run(1, 3)])];
  const whole = fileOf(...records);
  const from = checkpointHead().length;
  fc.assert(
    fc.property(
      fc.integer({ min: from, max: whole.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      (at, flip) => {
        const bytes = whole.slice();
        bytes[at]! ^= flip;
        const { entries, validBytes } = decodeCheckpoint(bytes);
        assert.ok(validBytes <= at);
        const hashed = entries.flatMap((entry) => entry.hashed);
        assert.equal(hashed, [run(0, 1), run(1, 3)].slice(0, hashed.length));
      },
    ),
    { numRuns: 3000 },
  );
});

test('records that are whole and yet make no sense end the file', () => {
  const nonsense = [
    encodeHashed(9, [run(0, 1)]),
    encodeHashed(0, [run(9, 11)]),
    encodeHashed(0, [run(3, 3)]),
    encodeSubject(0, SUBJECT),
  ];
  for (const record of nonsense) {
    const bytes = fileOf(encodeSubject(0, SUBJECT), record, encodeHashed(0, [run(0, 1)]));
    const { entries, validBytes } = decodeCheckpoint(bytes);
    assert.is(validBytes, checkpointHead().length + encodeSubject(0, SUBJECT).length);
    assert.equal(entries[0]?.hashed, []);
  }
});

test('any bytes behind the head are read without a throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.is(decodeCheckpoint(fileOf(bytes)).entries.length, 0);
    }),
  );
});

test('runs that touch are written as one', () => {
  assert.equal(joinHashed([run(3, 4), run(0, 1), run(1, 3), run(4, 5, false), run(6, 7)]), [
    run(0, 4),
    run(4, 5, false),
    run(6, 7),
  ]);
});

const entryOf = (...hashed: readonly HashedRun[]): CheckpointEntry => ({
  id: 0,
  subject: SUBJECT,
  hashed: [...hashed],
});

test('the same torrent at the same place, and no other', () => {
  assert.ok(
    isSameSubject(SUBJECT, {
      ...SUBJECT,
      stamps: SUBJECT.stamps.map(() => ({ byteLength: 1, modifiedMs: 1 })),
    }),
  );
  const others: readonly Partial<CheckpointSubject>[] = [
    { place: '/data2' },
    { pieceCount: 11 },
    { infoHash: new Uint8Array(20) },
    { infoHash: new Uint8Array(32) },
    { stamps: [] },
  ];
  for (const other of others) assert.not.ok(isSameSubject(SUBJECT, { ...SUBJECT, ...other }));
});

test('verdicts come back for pieces that are asked for', () => {
  const map = pendingMap();
  map.set(1, VERDICT.unselected);
  map.set(2, VERDICT.blocked);
  const restored = restoreVerdicts(entryOf(run(0, 4), run(8, 9, false)), SUBJECT, TORRENT, map);
  assert.is(restored, 3);
  assert.equal(good(map), [0, 3]);
  assert.is(map.get(8), VERDICT.bad);
  assert.is(map.get(1), VERDICT.unselected);
  assert.is(map.get(2), VERDICT.blocked);
});

test('of a piece that was hashed twice the later verdict counts', () => {
  const map = pendingMap();
  assert.is(restoreVerdicts(entryOf(run(0, 4, false), run(1, 2)), SUBJECT, TORRENT, map), 4);
  assert.equal(good(map), [1]);
});

test('pieces of a changed file are hashed again: another length, another time, gone, come', () => {
  const changes = [
    { file: 0, stamp: { byteLength: 24, modifiedMs: 1_700_000_000_123.456 }, stale: [0, 1, 2] },
    { file: 0, stamp: { byteLength: 25, modifiedMs: 1_700_000_000_124 }, stale: [0, 1, 2] },
    { file: 0, stamp: { byteLength: Number.NaN, modifiedMs: Number.NaN }, stale: [0, 1, 2] },
    { file: 1, stamp: { byteLength: 10, modifiedMs: 5 }, stale: [2, 3] },
  ];
  for (const { file, stamp, stale } of changes) {
    const map = pendingMap();
    const stamps = SUBJECT.stamps.map((old, index) => (index === file ? stamp : old));
    restoreVerdicts(entryOf(run(0, 10)), { ...SUBJECT, stamps }, TORRENT, map);
    const kept = Array.from({ length: 10 }, (_, piece) => piece).filter((piece) => !stale.includes(piece));
    assert.equal(good(map), kept);
  }
});

test.run();
