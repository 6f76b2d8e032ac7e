// Aim: the damage report agrees, byte by byte, with a plain model, for any layout and any damage.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Layout, type LayoutOptions } from '../../../engine/bittorrent/layout.ts';
import { type FileIndex, fileIndex } from '../../../engine/bittorrent/units.ts';
import { type ByteRange, blockUnavailable, findDamage } from '../../../engine/bittorrent/verify/damage.ts';
import type { FileState } from '../../../engine/bittorrent/verify/file-state.ts';
import { ReadFailures, type ReadTrouble } from '../../../engine/bittorrent/verify/read-failures.ts';
import { VERDICT, VerdictMap } from '../../../engine/bittorrent/verify/verdict.ts';

const test = suite('damage properties');

type Version = LayoutOptions['version'];

/** Files one behind the other, aligned with padding files (hybrid) or gaps (v2) as the version asks. */
function layoutOf(lengths: readonly number[], pieceLength: number, version: Version): LayoutOptions {
  const files: LayoutOptions['files'][number][] = [];
  let end = 0;
  for (const byteLength of lengths) {
    const gap = version === 'v1' || byteLength === 0 ? 0 : (pieceLength - (end % pieceLength)) % pieceLength;
    if (gap > 0 && version === 'hybrid') files.push({ offset: end, byteLength: gap, isPadding: true });
    end += gap;
    files.push({ offset: end, byteLength, isPadding: false });
    end += byteLength;
  }
  return { version, pieceLength, totalBytes: end, files };
}

const world = fc.record({
  lengths: fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 6 }),
  pieceLength: fc.integer({ min: 1, max: 12 }),
  version: fc.constantFrom<Version>('v1', 'v2', 'hybrid'),
  /** For each file: how much of it is there; over 30: all, 35: too long, 40: missing, 45: unreadable. */
  found: fc.array(fc.nat({ max: 45 }), { minLength: 6, maxLength: 6 }),
  badPieces: fc.array(fc.nat({ max: 100 }), { maxLength: 5 }),
  troubles: fc.array(
    fc.record({
      file: fc.nat({ max: 5 }),
      kind: fc.constantFrom<ReadTrouble['kind']>('short', 'unopened', 'unreadable'),
      at: fc.nat({ max: 29 }),
    }),
    { maxLength: 2 },
  ),
});

function stateOf(found: number, byteLength: number): FileState {
  if (found >= 45) return { kind: 'unreadable', code: 'EACCES' };
  if (found >= 40) return { kind: 'missing' };
  const length = found >= 35 ? byteLength + 1 : found > 30 ? byteLength : Math.min(found, byteLength);
  return { kind: 'file', byteLength: length, modifiedMs: 0 };
}

/** Every byte of these ranges, with a check that they are in order and apart. */
function spread(ranges: readonly ByteRange[]): number[] {
  let before = -1;
  return ranges.flatMap(({ from, to }) => {
    assert.ok(from > before && to > from, 'ranges are in order, apart and not empty');
    before = to;
    return Array.from({ length: to - from }, (_, at) => from + at);
  });
}

test('bad, shared, lost and unchecked bytes are those of the model', () => {
  fc.assert(
    fc.property(world, ({ lengths, pieceLength, version, found, badPieces, troubles }) => {
      const options = layoutOf(lengths, pieceLength, version);
      const layout = new Layout(options);
      const { files } = options;
      const stored = [...files.keys()].filter((file) => !files[file]!.isPadding);
      const states = new Map<FileIndex, FileState>();
      for (const [at, file] of stored.entries()) {
        states.set(fileIndex(file), stateOf(found[at]!, files[file]!.byteLength));
      }

      const verdicts = new VerdictMap(layout.pieceCount);
      for (let piece = 0; piece < layout.pieceCount; piece += 1) verdicts.set(piece, VERDICT.pending);
      blockUnavailable(pieceLength, files, states, verdicts);
      const failures = new ReadFailures(pieceLength, files, verdicts);
      /** By file: the bytes that are not to be had. */
      const lost = new Map(stored.map((file) => [file, new Set<number>()]));
      for (const file of stored) {
        const state = states.get(fileIndex(file))!;
        const available = state.kind === 'file' ? state.byteLength : 0;
        for (let byte = available; byte < files[file]!.byteLength; byte += 1) lost.get(file)!.add(byte);
      }
      const pieceOf = (file: number, byte: number): number =>
        Math.floor((files[file]!.offset + byte) / pieceLength);
      for (const { file: number, kind, at } of troubles) {
        const file = stored[number % stored.length]!;
        const { byteLength } = files[file]!;
        // A reader can only have trouble with bytes that it tried to read.
        if (at >= byteLength || verdicts.get(pieceOf(file, at)) !== VERDICT.pending) continue;
        const to = Math.min(byteLength, at + 1);
        failures.add(fileIndex(file), { kind, code: 'EIO', from: at, to });
        verdicts.set(pieceOf(file, at), VERDICT.blocked);
        const end = kind === 'unreadable' ? to : byteLength;
        for (let byte = kind === 'unopened' ? 0 : at; byte < end; byte += 1) lost.get(file)!.add(byte);
      }
      for (let piece = 0; piece < layout.pieceCount; piece += 1) {
        if (verdicts.get(piece) !== VERDICT.pending) continue;
        verdicts.set(piece, badPieces.includes(piece) ? VERDICT.bad : VERDICT.good);
      }

      const findings = findDamage(layout, {
        files,
        verdicts,
        states,
        readFailures: failures.list(),
        wholeFiles: new Set(states.keys()),
      });
      const byFile = new Map(findings.map((finding) => [finding.file as number, finding]));
      for (const file of stored) {
        const all = Array.from({ length: files[file]!.byteLength }, (_, byte) => byte);
        const ofVerdict = (verdict: number): number[] =>
          all.filter((byte) => verdicts.get(pieceOf(file, byte)) === verdict);
        const bad = ofVerdict(VERDICT.bad);
        const isShared = (byte: number): boolean =>
          stored.some(
            (other) =>
              other !== file &&
              Array.from({ length: files[other]!.byteLength }, (_, at) => pieceOf(other, at)).includes(
                pieceOf(file, byte),
              ),
          );
        const blocked = ofVerdict(VERDICT.blocked);
        const finding = byFile.get(file);
        assert.equal(spread(finding?.bad ?? []), bad);
        assert.equal(spread(finding?.shared ?? []), bad.filter(isShared));
        assert.equal(
          spread(finding?.lost ?? []),
          blocked.filter((byte) => lost.get(file)!.has(byte)),
        );
        assert.equal(
          spread(finding?.unchecked ?? []),
          blocked.filter((byte) => !lost.get(file)!.has(byte)),
        );
        if (lost.get(file)!.size > 0) assert.ok(finding?.problem !== undefined, 'a loss has a reason');
      }
    }),
    { numRuns: 2000 },
  );
});

test.run();
