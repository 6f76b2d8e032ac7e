import { readdirSync, readFileSync, statSync } from 'node:fs';
import { METAINFO_LIMITS } from '../../bittorrent/metainfo/limits.ts';
import {
  asDict,
  asInteger,
  asText,
  type BencodeDict,
  type BencodeValue,
  decodeBencode,
  describeBencodeFault,
} from '../../codec/bencode.ts';
import { AlliumError } from '../../codec/error.ts';
import { fileError } from '../../runtime/real/file-error.ts';
import { badSource } from './types.ts';

/** A state file of one torrent: piece bitfields and hashes of BEP 52 trees take the room. */
export const STATE_BYTES_MAX = 64 * 1024 * 1024;
/** One file with the state of all torrents, as Deluge has it. */
export const STATE_OF_ALL_BYTES_MAX = 1024 * 1024 * 1024;

/** Names in a folder, sorted. Throws the file system's error as an AlliumError. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    throw fileError(error, 'read', folder);
  }
}

/** The bytes of a small file. Throws BAD_STATE. */
export function bytesOf(path: string, bytesMax: number = STATE_BYTES_MAX): Buffer {
  const what = path.slice(path.lastIndexOf('/') + 1);
  let size: number;
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw badSource(`${what} is no file`);
    size = stats.size;
    if (size <= bytesMax) return readFileSync(path);
  } catch (error) {
    if (error instanceof AlliumError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw badSource(
      code === 'ENOENT' ? `${what} is not there` : `${what} cannot be read (${code ?? 'unknown error'})`,
    );
  }
  throw badSource(`${what} has ${size} bytes, more than ${bytesMax}`);
}

/** Unix milliseconds of the last change. */
export function changedAtMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** A bencoded dictionary, keys in any order. Throws BAD_STATE; `what` names the file. */
export function dictOf(bytes: Uint8Array, what: string): BencodeDict {
  const result = decodeBencode(bytes, {
    keyOrder: 'any',
    byteLengthMax: Math.max(STATE_BYTES_MAX, bytes.length),
    itemCountMax: METAINFO_LIMITS.itemCountMax,
    allowTrailing: true,
  });
  if (!result.ok) throw badSource(`${what} is damaged: ${describeBencodeFault(result.fault)}`);
  const dict = asDict(result.value);
  if (dict === undefined) throw badSource(`${what} holds no dictionary`);
  return dict;
}

/** A number that counts something, else 0: negative ones are other programs' way to say that there is none. */
export function countAt(dict: BencodeDict | undefined, key: string): number {
  return Math.max(0, asInteger(dict?.get(key)) ?? 0);
}

/** Seconds since 1970 as milliseconds; 0: never. */
export function secondsAt(dict: BencodeDict | undefined, key: string): number {
  return countAt(dict, key) * 1000;
}

export function textAt(dict: BencodeDict | undefined, key: string): string {
  return asText(dict?.get(key)) ?? '';
}

export function flagAt(dict: BencodeDict | undefined, key: string): boolean {
  return countAt(dict, key) !== 0;
}

/** The texts of a list, without what is none. */
export function textsOf(value: BencodeValue | undefined): string[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly BencodeValue[]).map(asText).filter((text) => text !== undefined);
}
