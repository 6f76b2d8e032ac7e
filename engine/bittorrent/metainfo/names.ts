import { asBytes, type BencodeDict, type BencodeList, decodeUtf8 } from '../../codec/bencode.ts';
import { judgeName } from '../path-safety.ts';
import { badTorrent, listField, type ParseContext, unsafePath } from './context.ts';

/** Turns the bytes of a name into text that is safe as one path component. `where` is for what is said of it. */
export type NameReader = (bytes: Uint8Array, where: string) => string;

/** BEP 52: names are UTF-8, nothing else. */
export function strictNames(context: ParseContext): NameReader {
  return (bytes, where) => {
    const name = decodeUtf8(bytes);
    if (name === undefined) throw badTorrent(where, 'is not UTF-8');
    return checkName(name, where, context);
  };
}

/**
 * Torrents of the first years have names in the encoding of their maker. `encoding` in the outer dictionary may say
 * which; without it the bytes that are no UTF-8 become `_`, as libtorrent does, so that data it stored is found.
 */
export function legacyNames(outer: BencodeDict, context: ParseContext): NameReader {
  const other = decoderFor(outer);
  return (bytes, where) => {
    let name = decodeUtf8(bytes) ?? other?.(bytes);
    if (name === undefined) {
      name = withUnderscores(bytes);
      context.warn(`name in ${where} is not UTF-8; what cannot be read became "_"`);
    }
    return checkName(name, where, context);
  };
}

function decoderFor(outer: BencodeDict): ((bytes: Uint8Array) => string | undefined) | undefined {
  const label = asBytes(outer.get('encoding'));
  if (label === undefined || label.length > 32) return undefined;
  try {
    const decoder = new TextDecoder(decodeUtf8(label) ?? '', { fatal: true });
    return (bytes) => {
      try {
        return decoder.decode(bytes);
      } catch {
        return undefined;
      }
    };
  } catch {
    return undefined; // an encoding nobody knows
  }
}

/**
 * Text with `_` in place of each sequence that is not UTF-8. How long such a sequence is, its first byte says, as in
 * libtorrent, so that the name is the one under which others have stored the file.
 */
function withUnderscores(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.length; ) {
    const lead = bytes[start]!;
    // Its leading one bits, where they are two to five.
    const ones = Math.clz32(~(lead << 24));
    const length = ones >= 2 && ones <= 5 ? ones : 1;
    text += decodeUtf8(bytes.subarray(start, start + length)) ?? '_';
    start += length;
  }
  return text;
}

function checkName(name: string, where: string, context: ParseContext): string {
  const finding = judgeName(name, context.host, context.limits.nameBytesMax);
  if (finding === undefined) return name;
  if (finding.level === 'refuse') throw unsafePath(where, name, finding.reason);
  context.warn(`${where} "${name}" ${finding.reason}`);
  return name;
}

/** Components from a bencoded list of names. BEP 3: at least one. */
export function readPath(list: BencodeList, where: string, read: NameReader): string[] {
  if (list.length === 0) throw badTorrent(where, 'is empty');
  return list.map((item) => {
    const bytes = asBytes(item);
    if (bytes === undefined) throw badTorrent(where, 'has an entry that is not a string');
    return read(bytes, where);
  });
}

/** The target of a BEP 47 symbolic link: a path from the root of the torrent, whose first component is its name. */
export function readSymlink(dict: BencodeDict, where: string, root: string, read: NameReader): string[] {
  const list = listField(dict, 'symlink path', where);
  if (list === undefined) throw badTorrent(`${where}.symlink path`, 'is missing for a symbolic link');
  return [root, ...readPath(list, `${where}.symlink path`, read)];
}

/** Refuses a path longer than the limits; returns it. */
export function checkPathLength(path: string[], where: string, context: ParseContext): string[] {
  let byteLength = path.length - 1;
  for (const name of path) byteLength += name.length;
  // UTF-8 takes at most three bytes for one UTF-16 unit: only paths near the bound are worth measuring.
  if (byteLength * 3 > context.limits.pathBytesMax) {
    byteLength = Buffer.byteLength(path.join('/'));
    if (byteLength > context.limits.pathBytesMax) {
      throw unsafePath(where, path.join('/'), `is longer than ${context.limits.pathBytesMax} bytes`);
    }
  }
  return path;
}
