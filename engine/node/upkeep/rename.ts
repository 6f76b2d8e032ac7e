import { HOST_KIND, judgeName } from '../../bittorrent/path-safety.ts';
import { AlliumError } from '../../codec/error.ts';

/** Longest name of a file or folder that file systems take. */
const NAME_BYTES_MAX = 255;

/**
 * The paths of a torrent's files after the file or folder at `path` has got another name; both as parts joined with
 * `/`. Files that stay are the same objects. Throws BAD_USAGE for a name that is none or is taken, NOT_FOUND when there
 * is nothing at `path`.
 */
export function renamePaths(paths: readonly string[], path: string, name: string): string[] {
  const finding = judgeName(name, HOST_KIND, NAME_BYTES_MAX);
  if (finding?.level === 'refuse') throw wrongName(name, finding.reason);
  const above = path.slice(0, path.lastIndexOf('/') + 1);
  const next = `${above}${name}`;
  const isIn = (file: string, folder: string): boolean => file === folder || file.startsWith(`${folder}/`);
  if (path === '' || !paths.some((file) => isIn(file, path))) {
    throw new AlliumError('NOT_FOUND', `the torrent has no file or folder “${path}”`, {
      advice: 'See the list of its files.',
      details: { path },
    });
  }
  if (next === path) return [...paths];
  const clashes = paths.some(
    (file) => !isIn(file, path) && (isIn(file, next) || next.startsWith(`${file}/`)),
  );
  if (clashes) throw wrongName(name, 'is the name of another file or folder there');
  return paths.map((file) => (isIn(file, path) ? `${next}${file.slice(path.length)}` : file));
}

function wrongName(name: string, reason: string): AlliumError {
  return new AlliumError('BAD_USAGE', `the name “${name}” ${reason}`, { advice: 'Choose another one.' });
}
