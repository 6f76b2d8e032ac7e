import { asBytes, type BencodeDict } from '../../codec/bencode.ts';
import { findClashes } from '../path-safety.ts';
import { badTorrent, type ParseContext, unsafePath } from './context.ts';
import { type NameReader, readSymlink } from './names.ts';
import type { FileAttributes } from './types.ts';

/** A file as one of the two lists tells it, before it has a place in the piece space. */
export interface ListedFile {
  readonly path: readonly string[];
  readonly byteLength: number;
  readonly isPadding: boolean;
  readonly attributes: FileAttributes;
  readonly piecesRoot: Uint8Array | undefined;
}

/** The files of a torrent as listed, and whether they lie in a folder. */
export interface FileList {
  readonly name: string;
  readonly isSingleFile: boolean;
  readonly files: readonly ListedFile[];
}

const PLAIN: FileAttributes = { executable: false, hidden: false, symlinkTarget: undefined };

/** BEP 47 `attr`: one letter each; letters nobody knows are to be ignored. */
export interface AttributeLetters {
  readonly executable: boolean;
  readonly hidden: boolean;
  readonly padding: boolean;
  readonly symlink: boolean;
}

const NO_LETTERS: AttributeLetters = { executable: false, hidden: false, padding: false, symlink: false };

/** The letters of `attr`; none when it is missing or no string. */
export function readLetters(dict: BencodeDict): AttributeLetters {
  const letters = asBytes(dict.get('attr'));
  if (letters === undefined || letters.length === 0) return NO_LETTERS;
  const has = (letter: string): boolean => letters.includes(letter.charCodeAt(0));
  return { executable: has('x'), hidden: has('h'), padding: has('p'), symlink: has('l') };
}

/** The attributes as the rest of the engine sees them; reads the target of a link. */
export function readAttributes(
  dict: BencodeDict,
  letters: AttributeLetters,
  where: string,
  root: string,
  read: NameReader,
): FileAttributes {
  if (letters === NO_LETTERS) return PLAIN;
  return {
    executable: letters.executable,
    hidden: letters.hidden,
    symlinkTarget: letters.symlink ? readSymlink(dict, where, root, read) : undefined,
  };
}

/** Refuses files that cannot exist side by side. Two that differ only in case are refused where that is one file. */
export function checkClashes(list: FileList, context: ParseContext): void {
  const stored = list.files.filter((file) => !file.isPadding).map((file) => file.path);
  for (const clash of findClashes(stored)) {
    const path = stored[clash.index]?.join('/') ?? '';
    if (clash.kind === 'twice') throw unsafePath('file', path, 'is there twice');
    if (clash.kind === 'file-and-folder')
      throw unsafePath('file', path, 'clashes with a folder of the same name');
    if (context.host !== 'posix') throw unsafePath('file', path, 'differs from another only in case');
    context.warn(`file names differ only in case: "${path}" and another`);
  }
}

/** Where the files may not go on: both lists stop here. */
export function checkFileCount(count: number, context: ParseContext): void {
  if (count > context.limits.fileCountMax) {
    throw badTorrent('info', `has more than ${context.limits.fileCountMax} files`);
  }
}
