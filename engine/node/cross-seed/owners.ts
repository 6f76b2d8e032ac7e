import { dirname } from 'node:path';

/** A torrent and where its content lies. */
export interface Holding {
  readonly infoHash: string;
  /** Who came first has the lower one. */
  readonly number: number;
  readonly row: {
    /** The folder its files are saved below. */
    readonly root: string;
    /** The file or folder of its content. */
    readonly contentPath: string;
  };
}

/**
 * Which torrents of a library may have the same files on the disk. A file that two have belongs to the one that came
 * first; the other one reads it and never writes. Holds no names of files: only those whose content lies at, above or
 * below the same place have to be looked at.
 */
export class Owners<T extends Holding> {
  /** One torrent as it is, several as a set: nearly all are alone in their place, and there are many. */
  private readonly byContent = new Map<string, T | Set<T>>();
  private readonly byRoot = new Map<string, T | Set<T>>();

  /** Before its place changes it has to be taken out, and put in again afterwards. */
  add(holding: T): void {
    put(this.byContent, holding.row.contentPath, holding);
    put(this.byRoot, holding.row.root, holding);
  }

  remove(holding: T): void {
    take(this.byContent, holding.row.contentPath, holding);
    take(this.byRoot, holding.row.root, holding);
  }

  /** All others that may have a file of `holding`. */
  around(holding: T): T[] {
    const found = new Set<T>();
    const { contentPath } = holding.row;
    const note = (others: T | Set<T> | undefined): void => {
      if (others === undefined || others === holding) return;
      if (!(others instanceof Set)) found.add(others);
      else for (const other of others) if (other !== holding) found.add(other);
    };
    for (let at = contentPath; ; at = dirname(at)) {
      note(this.byContent.get(at));
      if (at === dirname(at)) break;
    }
    // There are few folders that things are saved below, however many torrents there are.
    const inside = `${contentPath}/`;
    for (const [root, others] of this.byRoot) {
      if (root === contentPath || root.startsWith(inside)) note(others);
    }
    return [...found];
  }
}

function put<T extends Holding>(map: Map<string, T | Set<T>>, key: string, value: T): void {
  const known = map.get(key);
  if (known === undefined || known === value) map.set(key, value);
  else if (known instanceof Set) known.add(value);
  else map.set(key, new Set([known, value]));
}

function take<T extends Holding>(map: Map<string, T | Set<T>>, key: string, value: T): void {
  const known = map.get(key);
  if (known === value) map.delete(key);
  if (!(known instanceof Set)) return;
  known.delete(value);
  if (known.size === 0) map.delete(key);
}
