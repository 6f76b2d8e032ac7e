import { watch } from 'node:fs';

/**
 * Tells of changes in `folder` as the system reports them. Where it cannot (a network drive, no watches left) nothing
 * is told, and the regular look at the folder has to do.
 */
export function watchRealFolder(folder: string, onChange: () => void): () => void {
  try {
    const watcher = watch(folder, { persistent: false }, () => onChange());
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    return () => {};
  }
}
