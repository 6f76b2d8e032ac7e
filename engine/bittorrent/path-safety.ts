/** Whose rules for file names hold. `posix` is Linux and its kin; macOS and Windows fold case. */
export type HostKind = 'posix' | 'macos' | 'windows';

/** The kind of host this process runs on. */
export const HOST_KIND: HostKind =
  process.platform === 'win32' ? 'windows' : process.platform === 'darwin' ? 'macos' : 'posix';

/** What is wrong with a name. `refuse`: it must not be used here; `warn`: fine here, trouble elsewhere. */
export interface NameFinding {
  readonly level: 'refuse' | 'warn';
  readonly reason: string;
}

const SEPARATOR_OR_NUL = /[/\0]/;
const NOT_ON_WINDOWS = /[<>:"|?*\\]|[. ]$/;
/** Names Windows gives to devices, also with an extension behind them. */
const DEVICE = /^(?:con|prn|aux|nul|clock\$|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?<extension> *\..*)?$/i;
/** Most names: longer than a device, shorter than the bound, nothing special in them. */
const PLAIN = /^[A-Za-z0-9_-][A-Za-z0-9_ -]{3,58}[A-Za-z0-9_-](?:\.[A-Za-z0-9]{1,9})?$/;

function isControl(code: number): boolean {
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

function hasControl(name: string): boolean {
  for (let index = 0; index < name.length; index += 1) {
    if (isControl(name.charCodeAt(index))) return true;
  }
  return false;
}

/**
 * Judges one path component from a stranger: it must name an entry of the very folder it is joined to and nothing
 * else. The names of devices are refused on every host when they stand alone (nobody needs them, and files travel);
 * with an extension, such as `aux.c` of the Linux sources, only where they are devices.
 */
export function judgeName(name: string, host: HostKind, nameBytesMax: number): NameFinding | undefined {
  if (nameBytesMax >= 255 && PLAIN.test(name)) return undefined;
  if (name === '') return { level: 'refuse', reason: 'is empty' };
  if (name === '.' || name === '..')
    return { level: 'refuse', reason: 'points to a folder outside of its own' };
  if (SEPARATOR_OR_NUL.test(name)) return { level: 'refuse', reason: 'contains a path separator or NUL' };
  if (name.split('\\').includes('..')) return { level: 'refuse', reason: 'climbs out of its folder' };
  if (Buffer.byteLength(name) > nameBytesMax) {
    return { level: 'refuse', reason: `is longer than ${nameBytesMax} bytes` };
  }
  const device = DEVICE.exec(name);
  if (device !== null && device.groups?.extension === undefined) {
    return { level: 'refuse', reason: 'is the name of a device' };
  }
  const level = host === 'windows' ? 'refuse' : 'warn';
  if (device !== null) return { level, reason: 'is the name of a device on Windows' };
  if (NOT_ON_WINDOWS.test(name)) return { level, reason: 'is no file name on Windows' };
  if (hasControl(name)) return { level, reason: 'contains control characters' };
  return undefined;
}

/** A clash of two paths of one torrent. `case`: they differ only where this kind of file system does not look. */
export interface PathClash {
  readonly kind: 'twice' | 'file-and-folder' | 'case';
  /** Index into the paths judged. */
  readonly index: number;
}

/** File systems of macOS and Windows find the same file under both. */
function fold(path: string): string {
  return path.normalize('NFC').toLowerCase();
}

/**
 * Finds the first paths that cannot exist side by side, and the first that only differ in case. Paths are lists of
 * judged components. Linear in their total length.
 */
export function findClashes(paths: readonly (readonly string[])[]): PathClash[] {
  const folded = firstClash(paths, true);
  if (folded === undefined) return [];
  const exact = firstClash(paths, false);
  return exact === undefined ? [{ kind: 'case', index: folded.index }] : [exact];
}

function firstClash(paths: readonly (readonly string[])[], folding: boolean): PathClash | undefined {
  const files = new Set<string>();
  const folders = new Set<string>();
  let lastFolder = '';
  for (let index = 0; index < paths.length; index += 1) {
    const joined = paths[index]!.join('/');
    const file = folding ? fold(joined) : joined;
    const folder = parentOf(file);
    if (folder !== lastFolder) {
      lastFolder = folder;
      for (let parent = folder; parent !== '' && !folders.has(parent); parent = parentOf(parent)) {
        folders.add(parent);
        if (files.has(parent)) return { kind: 'file-and-folder', index };
      }
    }
    if (files.has(file)) return { kind: 'twice', index };
    if (folders.has(file)) return { kind: 'file-and-folder', index };
    files.add(file);
  }
  return undefined;
}

function parentOf(path: string): string {
  const end = path.lastIndexOf('/');
  return end < 0 ? '' : path.slice(0, end);
}
