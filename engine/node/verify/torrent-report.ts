import type { TorrentReport } from '../../bittorrent/verify/report.ts';
import { fileReport, outcomeOf, pieceReport, presentCount } from '../../bittorrent/verify/summarize.ts';
import type { InvalidTorrent, LoadedTorrent } from './load-torrents.ts';
import type { TorrentCheck } from './torrent-check.ts';

/** The report of a finished check. */
export function torrentReport(loaded: LoadedTorrent, check: TorrentCheck): TorrentReport {
  const { torrent, layout, selection } = check;
  const { infoHashV1, infoHashV2 } = torrent;
  const findings = check.findings();
  return {
    torrent: loaded.source,
    outcome: outcomeOf(findings, selection.verdicts, presentCount(findings, selection.files)),
    name: torrent.name,
    version: torrent.version,
    ...(infoHashV1 === undefined ? {} : { infoHashV1: hex(infoHashV1) }),
    ...(infoHashV2 === undefined ? {} : { infoHashV2: hex(infoHashV2) }),
    duplicates: loaded.duplicates,
    location: check.place.base,
    movedFiles: check.place.moved.size,
    contentBytes: torrent.contentBytes,
    selectedBytes: selection.contentBytes,
    pieceLength: torrent.pieceLength,
    fileCount: loaded.files.length,
    pieces: pieceReport(selection.verdicts, check.restored, check.contradictory),
    files: findings.map((finding) =>
      fileReport(finding, torrent.files[finding.file]!, check.pathOf(finding.file), layout),
    ),
    bytesRead: check.bytesRead,
    warnings: torrent.warnings,
  };
}

/** The report of a torrent file that is of no use. */
export function invalidReport(invalid: InvalidTorrent): TorrentReport {
  const none = { total: 0, selected: 0, good: 0, bad: 0, blocked: 0, restored: 0, contradictory: 0 };
  return {
    torrent: invalid.source,
    outcome: 'invalid',
    error: invalid.error,
    name: invalid.source.slice(invalid.source.lastIndexOf('/') + 1),
    duplicates: [],
    location: '',
    movedFiles: 0,
    contentBytes: 0,
    selectedBytes: 0,
    pieceLength: 0,
    fileCount: 0,
    pieces: { ...none, badSpans: [], blockedSpans: [], unselectedSpans: [] },
    files: [],
    bytesRead: 0,
    warnings: [],
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
