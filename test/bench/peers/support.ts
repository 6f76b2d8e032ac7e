import type { Contest, PeersResult, Row, Run, Side } from '../../../bench/peers/types.ts';

/** A run of 1 GB. */
export function runOf(seconds: number, more: Partial<Run> = {}): Run {
  const usual = { bytes: 1e9, cpuSeconds: 1, peakBytes: 50 << 20, stealShare: 0, otherCores: 0 };
  return { ...usual, seconds, ...more };
}

/** A program that took so many seconds in each of its runs. */
export function rowOf(program: string, seconds: readonly number[], more: Partial<Row> = {}): Row {
  const side: Side = program === 'Allium' ? 'allium' : 'rival';
  return { program, side, setting: '', runs: seconds.map((each) => runOf(each)), checked: true, ...more };
}

export function contestOf(id: string, rows: readonly Row[]): Contest {
  const [section] = id.split('.');
  return {
    ...{ id, title: `Contest ${id}`, about: 'One file.', payloadBytes: 1e9, rows },
    section: section as Contest['section'],
    takenAt: '2020-01-01T00:00:00Z',
  };
}

export function resultOf(contests: readonly Contest[], more: Partial<PeersResult> = {}): PeersResult {
  const cpu = { cpu: 'A <fast> CPU', coreCount: 2, memoryBytes: 2 ** 34, system: 'linux 6 x64' };
  const engine = {
    node: '20.20.0',
    openssl: '3',
    v8: '11',
    flags: [],
    congestionControl: 'cubic',
    loadBefore: 0,
  };
  return {
    ...{ schema: 'allium bench peers 1', startedAt: '2020-01-01T00:00:00Z', commit: 'abc' },
    ...{ machine: { ...cpu, ...engine }, versions: { Allium: '1', libtorrent: '2' }, options: {} },
    ...{ calibrations: [], contests, skipped: [] },
    ...more,
  };
}
