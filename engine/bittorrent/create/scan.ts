import { basename, join, resolve } from 'node:path';
import { AlliumError } from '../../codec/error.ts';
import type { FileStat, FileSystem } from '../../runtime/port.ts';
import { METAINFO_LIMITS } from '../metainfo/limits.ts';
import { HOST_KIND, judgeName } from '../path-safety.ts';

/** A file that goes into a torrent, as it was when it was found. */
export interface FoundFile {
  /** Components below the root; empty when the root is the file. */
  readonly path: readonly string[];
  /** Where it lies. */
  readonly source: string;
  readonly byteLength: number;
  readonly modifiedMs: number;
}

/** What a torrent is made of. */
export interface FoundContent {
  /** Last component of the root: the name of the torrent. */
  readonly name: string;
  readonly isSingleFile: boolean;
  /** In no particular order. */
  readonly files: readonly FoundFile[];
  readonly contentBytes: number;
  /** Names that other systems cannot store, one sentence each; bounded. */
  readonly warnings: readonly string[];
}

/** What {@link scanContent} looks at. */
export interface ScanOptions {
  readonly path: string;
  /** A file that is left out wherever it is met: the torrent file to be written. Need not exist. */
  readonly except?: string;
  /** Aborting rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Entries of a folder that are looked at side by side. */
const STATS_AT_ONCE = 32;
const WARNING_COUNT_MAX = 16;

/**
 * Finds the files below a path. Symbolic links are followed, so that a link counts as what it points to; one that
 * leads back into its own folder is refused. Empty folders are left out: a torrent has no place for them.
 * Rejects with AlliumError: NOT_FOUND, NO_PERMISSION, WRONG_KIND for what is neither file nor folder, UNSAFE_PATH
 * for names that no torrent can have, BAD_USAGE when there is no data.
 */
export async function scanContent(options: ScanOptions, files: FileSystem): Promise<FoundContent> {
  const root = resolve(options.path);
  const stat = await files.stat(root);
  if (stat === undefined) throw notFound(root);
  const scan = new Scan(files, options, await exceptPath(options.except, files));
  const name = basename(root);
  scan.checkName(name, root);
  if (stat.kind === 'directory') await scan.folder(root, [], []);
  else scan.file(root, [], stat);
  const contentBytes = scan.found.reduce((sum, file) => sum + file.byteLength, 0);
  if (contentBytes === 0) {
    throw new AlliumError('BAD_USAGE', `${root} holds no data`, {
      advice: 'A torrent needs at least one byte.',
      details: { path: root },
    });
  }
  const isSingleFile = stat.kind !== 'directory';
  return { name, isSingleFile, files: scan.found, contentBytes, warnings: scan.warnings };
}

async function exceptPath(path: string | undefined, files: FileSystem): Promise<string | undefined> {
  if (path === undefined || (await files.stat(path)) === undefined) return undefined;
  return files.realPath(path);
}

class Scan {
  readonly found: FoundFile[] = [];
  readonly warnings: string[] = [];
  readonly #files: FileSystem;
  readonly #options: ScanOptions;
  readonly #except: string | undefined;

  constructor(files: FileSystem, options: ScanOptions, except: string | undefined) {
    this.#files = files;
    this.#options = options;
    this.#except = except;
  }

  /** `above` are the resolved paths of the folders this one lies in. */
  async folder(source: string, path: readonly string[], above: readonly string[]): Promise<void> {
    this.#options.signal?.throwIfAborted();
    const real = await this.#files.realPath(source);
    if (above.includes(real)) {
      throw new AlliumError('WRONG_KIND', `${source} is a link back into the folder it lies in`, {
        advice: 'Remove the link, or make the torrent of another folder.',
        details: { path: source },
      });
    }
    const names = await this.#files.readDirectory(source);
    for (let from = 0; from < names.length; from += STATS_AT_ONCE) {
      const some = names.slice(from, from + STATS_AT_ONCE);
      const stats = await Promise.all(some.map((name) => this.#files.stat(join(source, name))));
      for (const [index, name] of some.entries()) {
        const child = join(source, name);
        this.checkName(name, child);
        const stat = stats[index];
        if (stat?.kind === 'directory') await this.folder(child, [...path, name], [...above, real]);
        else if (!(await this.#isExcept(name, child))) this.file(child, [...path, name], stat);
      }
    }
  }

  file(source: string, path: readonly string[], stat: FileStat | undefined): void {
    if (stat === undefined) throw notFound(source);
    if (stat.kind !== 'file') {
      throw new AlliumError('WRONG_KIND', `${source} is neither a file nor a folder`, {
        advice: 'Move it away: a torrent holds plain files only.',
        details: { path: source },
      });
    }
    if (this.found.length >= METAINFO_LIMITS.fileCountMax) {
      throw new AlliumError('BAD_USAGE', `there are more than ${METAINFO_LIMITS.fileCountMax} files`, {
        advice: 'Make several torrents, or pack the files into an archive.',
      });
    }
    this.found.push({ path, source, byteLength: stat.byteLength, modifiedMs: stat.modifiedMs });
  }

  checkName(name: string, source: string): void {
    const finding = judgeName(name, HOST_KIND, METAINFO_LIMITS.nameBytesMax);
    if (finding === undefined) return;
    if (finding.level === 'refuse') {
      throw new AlliumError('UNSAFE_PATH', `the name of ${source} ${finding.reason}`, {
        advice: 'Rename it: other programs would refuse the torrent.',
        details: { path: source },
      });
    }
    if (this.warnings.length < WARNING_COUNT_MAX)
      this.warnings.push(`the name of ${source} ${finding.reason}`);
  }

  /** Resolving a path costs, so only files of that very name are looked at. */
  async #isExcept(name: string, source: string): Promise<boolean> {
    if (this.#except === undefined || basename(this.#except) !== name) return false;
    return (await this.#files.realPath(source)) === this.#except;
  }
}

function notFound(path: string): AlliumError {
  return new AlliumError('NOT_FOUND', `there is nothing at ${path}`, {
    advice: 'Check the path; a symbolic link may point to nothing, a name may not be UTF-8.',
    details: { path },
  });
}
