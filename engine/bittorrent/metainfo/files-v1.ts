import { asDict, type BencodeDict } from '../../codec/bencode.ts';
import { badTorrent, bytesField, lengthField, listField, type ParseContext, within } from './context.ts';
import { checkFileCount, type FileList, type ListedFile, readAttributes, readLetters } from './files.ts';
import { checkPathLength, type NameReader, readPath } from './names.ts';

/** BitComet marks padding by name only. */
const BITCOMET_PADDING = '_____padding_file_';

/** The name of the torrent: `name.utf-8` when it is there, since it is the better encoded one. */
export function readTorrentName(info: BencodeDict, read: NameReader): string {
  const key = info.has('name.utf-8') ? 'name.utf-8' : 'name';
  const bytes = bytesField(info, key, 'info');
  if (bytes === undefined) throw badTorrent('info.name', 'is missing');
  return read(bytes, `info.${key}`);
}

/** BEP 3: the files of a v1 or hybrid torrent, from `length` or `files`. */
export function readFilesV1(info: BencodeDict, read: NameReader, context: ParseContext): FileList {
  const name = readTorrentName(info, read);
  const list = listField(info, 'files', 'info');
  if (list === undefined) {
    const file = readFile(info, 'info', [name], name, read);
    return { name, isSingleFile: true, files: [file] };
  }
  if (info.has('length')) throw badTorrent('info', 'has both length and files');
  if (list.length === 0) throw badTorrent('info.files', 'is empty');
  checkFileCount(list.length, context);
  const files: ListedFile[] = [];
  try {
    for (const item of list) {
      context.file = files.length;
      const dict = asDict(item);
      if (dict === undefined) throw badTorrent('', 'is not a dictionary');
      const path = checkPathLength(readFilePath(dict, name, read), '.path', context);
      files.push(readFile(dict, '', path, name, read));
    }
  } catch (thrown) {
    throw within(`info.files[${files.length}]`, thrown);
  }
  context.file = undefined;
  return { name, isSingleFile: false, files };
}

function readFilePath(dict: BencodeDict, name: string, read: NameReader): string[] {
  const key = dict.has('path.utf-8') ? 'path.utf-8' : 'path';
  const list = listField(dict, key, '');
  if (list !== undefined) return [name, ...readPath(list, '.path', read)];
  // BEP 47: padding is never stored, so it needs no path.
  if (readLetters(dict).padding) return [name, '.pad', String(lengthField(dict, 'length', ''))];
  throw badTorrent('.path', 'is missing');
}

function readFile(
  dict: BencodeDict,
  where: string,
  path: readonly string[],
  root: string,
  read: NameReader,
): ListedFile {
  const letters = readLetters(dict);
  const isPadding = letters.padding || (path.at(-1) ?? '').startsWith(BITCOMET_PADDING);
  // BEP 47: a link has no bytes of its own, whatever its length says.
  const byteLength = letters.symlink ? 0 : lengthField(dict, 'length', where);
  const attributes = readAttributes(dict, letters, where, root, read);
  return { path, byteLength, isPadding, attributes, piecesRoot: undefined };
}
