import { dirname } from 'node:path';

/** A torrent and where its content lies. */
export interface Holding {
  readonly infoHash: string;
  /** Who came first has the lower one. */
  readonly number: number;
  /** The folder its files are saved below. */
  readonly root: string;
  /** The file or folder of its content. */
  readonly contentPath: string;
}

/**
 * Which torrents of a library may have the same files on the disk. A file that two have belongs to the one that came
 * first; the other one reads it and never writes. Holds no names of files: only those whose content lies at, above or
 * below the same place have to be looked at.
 */
export class Owners<T extends Holding> {
  private readonly byContent = new Map<string, Set<T>>();
  private readonly byRoot = new Map<string, Set<T>>();

  add(holding: T): void {
    put(this.byContent, holding.contentPath, holding);
    put(this.byRoot, holding.root, holding);
  }

  remove(holding: T): void {
    take(this.byContent, holding.contentPath, holding);
    take(this.byRoot, holding.root, holding);
  }

  /** All others that may have a file of `holding`. */
  around(holding: T): T[] {
    const found = new Set<T>();
    const note = (others: ReadonlySet<T> | undefined): void => {
      for (const other of others ?? []) if (other.infoHash !== holding.infoHash) found.add(other);
    };
    for (let at = holding.contentPath; ; at = dirname(at)) {
      note(this.byContent.get(at));
      if (at === dirname(at)) break;
    }
    // There are few folders that things are saved below, however many torrents there are.
    const inside = `${holding.contentPath}/`;
    for (const [root, others] of this.byRoot) {
      if (root === holding.contentPath || root.startsWith(inside)) note(others);
    }
    return [...found];
  }
}

function put<T>(map: Map<string, Set<T>>, key: string, value: T): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([value]));
  else set.add(value);
}

function take<T>(map: Map<string, Set<T>>, key: string, value: T): void {
  const set = map.get(key);
  set?.delete(value);
  if (set?.size === 0) map.delete(key);
}
