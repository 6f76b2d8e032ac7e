/**
 * Aim: which pieces a node believes after every kind of end: clean, killed, power cut; with files untouched, changed
 * by somebody else, shortened or gone. Nothing is believed that could be wrong.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Bitfield } from '../../../engine/bittorrent/bitfield.ts';
import { Layout } from '../../../engine/bittorrent/layout.ts';
import { judgeFiles, mergeNotes, type RunEnd } from '../../../engine/node/resume/decide.ts';
import type { FileMark } from '../../../engine/node/store/schema.ts';
import { makeTorrent } from '../../bittorrent/support/make-torrent.ts';

const decide = suite('what to believe');

/** Pieces of 16 KiB: 0 and 1 in the first file, 1 to 4 in the second (none in an empty one), 4 in the third. */
const PIECE = 16_384;
const { metainfo } = makeTorrent({
  name: 't',
  pieceLength: PIECE,
  fileBytes: [PIECE + 1000, 0, 3 * PIECE, 500],
});
const layout = new Layout(metainfo);
const CLEAN: RunEnd = { clean: true, sameBoot: true, lastWriteMs: 0 };
const KILLED: RunEnd = { clean: false, sameBoot: true, lastWriteMs: 100_000 };
const POWER_CUT: RunEnd = { clean: false, sameBoot: false, lastWriteMs: 100_000 };
const MARKS: FileMark[] = [
  { byteLength: PIECE + 1000, modifiedMs: 50_000 },
  { byteLength: 0, modifiedMs: 50_000 },
  { byteLength: 3 * PIECE, modifiedMs: 60_000 },
  { byteLength: 500, modifiedMs: 70_000 },
];

function bits(...pieces: number[]): Bitfield {
  const field = new Bitfield(metainfo.pieceCount);
  for (const piece of pieces) field.set(piece);
  return field;
}

function judge(
  have: Bitfield,
  end: RunEnd,
  found: readonly FileMark[],
  recorded: readonly FileMark[] = MARKS,
) {
  const judged = judgeFiles({ have, doubt: bits() }, { metainfo, layout, recorded, found }, end);
  return { have: [...judged.have.pieces()], doubt: [...judged.doubt.pieces()], missing: [...judged.missing] };
}

function withMark(index: number, mark: FileMark): FileMark[] {
  return MARKS.map((old, at) => (at === index ? mark : old));
}

decide('notes: believed after a kill, doubted after a power cut', () => {
  const saved = { have: bits(0), doubt: bits(2) };
  const killed = mergeNotes(saved, [1, 2], KILLED);
  assert.equal([[...killed.have.pieces()], [...killed.doubt.pieces()]], [[0, 1, 2], []]);
  const cut = mergeNotes(saved, [0, 1], POWER_CUT);
  assert.equal([[...cut.have.pieces()], [...cut.doubt.pieces()]], [[0], [1, 2]]);
  assert.is(saved.have.count, 1, 'what was given is left alone');
});

decide('files as recorded: everything is believed, whatever the end', () => {
  for (const end of [CLEAN, KILLED, POWER_CUT]) {
    assert.equal(judge(bits(0, 1, 2, 3, 4), end, MARKS), { have: [0, 1, 2, 3, 4], doubt: [], missing: [] });
  }
});

decide('a file changed since a clean end: its pieces come into doubt, also shared ones', () => {
  const touched = withMark(2, { byteLength: 3 * PIECE, modifiedMs: 60_001 });
  assert.equal(judge(bits(0, 1, 2, 4), CLEAN, touched), { have: [0], doubt: [1, 2, 4], missing: [] });
  assert.equal(
    judge(bits(0, 1), CLEAN, MARKS, []),
    { have: [], doubt: [0, 1], missing: [] },
    'nothing recorded',
  );
});

decide('after a kill a file may be as new as our last write, but no newer', () => {
  const ours = withMark(2, { byteLength: 3 * PIECE, modifiedMs: 101_000 });
  assert.equal(judge(bits(2, 3), KILLED, ours).have, [2, 3]);
  const theirs = withMark(2, { byteLength: 3 * PIECE, modifiedMs: 103_000 });
  assert.equal(judge(bits(0, 2, 3), KILLED, theirs), { have: [0], doubt: [2, 3], missing: [] });
});

decide('after a power cut the last notes may be lost: a file may be a minute newer, no more', () => {
  const ours = withMark(2, { byteLength: 3 * PIECE, modifiedMs: 159_000 });
  assert.equal(judge(bits(2), POWER_CUT, ours).have, [2]);
  const theirs = withMark(2, { byteLength: 3 * PIECE, modifiedMs: 161_000 });
  assert.equal(judge(bits(2), POWER_CUT, theirs).doubt, [2]);
});

decide('a file too short for its pieces is not believed, even with the right time', () => {
  const short = withMark(2, { byteLength: PIECE - 1001, modifiedMs: 60_000 });
  assert.equal(judge(bits(0, 1), KILLED, short), { have: [0], doubt: [1], missing: [] });
  const enough = withMark(2, { byteLength: PIECE - 1000, modifiedMs: 60_000 });
  assert.equal(judge(bits(0, 1), KILLED, enough), { have: [0, 1], doubt: [], missing: [] });
});

decide(
  'a file that is gone is named, if it held something; its pieces are neither believed nor looked for',
  () => {
    assert.equal(judge(bits(0, 2, 3), CLEAN, withMark(2, null)), { have: [0], doubt: [], missing: [2] });
    assert.equal(judge(bits(0), CLEAN, withMark(3, null)), { have: [0], doubt: [], missing: [] });
    assert.equal(
      judge(bits(0), CLEAN, withMark(1, null)),
      { have: [0], doubt: [], missing: [] },
      'an empty file',
    );
    const both = withMark(2, null).map((mark, at) =>
      at === 0 ? { byteLength: PIECE + 1000, modifiedMs: 1 } : mark,
    );
    assert.equal(judge(bits(0, 1, 2), CLEAN, both), { have: [], doubt: [0], missing: [2] });
  },
);

decide('old doubt stays', () => {
  const judged = judgeFiles(
    { have: bits(0), doubt: bits(2, 4) },
    { metainfo, layout, recorded: MARKS, found: withMark(3, null) },
    CLEAN,
  );
  assert.equal([...judged.doubt.pieces()], [2]);
  assert.equal(judged.missing, []);
});

decide.run();
