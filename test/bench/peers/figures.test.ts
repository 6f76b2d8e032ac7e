/**
 * Aim: the comparison is honest all the way to the README: medians and ratios are those of the runs, a rival that is
 * ahead is shown ahead, start-up is taken off both sides, and merging results loses nothing.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { figuresBlock, replaceFigures } from '../../../bench/peers/figures.ts';
import { peersHtml } from '../../../bench/peers/html-report.ts';
import { contestPanel, glancePanel } from '../../../bench/peers/panels.ts';
import { peersPicture } from '../../../bench/peers/picture.ts';
import { mergeResults, readResult, writeResult } from '../../../bench/peers/result-file.ts';
import { isSlow } from '../../../bench/peers/rounds.ts';
import { ratioOf, summarizeContest, summarizeRow } from '../../../bench/peers/summary.ts';
import { contestText } from '../../../bench/peers/text-report.ts';
import { reasonOf } from '../../../bench/support/reason.ts';
import { contestOf, resultOf, rowOf, runOf } from './support.ts';

const figures = suite('figures of bench:peers');

figures('rate, spread and best run are those of the runs', () => {
  const row = summarizeRow(rowOf('x', [1, 2, 4]));
  assert.is(row.rate, 5e8);
  assert.is(row.bestRate, 1e9);
  assert.is(row.deviation, 2.5e8);
  assert.is(row.cpuSecondsPerGb, 1);
});

figures('start-up is taken off both sides and shown apart', () => {
  const [allium, rival] = [
    summarizeRow(rowOf('Allium', [1.5], { startupSeconds: 0.5 })),
    summarizeRow(rowOf('x', [1.1], { startupSeconds: 0.1 })),
  ];
  const ratio = ratioOf(allium, rival)!;
  assert.ok(Math.abs(ratio.median - 1.1 / 1.5) < 1e-9, 'the whole command is slower');
  assert.ok(Math.abs(ratio.work - 1) < 1e-9, 'the work is as fast');
});

figures('a rival that is ahead is shown ahead everywhere', () => {
  const contest = contestOf('verify.v1', [rowOf('slow', [4]), rowOf('Allium', [2]), rowOf('fast', [1])]);
  const rows = summarizeContest(contest);
  assert.equal(
    rows.map(({ program }) => program),
    ['Allium', 'fast', 'slow'],
  );
  const [own, fast, slow] = contestPanel(contest).bars;
  assert.ok(own!.value < fast!.value);
  assert.equal(fast?.cells[0], { text: '0.50 ×', tone: 'bad' });
  assert.equal(slow?.cells[0], { text: '2.00 ×', tone: 'good' });
  assert.is(glancePanel([contest]).bars[0]?.kind, 'other');
  const block = figuresBlock(resultOf([contest]), 'peers.svg');
  assert.match(block, /\| Contest verify.v1 \| 500 \| fast \| 1,000 \| 0\.50 × \|/);
  assert.match(contestText(contest), /fast\s+1000\s+0\s+1000\s+0\.50/);
});

figures('a ratio below one that rounds to it is not called worse, nor the other way round', () => {
  const tone = (seconds: number): string | undefined =>
    contestPanel(contestOf('verify.v1', [rowOf('Allium', [1]), rowOf('x', [seconds])])).bars[1]?.cells[0]
      ?.tone;
  assert.is(tone(0.996), 'good');
  assert.is(tone(0.994), 'bad');
});

figures('a ceiling is neither a rival nor judged', () => {
  const pump = rowOf('pump', [0.1], { side: 'ceiling' });
  const contest = contestOf('seed.1', [rowOf('Allium', [1]), pump, rowOf('x', [2])]);
  assert.match(figuresBlock(resultOf([contest]), 'p.svg'), /\| x \|/);
  assert.is(contestPanel(contest).bars[1]?.cells[0]?.tone, 'plain');
});

figures('a program that failed keeps its row and its reason', () => {
  const failed = rowOf('x', [], { error: 'it ended', checked: false });
  const contest = contestOf('verify.v1', [rowOf('Allium', [1]), failed]);
  for (const text of [contestText(contest), peersHtml(resultOf([contest]))]) {
    assert.match(text, /it ended/);
    assert.not.match(text, /NaN|undefined|Infinity/);
  }
  assert.not.match(peersPicture(resultOf([contest])), /NaN|undefined|Infinity/);
});

figures('names from outside are text in page and picture', () => {
  const result = resultOf([contestOf('seed.8', [rowOf('Allium', [1]), rowOf('<b>&', [2])])]);
  for (const text of [peersHtml(result), peersPicture(result)]) {
    assert.not.match(text, /<b>|<fast>/);
    assert.match(text, /&lt;fast&gt;/);
  }
  assert.not.match(peersHtml(result), /(?:src|href)=|<script/, 'the page needs nothing else');
});

figures('the README changes between its markers only', () => {
  const before = 'top\n<!-- figures:begin -->\nold\n<!-- figures:end -->\nend\n';
  const once = replaceFigures(before, 'new\n');
  assert.is(once, 'top\n<!-- figures:begin -->\nnew\n<!-- figures:end -->\nend\n');
  assert.is(replaceFigures(once, 'new\n'), once);
  assert.is(replaceFigures('no markers', 'new'), 'no markers');
});

figures('sections measured apart are merged into one result, the later over the earlier', () => {
  const early = resultOf([contestOf('seed.1', [rowOf('Allium', [9])]), contestOf('verify.v1', [])]);
  const late = resultOf([contestOf('seed.1', [rowOf('Allium', [1])])], { commit: 'def', skipped: ['a'] });
  const both = mergeResults(early, late);
  assert.equal(
    both.contests.map(({ id }) => id),
    ['verify.v1', 'seed.1'],
  );
  assert.is(both.contests[1]?.rows[0]?.runs[0]?.seconds, 1);
  assert.is(both.commit, 'def');
  assert.equal(mergeResults(undefined, late), late);
});

figures('a result file is read back as written, and another file is refused', () => {
  const folder = mkdtempSync(join(tmpdir(), 'allium-figures-'));
  try {
    const path = join(folder, 'sub', 'peers.json');
    assert.is(readResult(path), undefined);
    const result = resultOf([contestOf('seed.1', [rowOf('Allium', [0.123456789])])]);
    writeResult(path, result);
    assert.is(readResult(path)?.contests[0]?.rows[0]?.runs[0]?.seconds, 0.1234568);
    assert.not.match(readFileSync(path, 'utf8'), new RegExp(tmpdir()));
    writeFileSync(path, '{"schema":"other"}');
    assert.throws(() => readResult(path), /not a result/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

figures('only a rival much slower than the fastest program is asked less often', () => {
  const thrice = (seconds: number) => [runOf(seconds), runOf(seconds), runOf(seconds)];
  const runs = [thrice(9), thrice(4.2), thrice(3.8), [runOf(99)], thrice(0.1), thrice(2)];
  const sides = ['allium', 'rival', 'rival', 'rival', 'ceiling', 'rival'] as const;
  assert.equal(
    runs.map((_, index) => isSlow(runs, sides, index)),
    [false, true, false, false, false, false],
  );
});

figures('why a program failed is told without the folders of this machine', () => {
  const place = ['', 'some', 'where', 'x.torrent'].join('/');
  assert.is(reasonOf(new Error(`cannot read ${place}:\n gone`)), 'cannot read …/x.torrent: gone');
  assert.is(reasonOf('1/2 of http://127.0.0.1/a/b'), '1/2 of http://127.0.0.1/a/b');
});

figures.run();
