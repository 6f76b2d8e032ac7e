import type { LayoutOptions } from '../layout.ts';
import type { MetainfoVersion } from '../metainfo/types.ts';
import type { FoundContent, FoundFile } from './scan.ts';

/** A file of the torrent to be; padding lies nowhere. */
export interface PlannedFile {
  readonly path: readonly string[];
  readonly offset: number;
  readonly byteLength: number;
  readonly isPadding: boolean;
  /** undefined for padding. */
  readonly source: FoundFile | undefined;
}

/** Which file comes where. Fits {@link import('../layout.ts').Layout}. */
export interface CreatePlan extends LayoutOptions {
  readonly name: string;
  readonly isSingleFile: boolean;
  readonly files: readonly PlannedFile[];
}

/**
 * Puts the files in order and gives each its place. The same content always makes the same torrent.
 * v1: by the bytes of the whole path, as mktorrent does. v2 and hybrid: by the bytes of each component, which is the
 * order of the file tree (BEP 52).
 * Hybrid torrents of several files get padding (BEP 47) behind each, the last included, as libtorrent makes them.
 */
export function planContent(
  content: FoundContent,
  version: MetainfoVersion,
  pieceLength: number,
): CreatePlan {
  const files: PlannedFile[] = [];
  let end = 0;
  for (const source of inOrder(content.files, version === 'v1' ? joined : separated)) {
    if (version === 'v2') end = Math.ceil(end / pieceLength) * pieceLength;
    const { path, byteLength } = source;
    files.push({ path, offset: end, byteLength, isPadding: false, source });
    end += byteLength;
    const padding = (pieceLength - (end % pieceLength)) % pieceLength;
    if (version !== 'hybrid' || content.files.length === 1 || padding === 0) continue;
    const padPath = ['.pad', String(padding)];
    files.push({ path: padPath, offset: end, byteLength: padding, isPadding: true, source: undefined });
    end += padding;
  }
  const { name, isSingleFile } = content;
  return { name, isSingleFile, version, pieceLength, files, totalBytes: endOf(files) };
}

function endOf(files: readonly PlannedFile[]): number {
  const last = files.findLast((file) => file.byteLength > 0);
  return last === undefined ? 0 : last.offset + last.byteLength;
}

const joined = (path: readonly string[]): Buffer => Buffer.from(path.join('/'));
/** No name contains NUL, so a shorter component comes before a longer one that begins like it. */
const separated = (path: readonly string[]): Buffer => Buffer.from(path.join('\0'));

function inOrder(files: readonly FoundFile[], keyOf: (path: readonly string[]) => Buffer): FoundFile[] {
  return files
    .map((file) => ({ file, key: keyOf(file.path) }))
    .sort((a, b) => Buffer.compare(a.key, b.key))
    .map(({ file }) => file);
}
