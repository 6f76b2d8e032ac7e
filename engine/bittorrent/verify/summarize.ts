import type { Layout } from '../layout.ts';
import type { FileIndex } from '../units.ts';
import type { FileFinding } from './damage.ts';
import type {
  FileReport,
  FileStatus,
  PieceReport,
  PieceSpan,
  TorrentOutcome,
  TorrentReport,
  VerifyReport,
} from './report.ts';
import { type PieceRun, VERDICT, type VerdictMap } from './verdict.ts';

/** From the worst to the best: what a whole library is called by its worst torrent. */
export const OUTCOMES: readonly TorrentOutcome[] = ['unreadable', 'invalid', 'damaged', 'missing', 'good'];

/** A finding in the words of the report. */
export function fileReport(
  finding: FileFinding,
  file: { readonly path: readonly string[]; readonly byteLength: number },
  location: string,
  layout: Layout,
): FileReport {
  const { problem, bad, shared, lost, unchecked } = finding;
  const { first, end } = layout.piecesOf(finding.file);
  return {
    path: file.path.join('/'),
    location,
    status: statusOf(finding),
    byteLength: file.byteLength,
    ...(problem !== undefined && 'byteLength' in problem ? { foundByteLength: problem.byteLength } : {}),
    ...(problem?.kind === 'wrong-kind' ? { foundKind: problem.found } : {}),
    ...(problem?.kind === 'unreadable' ? { systemCode: problem.code } : {}),
    ...(end > first ? { pieces: [first, end - 1] as const } : {}),
    bad,
    shared,
    lost,
    unchecked,
  };
}

function statusOf(finding: FileFinding): FileStatus {
  return finding.problem?.kind ?? (finding.bad.length > 0 ? 'bad' : 'unchecked');
}

/** The pieces of a finished check. */
export function pieceReport(verdicts: VerdictMap, restored: number, contradictory: number): PieceReport {
  return {
    total: verdicts.pieceCount,
    selected: verdicts.selectedCount,
    good: verdicts.count(VERDICT.good),
    bad: verdicts.count(VERDICT.bad),
    blocked: verdicts.count(VERDICT.blocked),
    restored,
    contradictory,
    badSpans: verdicts.runs(VERDICT.bad).map(span),
    blockedSpans: verdicts.runs(VERDICT.blocked).map(span),
    unselectedSpans: verdicts.runs(VERDICT.unselected).map(span),
  };
}

function span(run: PieceRun): PieceSpan {
  return [run.first, run.end - 1];
}

/**
 * What to call a torrent. `presentFiles`: of the files that count, how many exist in any form (also unreadable ones).
 */
export function outcomeOf(
  findings: readonly FileFinding[],
  verdicts: VerdictMap,
  presentFiles: number,
): TorrentOutcome {
  if (findings.some((finding) => finding.problem?.kind === 'unreadable')) return 'unreadable';
  const isFlawless =
    verdicts.count(VERDICT.bad) + verdicts.count(VERDICT.blocked) === 0 &&
    findings.every((finding) => finding.problem === undefined);
  if (isFlawless) return 'good';
  return presentFiles === 0 ? 'missing' : 'damaged';
}

/** Which files count as there. */
export function presentCount(findings: readonly FileFinding[], files: readonly FileIndex[]): number {
  const missing = new Set(
    findings.filter((finding) => finding.problem?.kind === 'missing').map((finding) => finding.file),
  );
  return files.filter((file) => !missing.has(file)).length;
}

/** What the torrents come to. */
export function totalsOf(
  torrents: readonly TorrentReport[],
): Pick<VerifyReport, 'outcome' | 'torrentCounts' | 'contentBytes' | 'bytesRead' | 'pieces'> {
  const torrentCounts: Record<TorrentOutcome, number> = {
    good: 0,
    damaged: 0,
    missing: 0,
    unreadable: 0,
    invalid: 0,
  };
  const sum = (value: (torrent: TorrentReport) => number): number =>
    torrents.reduce((total, torrent) => total + value(torrent), 0);
  for (const torrent of torrents) torrentCounts[torrent.outcome] += 1;
  return {
    outcome: OUTCOMES.find((outcome) => torrentCounts[outcome] > 0) ?? 'good',
    torrentCounts,
    contentBytes: sum((torrent) => torrent.contentBytes),
    bytesRead: sum((torrent) => torrent.bytesRead),
    pieces: {
      total: sum((torrent) => torrent.pieces.total),
      selected: sum((torrent) => torrent.pieces.selected),
      good: sum((torrent) => torrent.pieces.good),
      bad: sum((torrent) => torrent.pieces.bad),
      blocked: sum((torrent) => torrent.pieces.blocked),
      restored: sum((torrent) => torrent.pieces.restored),
      contradictory: sum((torrent) => torrent.pieces.contradictory),
    },
  };
}
