/**
 * Aim: the parts of the onion benchmark that decide what is measured and how it is shown: words of the command line,
 * bytes that are compared, figures from what was counted, whose figure is the better one, and results that are merged.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bulkFigures } from '../../../bench/onion/bulk.ts';
import { circuitFigures } from '../../../bench/onion/circuit-runs.ts';
import { onionHtml } from '../../../bench/onion/html-report.ts';
import { fingerprintsIn } from '../../../bench/onion/network.ts';
import { parseOnionOptions } from '../../../bench/onion/options.ts';
import { isPattern, patternAt } from '../../../bench/onion/pattern.ts';
import { mergeContests } from '../../../bench/onion/result-file.ts';
import { ratioOf, summarizeContest } from '../../../bench/onion/summary.ts';
import { contestText } from '../../../bench/onion/text-report.ts';
import { type Entry, takeTurns } from '../../../bench/onion/turns.ts';
import type { Contest, OnionResult, Row } from '../../../bench/onion/types.ts';
import { describeMachine } from '../../../bench/support/machine.ts';

const parts = suite('parts of the onion benchmark');
const MEBIBYTE = 1 << 20;

function contestOf(more: Partial<Contest>, rows: readonly Row[]): Contest {
  const columns = [{ key: 'rate', title: 'MB/s', digits: 1, unit: 1e6 }];
  const facts = { id: 'four', section: 'four', title: 'Four & more', about: '', headline: 'rate' } as const;
  return { ...facts, columns, isMoreBetter: true, takenAt: '', ...more, rows };
}

const rowOf = (program: string, side: Row['side'], ...rates: number[]): Row => ({
  ...{ program, side, setting: '' },
  runs: rates.map((rate) => ({ rate })),
});

parts('the words of bench:onion are understood, and what is off is named', () => {
  const options = parseOnionOptions(['--only', 'circuits,stream', '--runs', '3', '--size', '64MiB'], 'out')!;
  assert.equal(options.sections, ['stream', 'circuits']);
  assert.is(options.sizeBytes, 64 << 20);
  assert.is(options.outFolder, 'out');
  assert.is(parseOnionOptions([], 'out')?.runs, 5);
  assert.is(parseOnionOptions(['--quick'], 'out')?.runs, 2);
  assert.is(parseOnionOptions(['--help'], 'out'), undefined);
  assert.throws(() => parseOnionOptions(['--only', 'sleep'], 'out'), /no section “sleep”/);
  assert.throws(() => parseOnionOptions(['--runs', '0'], 'out'), /--runs/);
  assert.throws(() => parseOnionOptions(['--size', '1KB'], 'out'), /--size/);
  assert.throws(() => parseOnionOptions(['--no-such-word'], 'out'));
});

parts('the pattern is known at every place, and one wrong bit, a gap or a swap shows', () => {
  for (const offset of [0, 1, MEBIBYTE - 7, 5 * MEBIBYTE + 99]) {
    const piece = Buffer.from(patternAt(offset, 100_000));
    assert.is(piece.length, 100_000);
    assert.ok(isPattern(piece, offset));
    assert.not.ok(isPattern(piece, offset + 1));
    piece[99_999]! ^= 1;
    assert.not.ok(isPattern(piece, offset));
  }
  const long = Buffer.concat([patternAt(7, 1 << 18), patternAt(7 + (1 << 18), 1 << 18)]);
  assert.ok(isPattern(long, 7), 'longer than one piece');
});

parts('CPU time is by the bytes moved, and by role', () => {
  const run = bulkFigures(50e6, { seconds: 2, cpu: 0.75, 'cpu.client': 0.25, 'cpu.middle': 0.5 });
  assert.is(run['rate'], 25e6);
  assert.is(run['cpuPerGb'], 15);
  assert.is(run['cpuPerGb.client'], 5);
  assert.is(run['cpuPerGb.middle'], 10);
});

parts('circuits that failed count for no time, and none at all is no result', () => {
  const times = { milliseconds: [10, 20, 30], failed: 1, seconds: 0.5 };
  const run = circuitFigures(times, { cpu: 0.006, 'cpu.client': 0.003 });
  assert.is(run['p50Ms'], 20);
  assert.is(run['perSec'], 6);
  assert.is(run['failed'], 1);
  assert.is(run['cpuMs.client'], 1);
  assert.throws(() => circuitFigures({ milliseconds: [], failed: 4, seconds: 1 }, { cpu: 0 }), /no circuit/);
});

parts('above 1 means that Allium is better, where more is better and where less is', () => {
  const rows = [rowOf('Allium', 'allium', 30e6), rowOf('C tor', 'rival', 10e6, 20e6, 15e6)];
  const more = contestOf({}, rows);
  const less = contestOf({ isMoreBetter: false }, rows);
  const ratio = (contest: Contest, index: number): number => {
    const summary = summarizeContest(contest);
    return ratioOf(contest, summary, summary[index]!);
  };
  assert.is(ratio(more, 1), 2);
  assert.is(ratio(less, 1), 0.5);
  assert.ok(Number.isNaN(ratio(more, 0)), 'not with itself');
});

parts('contestants take turns, and one that fails is asked no more and says why', async () => {
  const order: string[] = [];
  const entry = (program: string, fails: boolean): Entry => ({
    ...{ program, side: 'rival', setting: '' },
    async run() {
      order.push(program);
      if (fails) throw new Error('it broke');
      return { rate: 1e6 };
    },
  });
  const kept: Contest[] = [];
  const { rows: _, takenAt: __, ...facts } = contestOf({}, []);
  const entries = [entry('A', false), entry('B', true), entry('C', false)];
  await takeTurns(facts, entries, 2, { say: () => {}, keep: (contest) => kept.push(contest) });
  assert.equal(order, ['A', 'B', 'C', 'A', 'C']);
  assert.is(kept.length, 2, 'kept after every round');
  const [a, b] = kept.at(-1)!.rows;
  assert.is(a!.runs.length, 2);
  assert.is(b!.error, 'it broke');
  assert.match(contestText(kept.at(-1)!), /B: it broke/);
});

parts('every single run is printed', () => {
  const text = contestText(contestOf({}, [rowOf('C tor', 'rival', 10.04e6, 21e6)]));
  assert.match(text, /C tor: 10\.0 21\.0/);
});

parts(
  'a later result replaces contests of the same name and keeps the rest, in the order of the sections',
  () => {
    const old = [
      contestOf({ id: 'stream', section: 'stream', title: 'old' }, []),
      contestOf({ title: 'old' }, []),
    ];
    const fresh = [
      contestOf({ title: 'fresh' }, []),
      contestOf({ id: 'middle.vanilla', section: 'middle', title: 'fresh' }, []),
    ];
    const merged = mergeContests(old, fresh);
    assert.equal(
      merged.map(({ id, title }) => `${id} ${title}`),
      ['stream old', 'four fresh', 'middle.vanilla fresh'],
    );
  },
);

parts('the page is made without a result too, and no text of it is taken for markup', () => {
  const failed: Row = { ...rowOf('<C tor>', 'rival'), error: 'a < b' };
  const result: OnionResult = {
    ...{ schema: 'allium bench onion 1', startedAt: '2026-01-01T00:00:00Z', commit: '', versions: {} },
    ...{ machine: describeMachine(), options: {}, skipped: ['one & two'] },
    contests: [contestOf({}, [rowOf('Allium', 'allium', 1e6), failed])],
  };
  const page = onionHtml(result);
  assert.match(page, 'Four &amp; more');
  assert.match(page, '&lt;C tor&gt;');
  assert.match(page, 'a &lt; b');
  assert.match(page, 'one &amp; two');
  assert.not.match(page, 'NaN');
});

parts('fingerprints are found by nickname among descriptors', () => {
  const one = `router allium1 127.0.0.1 9001 0 0\nplatform x\nfingerprint ${'ABCD '.repeat(10).trim()}\nuptime 1\n`;
  const two = one.replace('allium1', 'allium2').replaceAll('ABCD', '0123');
  assert.equal(fingerprintsIn(one + two), [
    ['allium1', 'ABCD'.repeat(10)],
    ['allium2', '0123'.repeat(10)],
  ]);
  assert.equal(fingerprintsIn('no descriptors'), []);
});

parts.run();
