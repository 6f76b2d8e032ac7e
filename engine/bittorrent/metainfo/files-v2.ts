import { asDict, type BencodeDict, keyBytes } from '../../codec/bencode.ts';
import { badTorrent, bytesField, dictField, lengthField, type ParseContext, within } from './context.ts';
import { checkFileCount, type FileList, type ListedFile, readAttributes, readLetters } from './files.ts';
import { readTorrentName } from './files-v1.ts';
import { checkPathLength, type NameReader } from './names.ts';

const HASH_BYTES = 32;
const TREE = 'info.file tree';

/**
 * BEP 52: the files of a v2 or hybrid torrent, from `file tree`, in the order of the tree. A tree of one file and
 * no folder is a torrent of one file under that name, as libtorrent stores it; a hybrid's `files` list overrules.
 */
export function readFilesV2(info: BencodeDict, read: NameReader, context: ParseContext): FileList {
  const tree = dictField(info, 'file tree', 'info');
  if (tree === undefined) throw badTorrent(TREE, 'is missing');
  const name = readTorrentName(info, read);
  const [first, second] = tree;
  if (first === undefined) throw badTorrent(TREE, 'is empty');
  const isSingleFile = second === undefined && !info.has('files') && isLeaf(asDict(first[1]));
  const files: ListedFile[] = [];
  const walk = { files, read, context };
  if (isSingleFile) {
    const ownName = read(keyBytes(first[0]), TREE);
    if (ownName !== name) context.warn('info.name differs from the name of the one file, which is used');
    readTree(tree, [], ownName, walk);
    return { name: ownName, isSingleFile, files };
  }
  readTree(tree, [name], name, walk);
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
function readTree(tree: BencodeDict, folder: readonly string[], root: string, walk: Walk): void {
  for (const [key, item] of tree) {
    if (key === '') throw badTorrent(placeOf(folder), 'has a file where a folder is');
    walk.context.file = walk.files.length;
    const node = asDict(item);
    const path = [...folder, walk.read(keyBytes(key), TREE)];
    if (node === undefined) throw badTorrent(placeOf(path), 'is not a dictionary');
    if (!isLeaf(node)) {
      if (node.size === 0) walk.context.warn(`${placeOf(path)} is an empty folder`);
      readTree(node, path, root, walk);
      continue;
    }
    if (node.size > 1) throw badTorrent(placeOf(path), 'is a file and a folder');
    checkFileCount(walk.files.length + 1, walk.context);
    try {
      walk.files.push(readLeaf(node, checkPathLength(path, '', walk.context), root, walk.read));
    } catch (thrown) {
      throw within(placeOf(path), thrown);
    }
  }
  walk.context.file = undefined;
}

function placeOf(path: readonly string[]): string {
  return `${TREE}/${path.join('/')}`;
}

function readLeaf(node: BencodeDict, path: readonly string[], root: string, read: NameReader): ListedFile {
  const dict = dictField(node, '', '');
  if (dict === undefined) throw badTorrent('', 'is not a dictionary');
  const letters = readLetters(dict);
  if (letters.padding) throw badTorrent('', 'is padding, which a file tree cannot have');
  const attributes = readAttributes(dict, letters, '', root, read);
  const byteLength = letters.symlink ? 0 : lengthField(dict, 'length', '');
  const piecesRoot = byteLength > 0 ? bytesField(dict, 'pieces root', '') : undefined;
  if (byteLength > 0 && piecesRoot === undefined) throw badTorrent('.pieces root', 'is missing');
  if (piecesRoot !== undefined && piecesRoot.length !== HASH_BYTES) {
    throw badTorrent('.pieces root', `has ${piecesRoot.length} bytes, not ${HASH_BYTES}`);
  }
  return { path, byteLength, isPadding: false, attributes, piecesRoot };
}
