import { AlliumError } from '../../../codec/error.ts';
import type { TorrentRow } from '../../control/row.ts';
import type { Call } from './call.ts';

/** The torrent of the parameter `hash`. Throws NOT_FOUND. */
export function theOne({ control, params }: Call): TorrentRow {
  const row = control.row(params.needed('hash').toLowerCase());
  if (row === undefined) throw new AlliumError('NOT_FOUND', 'there is no such torrent');
  return row;
}

/** The torrents of the parameter `hashes`: `all`, or hashes with `|` between; what is not there is left out. */
export function theChosen({ control, params }: Call): readonly TorrentRow[] {
  const text = params.needed('hashes');
  if (text === 'all') return [...control.rows.values()];
  const rows = new Set<TorrentRow>();
  for (const hash of text.split('|')) {
    const row = control.row(hash.trim().toLowerCase());
    if (row !== undefined) rows.add(row);
  }
  return [...rows];
}
