import type { StreamSource } from '../stream/stream-desk.ts';
import type { Entry } from './entry.ts';
import type { Runner } from './runner.ts';

/**
 * A torrent that somebody wants to read from, brought into memory if it seeds from there; it stays as long as it has
 * readers. undefined: it is stopped, or its metadata is not known.
 */
export async function streamSource(
  entry: Entry | undefined,
  modules: { readonly runner: Runner },
): Promise<StreamSource | undefined> {
  if (entry === undefined || entry.removed || entry.magnet !== '') return undefined;
  await modules.runner.wake(entry);
  const torrent = entry.live?.managed.torrent;
  return torrent === undefined ? undefined : { torrent, release: () => {} };
}
