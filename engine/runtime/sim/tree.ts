import { systemError } from '../real/file-error.ts';
import type { SimRandom } from './chance.ts';
import { SimFile } from './file.ts';

/** A virtual folder. */
export interface SimFolder {
  readonly kind: 'directory';
  readonly children: Map<string, SimNode>;
}

export type SimNode = SimFile | SimFolder;

/**
 * The names on a virtual disk. Changes to them are journalled as on the usual Linux file systems: a sync of
 * anything makes all earlier ones permanent, and a power cut undoes some of the last ones, never one in between.
 */
export class Tree {
  readonly #root: SimFolder = { kind: 'directory', children: new Map() };
  /** How to undo what is not permanent yet, oldest first. */
  #journal: (() => void)[] = [];

  /** What is at `path`; undefined if nothing. */
  find(path: string): SimNode | undefined {
    let node: SimNode | undefined = this.#root;
    for (const name of partsOf(path)) {
      if (node?.kind !== 'directory') return undefined;
      node = node.children.get(name);
    }
    return node;
  }

  /** The file at `path`, made if missing. */
  openFile(path: string, create: boolean): SimFile {
    const found = this.find(path);
    if (found?.kind === 'directory') throw systemError('EISDIR');
    if (found !== undefined) return found;
    const { folder, name } = this.#place(path);
    if (!create) throw systemError('ENOENT');
    const file = new SimFile();
    this.#set(folder, name, file);
    return file;
  }

  /** With all folders above. */
  makeFolder(path: string): void {
    let folder = this.#root;
    for (const name of partsOf(path)) {
      const next = folder.children.get(name);
      if (next?.kind === 'file') throw systemError('EEXIST');
      if (next === undefined) this.#set(folder, name, { kind: 'directory', children: new Map() });
      folder = folder.children.get(name) as SimFolder;
    }
  }

  list(path: string): string[] {
    const node = this.find(path);
    if (node === undefined) throw systemError('ENOENT');
    if (node.kind !== 'directory') throw systemError('ENOTDIR');
    return [...node.children.keys()].sort();
  }

  /** Puts `file` at `path` in place of what is there. */
  replace(path: string, file: SimFile): void {
    if (this.find(path)?.kind === 'directory') throw systemError('EISDIR');
    const { folder, name } = this.#place(path);
    this.#set(folder, name, file);
  }

  rename(from: string, to: string): void {
    const node = this.find(from);
    if (node === undefined) throw systemError('ENOENT');
    if (`${to}/`.startsWith(`${from}/`)) {
      if (from === to) return;
      throw systemError('EINVAL');
    }
    const there = this.find(to);
    if (there?.kind === 'directory') {
      if (node.kind === 'file') throw systemError('EISDIR');
      if (there.children.size > 0) throw systemError('ENOTEMPTY');
    } else if (there !== undefined && node.kind === 'directory') {
      throw systemError('ENOTDIR');
    }
    const source = this.#place(from);
    const target = this.#place(to);
    const undo = this.#set(target.folder, target.name, node);
    source.folder.children.delete(source.name);
    // One entry for both: a rename is not half done.
    this.#journal[this.#journal.length - 1] = () => {
      undo();
      source.folder.children.set(source.name, node);
    };
  }

  /** A file or an empty folder. */
  remove(path: string): void {
    const node = this.find(path);
    if (node === undefined) throw systemError('ENOENT');
    if (node.kind === 'directory' && node.children.size > 0) throw systemError('ENOTEMPTY');
    const { folder, name } = this.#place(path);
    folder.children.delete(name);
    this.#journal.push(() => folder.children.set(name, node));
  }

  /** All changes so far survive a power cut. */
  commit(): void {
    this.#journal = [];
  }

  crash(chance: SimRandom): void {
    const kept = chance.below(this.#journal.length + 1);
    while (this.#journal.length > kept) this.#journal.pop()!();
    this.#journal = [];
    for (const file of this.files()) file.crash(chance);
  }

  /** All files that have a name. */
  *files(folder: SimFolder = this.#root): Generator<SimFile> {
    for (const node of folder.children.values()) {
      if (node.kind === 'file') yield node;
      else yield* this.files(node);
    }
  }

  /** The folder that holds `path`, which must be there. */
  #place(path: string): { readonly folder: SimFolder; readonly name: string } {
    const parts = partsOf(path);
    const name = parts.pop();
    if (name === undefined) throw systemError('EISDIR');
    let folder: SimNode | undefined = this.#root;
    for (const part of parts) {
      if (folder.kind === 'file') break;
      folder = folder.children.get(part);
      if (folder === undefined) throw systemError('ENOENT');
    }
    if (folder.kind === 'file') throw systemError('ENOTDIR');
    return { folder, name };
  }

  #set(folder: SimFolder, name: string, node: SimNode): () => void {
    const old = folder.children.get(name);
    folder.children.set(name, node);
    const undo = (): void => {
      if (old === undefined) folder.children.delete(name);
      else folder.children.set(name, old);
    };
    this.#journal.push(undo);
    return undo;
  }
}

/** The path as the disk knows it: absolute, without `.`, `..` and doubled slashes. */
export function normalizePath(path: string): string {
  return `/${partsOf(path).join('/')}`;
}

function partsOf(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts;
}
