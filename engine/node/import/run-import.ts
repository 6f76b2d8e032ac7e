import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { NodeStore } from '../store/store.ts';
import { type ImportLine, type ImportTarget, type ImportTotals, importAll } from './plan.ts';
import type { ImportSource } from './read-source.ts';
import type { PathMapping } from './source-paths.ts';
import { StoreTarget } from './store-target.ts';

export interface ImportOptions {
  readonly source: ImportSource;
  /** State folder of the node that gets the torrents. */
  readonly state: string;
  readonly mappings: readonly PathMapping[];
  /** Write nothing, say what would be done. */
  readonly isDry: boolean;
  readonly nowMs: number;
  readonly signal?: AbortSignal;
  readonly onLine: (line: ImportLine) => void;
}

/**
 * Takes the torrents of another program into the memory of a node that does not run. Rejects with BAD_STATE when it
 * runs, and with what else the store says; what was taken until then is there.
 */
export async function runImport(options: ImportOptions): Promise<ImportTotals> {
  // A dry run leaves no trace, not even an empty store.
  if (options.isDry && !existsSync(join(options.state, 'db'))) {
    return importAll(options, { target: EMPTY });
  }
  const store = await NodeStore.open(options.state);
  try {
    return await importAll(options, { target: await StoreTarget.open(store, options) });
  } finally {
    // Each torrent was saved as a whole: the next start has nothing to doubt.
    await store.close(true);
  }
}

const EMPTY: ImportTarget = { has: () => false, take: async () => {} };
