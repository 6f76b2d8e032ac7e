import {
  asBytes,
  asDict,
  asInteger,
  asList,
  type BencodeDict,
  type BencodeList,
  type BencodeValue,
} from '../../codec/bencode.ts';
import { AlliumError } from '../../codec/error.ts';
import type { HostKind } from '../path-safety.ts';
import type { MetainfoLimits } from './limits.ts';

const TEXT_LENGTH_MAX = 200;

/** A stranger's text may be megabytes long. What it holds is made printable where it is printed. */
function shorten(text: string): string {
  return text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX)}…` : text;
}

/** A torrent that is refused: what is wrong where, in one line. */
export function badTorrent(where: string, what: string): AlliumError {
  return new AlliumError('BAD_TORRENT', `${shorten(where)} ${what}`, {
    advice: 'The torrent is damaged or was made by a faulty program; get it again from its source.',
    details: { where: shorten(where) },
  });
}

/** A torrent whose names could reach outside of its folder. `name` is the stranger's. */
export function unsafePath(where: string, name: string, reason: string): AlliumError {
  return new AlliumError('UNSAFE_PATH', `${shorten(where)} "${shorten(name)}" ${reason}`, {
    advice: 'Nothing was written. Do not use this torrent unless you know where it comes from.',
    details: { where: shorten(where) },
  });
}

/**
 * A refusal met inside of something, with the place of that in front. Naming places only when something is wrong
 * saves a third of the time for torrents of very many files.
 */
export function within(place: string, thrown: unknown): unknown {
  if (!(thrown instanceof AlliumError)) return thrown;
  const { code, message, advice } = thrown;
  const details = { where: shorten(`${place}${thrown.details.where ?? ''}`) };
  return new AlliumError(code, `${shorten(place)}${message}`, { advice, details });
}

/** What the parts of the parser share for the torrent at hand. */
export class ParseContext {
  readonly limits: MetainfoLimits;
  readonly host: HostKind;
  /** Which file is being read, for the warnings. */
  file: number | undefined;
  readonly #warnings: string[] = [];
  #warningsLeftOut = 0;

  constructor(limits: MetainfoLimits, host: HostKind) {
    this.limits = limits;
    this.host = host;
  }

  warn(sentence: string): void {
    if (this.#warnings.length < this.limits.warningCountMax) {
      const place = this.file === undefined ? '' : `file ${this.file}: `;
      this.#warnings.push(shorten(place + sentence));
    } else this.#warningsLeftOut += 1;
  }

  get warnings(): readonly string[] {
    if (this.#warningsLeftOut === 0) return this.#warnings;
    return [...this.#warnings, `and ${this.#warningsLeftOut} more of this kind`];
  }
}

/**
 * Fields of a dictionary that must have a kind when they are there: `undefined` says the key is missing, another
 * kind throws BAD_TORRENT with the place.
 */
function field<T>(
  dict: BencodeDict,
  key: string,
  where: string,
  read: (value: BencodeValue | undefined) => T | undefined,
  kind: string,
): T | undefined {
  const value = dict.get(key);
  if (value === undefined) return undefined;
  const found = read(value);
  if (found === undefined) throw badTorrent(`${where}.${key}`, `is not ${kind}`);
  return found;
}

/** A byte string, or undefined when the key is missing. Throws BAD_TORRENT for another kind. */
export function bytesField(dict: BencodeDict, key: string, where: string): Uint8Array | undefined {
  return field(dict, key, where, asBytes, 'a string');
}

/** An integer within ±2^53, or undefined when the key is missing. Throws BAD_TORRENT for another kind. */
export function integerField(dict: BencodeDict, key: string, where: string): number | undefined {
  return field(dict, key, where, asInteger, 'an integer within 2^53');
}

/** A list, or undefined when the key is missing. Throws BAD_TORRENT for another kind. */
export function listField(dict: BencodeDict, key: string, where: string): BencodeList | undefined {
  return field(dict, key, where, asList, 'a list');
}

/** A dictionary, or undefined when the key is missing. Throws BAD_TORRENT for another kind. */
export function dictField(dict: BencodeDict, key: string, where: string): BencodeDict | undefined {
  return field(dict, key, where, asDict, 'a dictionary');
}

/** A length in bytes. Throws BAD_TORRENT when it is missing or negative. */
export function lengthField(dict: BencodeDict, key: string, where: string): number {
  const length = integerField(dict, key, where);
  if (length === undefined) throw badTorrent(`${where}.${key}`, 'is missing');
  if (length < 0) throw badTorrent(`${where}.${key}`, `is ${length}, a length cannot be negative`);
  return length;
}
