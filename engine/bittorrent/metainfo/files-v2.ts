import { asDict, type BencodeDict, keyBytes } from '../../codec/bencode.ts';
import { badTorrent, bytesField, dictField, lengthField, type ParseContext } from './context.ts';
import { checkFileCount, type FileList, type ListedFile, readAttributes, readLetters } from './files.ts';
import { readTorrentName } from './files-v1.ts';
import { checkPathLength, type NameReader } from './names.ts';

const HASH_BYTES = 32;

/**
 * BEP 52: the files of a v2 or hybrid torrent, from `file tree`, in the order of the tree. A tree of one file and
 * no folder is a torrent of one file under that name, as libtorrent stores it; a hybrid's `files` list overrules.
 */
export function readFilesV2(info: BencodeDict, read: NameReader, context: ParseContext): FileList {
  const tree = dictField(info, 'file tree', 'info');
  if (tree === undefined) throw badTorrent('info.file tree', 'is missing');
  const name = readTorrentName(info, read);
  const [first, second] = tree;
  if (first === undefined) throw badTorrent('info.file tree', 'is empty');
  const isSingleFile = second === undefined && !info.has('files') && isLeaf(asDict(first[1]));
  const files: ListedFile[] = [];
  const walk = { files, read, context };
  if (isSingleFile) {
    const ownName = read(keyBytes(first[0]), 'info.file tree');
    if (ownName !== name) context.warn('info.name differs from the name of the one file, which is used');
    readTree(tree, 'info.file tree', [], ownName, walk);
    return { name: ownName, isSingleFile, files };
  }
  readTree(tree, 'info.file tree', [name], name, walk);
  return { name, isSingleFile, files };
}

interface Walk {
  readonly files: ListedFile[];
  readonly read: NameReader;
  readonly context: ParseContext;
}

/** A dictionary whose empty key describes a file. */
function isLeaf(dict: BencodeDict | undefined): boolean {
  return dict?.has('') === true;
}

/** As deep as the decoder let the dictionaries nest, no deeper. */
function readTree(
  tree: BencodeDict,
  where: string,
  folder: readonly string[],
  root: string,
  walk: Walk,
): void {
  for (const [key, item] of tree) {
    const node = asDict(item);
    if (key === '') throw badTorrent(where, 'has a file where a folder is');
    if (node === undefined) throw badTorrent(where, 'has an entry that is not a dictionary');
    const path = [...folder, walk.read(keyBytes(key), where)];
    const inside = folder.length > 2 ? where : `${where}/${path.at(-1)}`;
    if (!isLeaf(node)) {
      if (node.size === 0) walk.context.warn(`${inside} is an empty folder`);
      readTree(node, inside, path, root, walk);
      continue;
    }
    if (node.size > 1) throw badTorrent(inside, 'is a file and a folder');
    checkFileCount(walk.files.length + 1, walk.context);
    checkPathLength(path, inside, walk.context);
    walk.files.push(readLeaf(node, inside, path, root, walk.read));
  }
}

function readLeaf(
  node: BencodeDict,
  where: string,
  path: readonly string[],
  root: string,
  read: NameReader,
): ListedFile {
  const dict = dictField(node, '', where);
  if (dict === undefined) throw badTorrent(where, 'is not a dictionary');
  const letters = readLetters(dict);
  if (letters.padding) throw badTorrent(where, 'is padding, which a file tree cannot have');
  const attributes = readAttributes(dict, letters, where, root, read);
  const byteLength = letters.symlink ? 0 : lengthField(dict, 'length', where);
  const piecesRoot = byteLength > 0 ? bytesField(dict, 'pieces root', where) : undefined;
  if (byteLength > 0 && piecesRoot === undefined) throw badTorrent(`${where}.pieces root`, 'is missing');
  if (piecesRoot !== undefined && piecesRoot.length !== HASH_BYTES) {
    throw badTorrent(`${where}.pieces root`, `has ${piecesRoot.length} bytes, not ${HASH_BYTES}`);
  }
  return { path, byteLength, isPadding: false, attributes, piecesRoot };
}
