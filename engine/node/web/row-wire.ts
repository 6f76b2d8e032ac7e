import { printable } from '../../codec/text.ts';
import type { RowState, TorrentRow } from '../control/row.ts';
import { WIRE_FLAGS, WIRE_STATES, type WireRow } from './wire.ts';

const STATE_PLACES = Object.fromEntries(WIRE_STATES.map((state, place) => [state, place])) as Readonly<
  Record<RowState, number>
>;

const seconds = (ms: number): number => Math.floor(ms / 1000);

/** A row as the page gets it; names from strangers with nothing in them that could fool the eye. */
export function wireRow(row: TorrentRow): WireRow {
  const flags =
    (row.isPrivate ? WIRE_FLAGS.isPrivate : 0) +
    (row.sequential ? WIRE_FLAGS.sequential : 0) +
    (row.superSeed ? WIRE_FLAGS.superSeed : 0) +
    (row.forced ? WIRE_FLAGS.forced : 0);
  return [
    row.infoHash,
    printable(row.name),
    STATE_PLACES[row.state],
    row.error === '' ? '' : printable(row.error),
    Math.round(row.progress * 1e4) / 1e4,
    row.totalBytes,
    row.wantedBytes,
    row.doneBytes,
    Math.round(row.downBytesPerSec),
    Math.round(row.upBytesPerSec),
    row.downloadedBytes,
    row.uploadedBytes,
    row.peerCount,
    row.seedCount,
    row.swarmSeeds,
    row.swarmLeechers,
    seconds(row.addedAtMs),
    seconds(row.completedAtMs),
    seconds(row.lastActiveMs),
    row.queuePosition,
    row.category,
    row.tags,
    row.trackerHost,
    flags,
  ];
}

/**
 * The order of a first load: what moves or needs an eye, then the newest. So what a page shows first is there first,
 * however many follow.
 */
export function loadOrder(rows: readonly TorrentRow[]): readonly TorrentRow[] {
  const first: TorrentRow[] = [];
  const later: TorrentRow[] = [];
  for (let index = rows.length - 1; index >= 0; index--) {
    const row = rows[index]!;
    const place = STATE_PLACES[row.state];
    const isFirst = place <= STATE_PLACES.downloading || row.upBytesPerSec > 0;
    (isFirst ? first : later).push(row);
  }
  return [...first, ...later];
}
