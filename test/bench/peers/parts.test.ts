/**
 * Aim: the parts of the benchmark that decide what is measured: words of the command line, payloads that are the same
 * every time, the ceiling, CPU profiles, and that no micro benchmark is forgotten.
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { suiteText, timeText } from '../../../bench/micro/report.ts';
import { SUITES } from '../../../bench/micro/suites.ts';
import { combinedRate } from '../../../bench/peers/calibrate.ts';
import { sameBytes } from '../../../bench/peers/compare.ts';
import { groupOf, summarizeProfile } from '../../../bench/peers/cpu-profile.ts';
import { parsePeersOptions } from '../../../bench/peers/options.ts';
import { makeFile, treeSizes } from '../../../bench/peers/payload.ts';
import { wanted } from '../../../bench/peers/select.ts';
import { readSources } from '../../house/support/tree.ts';

const parts = suite('parts of the benchmarks');

parts('the words of bench:peers are understood, and what is off is named', () => {
  const options = parsePeersOptions(['--only', 'seed,verify', '--runs', '3', '--size', '64M'], 'out')!;
  assert.equal(options.sections, ['verify', 'seed']);
  assert.is(options.sizeBytes, 64 << 20);
  assert.is(options.outFolder, 'out');
  assert.is(parsePeersOptions([], 'out')?.runs, 5);
  assert.is(parsePeersOptions(['--quick'], 'out')?.runs, 2);
  assert.is(parsePeersOptions(['--help'], 'out'), undefined);
  assert.throws(() => parsePeersOptions(['--only', 'sleep'], 'out'), /no section “sleep”/);
  assert.throws(() => parsePeersOptions(['--runs', '0'], 'out'), /--runs/);
  assert.throws(() => parsePeersOptions(['--size', '1M'], 'out'), /--size/);
  assert.throws(() => parsePeersOptions(['--no-such-word'], 'out'));
});

parts('choosing rivals leaves Allium and the ceilings in', () => {
  const options = parsePeersOptions(['--programs', 'RTorrent'], 'out')!;
  const all = [
    { name: 'Allium', side: 'allium', setting: '' },
    { name: 'rTorrent', side: 'rival', setting: '' },
    { name: 'aria2', side: 'rival', setting: '' },
    { name: 'pump', side: 'ceiling', setting: '' },
  ] as const;
  assert.equal(
    wanted(all, options).map(({ name }) => name),
    ['Allium', 'rTorrent', 'pump'],
  );
});

parts('a payload is the same every time, differs by length, and a file cut short is made again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'allium-payload-'));
  try {
    const one = makeFile(join(folder, 'a'), 'x', 300_000);
    const two = makeFile(join(folder, 'b'), 'x', 300_000);
    assert.ok(await sameBytes(one.path, two.path));
    const bytes = readFileSync(one.path);
    assert.ok(new Set(bytes).size > 200, 'it does not compress');
    const three = makeFile(join(folder, 'b'), 'x', 300_001);
    assert.is(statSync(three.path).size, 300_001);
    assert.not.ok(await sameBytes(one.path, three.path));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

parts('2,000 sizes add up, a few are large and many small', () => {
  const sizes = treeSizes(2000, 2 ** 28);
  assert.is(
    sizes.reduce((sum, size) => sum + size, 0),
    2 ** 28,
  );
  assert.ok(sizes.every((size) => Number.isInteger(size) && size > 0));
  const sorted = sizes.toSorted((a, b) => a - b);
  assert.ok(sorted[1999]! > 20 * sorted[1000]!);
  assert.equal(treeSizes(2000, 2 ** 28), sizes);
});

parts('doing two things to every byte takes the time of both', () => {
  assert.is(combinedRate([2, 2]), 1);
  assert.ok(Math.abs(combinedRate([3, 6]) - 2) < 1e-9);
});

parts('a CPU profile is added up by function and by what it belongs to', () => {
  const frame = (functionName: string, url: string) => ({ functionName, url, lineNumber: 1 });
  const nodes = [
    { id: 1, callFrame: frame('(idle)', '') },
    { id: 2, callFrame: frame('writev', '') },
    { id: 3, callFrame: frame('pick', 'file:///x/dist/engine/bittorrent/picker.js') },
  ];
  const profile = { nodes, samples: [1, 2, 3, 2, 99], timeDeltas: [5000, 1000, 2000, 3000, 1] };
  const { totalMs, groups, functions } = summarizeProfile(profile);
  assert.is(totalMs, 11);
  assert.is(groups[0]?.ms, 5);
  assert.equal(functions, [
    { name: 'writev', ms: 4 },
    { name: 'pick engine/bittorrent/picker.js', ms: 2 },
  ]);
  assert.is(groupOf('read', 'node:fs'), 'Node’s own library');
  assert.is(groupOf('f', 'wasm://wasm/1'), 'kernels in WebAssembly');
});

parts('every file of micro benchmarks belongs to a suite', () => {
  const files = readSources('bench', '.bench.ts').map(({ path }) => path.slice(6, -'.bench.ts'.length));
  assert.ok(files.length >= 5);
  const known = new Set(SUITES.map(({ name }) => name));
  assert.equal(
    files.filter((name) => !known.has(name)),
    [],
  );
});

parts('times have three digits and a unit that fits', () => {
  const texts = [0.00000042, 0.0012345, 0.9999, 12.345, 1500].map(timeText);
  assert.equal(texts, ['0.42 ns', '1.23 µs', '1 ms', '12.3 ms', '1.5 s']);
  const failed = { name: 'x', medianMs: 0, deviationMs: 0, minMs: 0, p99Ms: 0, samples: 0, error: 'broke' };
  assert.match(suiteText({ name: 's', title: 'S', about: '', cases: [failed] }), /failed: broke/);
});

parts.run();
