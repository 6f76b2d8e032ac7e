import type { RowState } from '../control/row.ts';
import type { Entry } from './entry.ts';

/**
 * What is to become of a torrent. `rest`: nothing but its row; `seed`: known to the shard, in memory once somebody
 * calls; `run`: in memory with its peers; `check`: in memory to be hashed; `search`: its metadata is looked for.
 */
export type Desire = 'rest' | 'seed' | 'run' | 'check' | 'search';

/** Where a torrent belongs, and the state that is shown while it rests there. */
export function desireOf(entry: Entry): { readonly desire: Desire; readonly state: RowState } {
  const { row, trouble } = entry;
  if (entry.removed) return { desire: 'rest', state: row.state };
  if (trouble !== undefined) {
    return { desire: 'rest', state: trouble.kind === 'offline' ? 'offline' : 'error' };
  }
  if (entry.checkWish !== undefined) return { desire: 'check', state: 'checking' };
  if (entry.stopped) return { desire: 'rest', state: 'stopped' };
  if (!entry.hasTurn && !row.forced) return { desire: 'rest', state: 'queued' };
  if (entry.magnet !== '') return { desire: 'search', state: 'metadata' };
  if (isComplete(entry) && !entry.doubtful) return { desire: 'seed', state: 'seeding' };
  return { desire: 'run', state: 'downloading' };
}

/** Every chosen file is there. */
export function isComplete({ row, magnet }: Entry): boolean {
  return magnet === '' && row.doneBytes >= row.wantedBytes;
}
