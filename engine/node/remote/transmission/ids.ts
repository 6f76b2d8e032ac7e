import type { Control } from '../../control/control.ts';
import type { TorrentRow } from '../../control/row.ts';
import { type JsonRecord, wrongValue } from '../values.ts';

/** The torrents a request is about. */
export interface Chosen {
  readonly rows: readonly TorrentRow[];
  /** Ids of those that have gone; only where the recently active are asked for. */
  readonly removedIds: readonly number[] | undefined;
}

/**
 * Reads `ids`: absent for all, a number, a hash, a list of both, or `recently_active`. What is not there (any more) is
 * left out, as Transmission does. Throws BAD_USAGE for anything else.
 */
export function chosenBy(args: JsonRecord, control: Control, recentSince: () => number): Chosen {
  const ids = args['ids'];
  if (ids === undefined) return { rows: [...control.rows.values()], removedIds: undefined };
  if (ids === 'recently_active' || ids === 'recently-active') {
    const { rows, removedIds } = control.changes(recentSince());
    return { rows, removedIds };
  }
  const list: readonly unknown[] = Array.isArray(ids) ? ids : [ids];
  const rows = new Set<TorrentRow>();
  for (const id of list) {
    const row = typeof id === 'string' ? control.row(id.toLowerCase()) : byNumber(id, control);
    if (row !== undefined) rows.add(row);
  }
  return { rows: [...rows], removedIds: undefined };
}

function byNumber(id: unknown, control: Control): TorrentRow | undefined {
  if (typeof id === 'number' && Number.isSafeInteger(id)) return control.byId(id);
  throw wrongValue('ids', 'a number, a hash, a list of them, or recently_active');
}
