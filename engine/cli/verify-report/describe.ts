import type { FileReport, PieceSpan, TorrentReport } from '../../bittorrent/verify/report.ts';
import { formatBytes } from '../../codec/units.ts';

/** How many ranges are spelt out before “and N more”. */
const RANGES_SHOWN = 8;

const SYSTEM_WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EIO: 'the disk reports an input/output error',
  ENXIO: 'the disk is gone',
  ENODEV: 'the disk is gone',
  ESTALE: 'the network folder is gone',
  ELOOP: 'too many symbolic links',
  EMFILE: 'too many open files',
};

/** What is wrong with a file, in one phrase. */
export function describeFile(file: FileReport): string {
  const length = `${grouped(file.byteLength)} bytes`;
  const found = file.foundByteLength === undefined ? '?' : grouped(file.foundByteLength);
  switch (file.status) {
    case 'missing':
      return `missing, ${length}`;
    case 'wrong-kind':
      return file.foundKind === 'directory' ? 'a folder is in its place' : 'no regular file is in its place';
    case 'short':
      return `short: ${found} of ${length}`;
    case 'long':
      return `long: ${found} bytes, should have ${length}`;
    case 'changed':
      return `shrank to ${found} of ${length} while it was read`;
    case 'unreadable':
      return `unreadable: ${SYSTEM_WORDS[file.systemCode ?? ''] ?? file.systemCode ?? 'input/output error'}`;
    case 'bad':
      return `damaged: ${formatBytes(bytesIn(file.bad))} in bad pieces`;
    case 'unchecked':
      return `not all could be checked: it shares pieces with a file that is not there`;
  }
}

/** The byte ranges of a file, one line for each kind of trouble. Both ends of a range are meant. */
export function describeRanges(file: FileReport): string[] {
  const lines: string[] = [];
  const isWhole = file.lost.length === 1 && file.lost[0]!.from === 0 && file.lost[0]!.to === file.byteLength;
  if (file.lost.length > 0 && !isWhole) lines.push(`lost bytes ${formatRanges(file.lost)}`);
  if (file.bad.length > 0) {
    const shared =
      file.shared.length > 0 ? '; pieces shared with other files, the fault may be in those' : '';
    lines.push(`bad bytes ${formatRanges(file.bad)}${shared}`);
  }
  if (file.unchecked.length > 0) lines.push(`unchecked bytes ${formatRanges(file.unchecked)}`);
  return lines;
}

/** `3–7, 12`: pieces, both ends meant. */
export function formatSpans(spans: readonly PieceSpan[]): string {
  return listed(spans.map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`)));
}

/** What is to be said of the pieces of a torrent that is not good. */
export function describePieces(torrent: TorrentReport): string[] {
  const { pieces } = torrent;
  const lines: string[] = [];
  if (pieces.bad > 0) lines.push(`${count(pieces.bad, 'bad piece')}: ${formatSpans(pieces.badSpans)}`);
  if (pieces.contradictory > 0) {
    lines.push(
      `${count(pieces.contradictory, 'piece')} of these fit one of the torrent's two hashes and not the other`,
    );
  }
  if (pieces.blocked > 0) {
    lines.push(`${count(pieces.blocked, 'piece')} without data: ${formatSpans(pieces.blockedSpans)}`);
  }
  return lines;
}

/** `1,234,567`. By hand: the first use of Intl costs a start-up 40 ms. */
export function grouped(number: number): string {
  return String(number).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** `1 piece`, `2 pieces`. */
export function count(number: number, noun: string): string {
  return `${grouped(number)} ${noun}${number === 1 ? '' : 's'}`;
}

function bytesIn(ranges: FileReport['bad']): number {
  return ranges.reduce((sum, range) => sum + range.to - range.from, 0);
}

function formatRanges(ranges: FileReport['bad']): string {
  return listed(ranges.map(({ from, to }) => `${from}–${to - 1}`));
}

function listed(items: readonly string[]): string {
  const more = items.length - RANGES_SHOWN;
  return more > 0 ? `${items.slice(0, RANGES_SHOWN).join(', ')} and ${more} more` : items.join(', ');
}
