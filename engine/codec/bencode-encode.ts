import type { BencodeValue } from './bencode-types.ts';

/** Bytes that are bencode already and go out as they are: an info dictionary whose hash must not change. */
export class RawBencode {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** What {@link encodeBencode} takes. Text goes out as UTF-8; record fields that are undefined are left out. */
export type BencodeInput =
  | BencodeValue
  | string
  | boolean
  | RawBencode
  | readonly BencodeInput[]
  | ReadonlyMap<string, BencodeInput>
  | BencodeRecord;

/** A dictionary as a plain object. Keys as in {@link import('./bencode-types.ts').BencodeDict}. */
export interface BencodeRecord {
  readonly [key: string]: BencodeInput | undefined;
}

type Entry = readonly [key: string, value: BencodeInput];

/**
 * BEP 3: encodes in canonical form; keys are sorted here. One pass to measure, one to write, one allocation.
 * Throws RangeError for what has no bencode form (a fraction, a key with characters above U+00FF): a mistake of
 * the caller, never of a peer.
 */
export function encodeBencode(value: BencodeInput): Uint8Array {
  const plan: Entry[][] = [];
  const bytes = new Uint8Array(measure(value, plan));
  const target = Buffer.from(bytes.buffer);
  plan.reverse();
  write(value, target, 0, plan);
  return bytes;
}

function decimalDigits(value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits += 1;
  return digits;
}

function integerText(value: number | bigint | boolean): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new RangeError(`${value} is no exact integer`);
  }
  return String(value === 0 ? 0 : value);
}

function stringBytes(byteLength: number): number {
  return decimalDigits(byteLength) + 1 + byteLength;
}

/** The entries of a dictionary in order of their keys, without what is undefined. */
function entriesOf(value: ReadonlyMap<string, BencodeInput> | BencodeRecord): Entry[] {
  const entries: Entry[] = [];
  for (const [key, item] of value instanceof Map ? value : Object.entries(value)) {
    if (item === undefined) continue;
    for (let index = 0; index < key.length; index += 1) {
      if (key.charCodeAt(index) > 0xff) throw new RangeError(`key ${JSON.stringify(key)} is not bytes`);
    }
    entries.push([key, item]);
  }
  return entries.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
}

/** Byte length of the encoded value. Sorted dictionaries are put on `plan` in the order they are met. */
function measure(value: BencodeInput, plan: Entry[][]): number {
  if (value instanceof Uint8Array) return stringBytes(value.length);
  if (typeof value === 'string') return stringBytes(Buffer.byteLength(value, 'utf8'));
  if (typeof value !== 'object') return integerText(value).length + 2;
  if (value instanceof RawBencode) return value.bytes.length;
  let sum = 2;
  if (Array.isArray(value)) {
    for (const item of value as readonly BencodeInput[]) sum += measure(item, plan);
    return sum;
  }
  const entries = entriesOf(value as ReadonlyMap<string, BencodeInput> | BencodeRecord);
  plan.push(entries);
  for (const [key, item] of entries) sum += stringBytes(key.length) + measure(item, plan);
  return sum;
}

/** One character, one byte. A call into the runtime costs more than the loop for texts this short. */
function writeBytes(text: string, target: Buffer, position: number): number {
  for (let index = 0; index < text.length; index += 1) target[position + index] = text.charCodeAt(index);
  return text.length;
}

/** Writes at `position`, returns where the value ends. `plan` hands the sorted dictionaries back, last first. */
function write(value: BencodeInput, target: Buffer, position: number, plan: Entry[][]): number {
  if (value instanceof Uint8Array) {
    const start = position + writeBytes(`${value.length}:`, target, position);
    target.set(value, start);
    return start + value.length;
  }
  if (typeof value === 'string') {
    const start = position + writeBytes(`${Buffer.byteLength(value, 'utf8')}:`, target, position);
    return start + target.write(value, start, 'utf8');
  }
  if (typeof value !== 'object') return position + writeBytes(`i${integerText(value)}e`, target, position);
  if (value instanceof RawBencode) {
    target.set(value.bytes, position);
    return position + value.bytes.length;
  }
  let next: number;
  if (Array.isArray(value)) {
    next = position + writeBytes('l', target, position);
    for (const item of value as readonly BencodeInput[]) next = write(item, target, next, plan);
  } else {
    next = position + writeBytes('d', target, position);
    for (const [key, item] of plan.pop() ?? []) {
      next += writeBytes(`${key.length}:${key}`, target, next);
      next = write(item, target, next, plan);
    }
  }
  return next + writeBytes('e', target, next);
}
