import { asText } from '../../codec/bencode.ts';
import { badSource } from './types.ts';

/** A value of a Python pickle, as far as state files have them. Tuples and sets come out as lists. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | PickleDict
  | PickleObject;

export class PickleDict {
  readonly entries = new Map<string | number, PickleValue>();
}

/** An instance of a class: its name and its attributes. Nothing of the class itself is ever run. */
export class PickleObject {
  readonly className: string;
  readonly attributes = new Map<string, PickleValue>();

  constructor(className: string) {
    this.className = className;
  }
}

/** Instructions of one pickle: a torrent takes some 200. */
export const PICKLE_INSTRUCTIONS_MAX = 20_000_000;
/** Longest text, number or line. */
const LINE_BYTES_MAX = 64 * 1024;

/** A class, before there is an instance of it. */
class ClassName {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

const MARK = Symbol('mark');
type Item = PickleValue | ClassName | typeof MARK;

/**
 * Reads a Python pickle of protocols 0 to 4 made of plain data and of instances that have nothing but attributes.
 * A pickle is a program; this runs none of it: classes are names, calls make empty objects, and every instruction that
 * is not known ends the reading. Throws BAD_STATE.
 */
export function readPickle(bytes: Uint8Array, instructionsMax = PICKLE_INSTRUCTIONS_MAX): PickleValue {
  const machine = new PickleMachine(bytes, instructionsMax);
  return machine.run();
}

class PickleMachine {
  private readonly bytes: Buffer;
  private readonly instructionsMax: number;
  private readonly stack: Item[] = [];
  private readonly memo = new Map<number, Item>();
  private at = 0;
  private steps = 0;

  constructor(bytes: Uint8Array, instructionsMax: number) {
    this.instructionsMax = instructionsMax;
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): PickleValue {
    for (;;) {
      this.steps += 1;
      if (this.steps > this.instructionsMax) {
        throw badSource(`its state has more than ${this.instructionsMax} instructions`);
      }
      const code = this.text(1);
      if (code === '.') return this.value(this.pop());
      const plain = this.plain(code);
      if (plain !== undefined) this.stack.push(plain);
      else if (!this.structure(code) && !this.remember(code)) {
        throw badSource(`its state has the instruction ${JSON.stringify(code)}, which no state needs`);
      }
    }
  }

  /** What puts one plain value on the stack. */
  private plain(code: string): Item | undefined {
    switch (code) {
      case 'N':
        return null;
      case '\x88':
        return true;
      case '\x89':
        return false;
      case 'K':
        return this.take(1).readUInt8();
      case 'M':
        return this.take(2).readUInt16LE();
      case 'J':
        return this.take(4).readInt32LE();
      case 'G':
        return this.take(8).readDoubleBE();
      case '\x8a':
        return long(this.take(this.take(1).readUInt8()));
      case 'I':
        return number(this.line());
      case 'L':
        return number(this.line().replace(/L$/, ''));
      case 'F':
        return Number(this.line());
      case 'X':
        return this.utf8(this.take(4).readUInt32LE());
      case '\x8c':
        return this.utf8(this.take(1).readUInt8());
      case 'V':
        return this.line().replace(/\\u([0-9a-f]{4})/g, (_, digits: string) =>
          String.fromCharCode(Number.parseInt(digits, 16)),
        );
      case 'U':
        return this.string(this.take(1).readUInt8());
      case 'T':
        return this.string(this.take(4).readInt32LE());
      case 'S':
        return bytesText(unquoted(this.line()));
      case 'C':
        return Uint8Array.from(this.take(this.take(1).readUInt8()));
      case 'B':
        return Uint8Array.from(this.take(this.take(4).readUInt32LE()));
      case '(':
        return MARK;
      case ')':
      case ']':
        return [];
      case '}':
        return new PickleDict();
      case 'c':
        return new ClassName(`${this.line()}.${this.line()}`);
      default:
        return undefined;
    }
  }

  /** What joins values. */
  private structure(code: string): boolean {
    switch (code) {
      case 't':
      case 'l':
        this.stack.push(this.toMark());
        return true;
      case 'd':
        this.stack.push(fill(new PickleDict(), this.toMark()));
        return true;
      case '\x85':
      case '\x86':
      case '\x87':
        this.stack.push(this.several(code.charCodeAt(0) - 0x84));
        return true;
      case 'a':
        this.list([this.value(this.pop())]);
        return true;
      case 'e':
        this.list(this.toMark());
        return true;
      case 's':
        this.dict(this.several(2));
        return true;
      case 'u':
        this.dict(this.toMark());
        return true;
      case '\x93': {
        const [module, name] = this.several(2);
        this.stack.push(new ClassName(`${String(module)}.${String(name)}`));
        return true;
      }
      case 'i':
        this.instance(`${this.line()}.${this.line()}`, this.toMark());
        return true;
      case '\x81':
      case 'R':
        this.call();
        return true;
      case 'b':
        this.build(this.value(this.pop()));
        return true;
      case '0':
        this.pop();
        return true;
      default:
        return false;
    }
  }

  /** Notes and heads. */
  private remember(code: string): boolean {
    switch (code) {
      case '\x80':
        this.take(1);
        return true;
      case '\x95':
        this.take(8);
        return true;
      case 'q':
        return this.note(this.take(1).readUInt8());
      case 'r':
        return this.note(this.take(4).readUInt32LE());
      case 'p':
        return this.note(Number(this.line()));
      case '\x94':
        return this.note(this.memo.size);
      case 'h':
        return this.recall(this.take(1).readUInt8());
      case 'j':
        return this.recall(this.take(4).readUInt32LE());
      case 'g':
        return this.recall(Number(this.line()));
      default:
        return false;
    }
  }

  /** Python 2 makes instances by `copy_reg._reconstructor(class, base, state)`, later versions by `class.__new__()`. */
  private call(): void {
    const words = this.pop();
    const callee = this.pop();
    if (!(callee instanceof ClassName) || !Array.isArray(words))
      throw badSource('its state calls what is no class');
    const [first] = words as Item[];
    const made =
      /^copy_?reg\._reconstructor$/.test(callee.name) && first instanceof ClassName ? first : callee;
    this.stack.push(new PickleObject(made.name));
  }

  private instance(className: string, words: readonly PickleValue[]): void {
    if (words.length > 0) throw badSource('its state makes an instance from values');
    this.stack.push(new PickleObject(className));
  }

  private build(state: PickleValue): void {
    const target = this.stack.at(-1);
    if (!(target instanceof PickleObject))
      throw badSource('its state gives attributes to what is no instance');
    const attributes = state instanceof PickleDict ? state : undefined;
    for (const [name, value] of attributes?.entries ?? []) target.attributes.set(String(name), value);
  }

  private list(values: readonly PickleValue[]): void {
    const target = this.stack.at(-1);
    if (!Array.isArray(target)) throw badSource('its state adds to what is no list');
    for (const value of values) target.push(value);
  }

  private dict(pairs: readonly PickleValue[]): void {
    const target = this.stack.at(-1);
    if (!(target instanceof PickleDict)) throw badSource('its state sets what is no dictionary');
    fill(target, pairs);
  }

  private note(key: number): true {
    const top = this.stack.at(-1);
    if (top === undefined || top === MARK) throw badSource('its state notes nothing');
    this.memo.set(key, top);
    return true;
  }

  private recall(key: number): true {
    const item = this.memo.get(key);
    if (item === undefined) throw badSource('its state asks for what was never noted');
    this.stack.push(item);
    return true;
  }

  private pop(): Item {
    const item = this.stack.pop();
    if (item === undefined) throw badSource('its state takes from an empty stack');
    return item;
  }

  private several(count: number): PickleValue[] {
    return Array.from({ length: count }, () => this.value(this.pop())).reverse();
  }

  private toMark(): PickleValue[] {
    const at = this.stack.lastIndexOf(MARK);
    if (at < 0) throw badSource('its state ends a list that was never begun');
    const items = this.stack.splice(at);
    return items.slice(1).map((item) => this.value(item));
  }

  /** A class where a value should be is of no use to anybody, but for the words of a call. */
  private value(item: Item): PickleValue {
    if (item === MARK) throw badSource('its state has a list without an end');
    return item as PickleValue;
  }

  private take(byteLength: number): Buffer {
    if (byteLength < 0 || this.at + byteLength > this.bytes.length) throw badSource('its state is cut short');
    const part = this.bytes.subarray(this.at, this.at + byteLength);
    this.at += byteLength;
    return part;
  }

  private text(byteLength: number): string {
    return this.take(byteLength).toString('latin1');
  }

  private utf8(byteLength: number): string {
    return this.take(byteLength).toString('utf8');
  }

  /** Strings of Python 2 are bytes: text where they are UTF-8. */
  private string(byteLength: number): string | Uint8Array {
    return bytesText(this.take(byteLength));
  }

  private line(): string {
    const end = this.bytes.indexOf(10, this.at);
    if (end < 0 || end - this.at > LINE_BYTES_MAX) throw badSource('its state is cut short');
    const text = this.bytes.toString('latin1', this.at, end);
    this.at = end + 1;
    return text;
  }
}

function bytesText(bytes: Buffer): string | Uint8Array {
  const own = Uint8Array.from(bytes);
  return asText(own) ?? own;
}

/** A string as Python 2 writes it down: in quotes, what is not printable spelt out. */
function unquoted(text: string): Buffer {
  const plain = text
    .slice(1, -1)
    .replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_, digits?: string, sign?: string) => {
      if (digits !== undefined) return String.fromCharCode(Number.parseInt(digits, 16));
      return sign === 'n' ? '\n' : sign === 't' ? '\t' : sign === 'r' ? '\r' : (sign ?? '');
    });
  return Buffer.from(plain, 'latin1');
}

function fill(target: PickleDict, pairs: readonly PickleValue[]): PickleDict {
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const key = pairs[at]!;
    if (typeof key === 'string' || typeof key === 'number') target.entries.set(key, pairs[at + 1]!);
  }
  return target;
}

/** Protocol 0 writes truth as 00 and 01. */
function number(text: string): PickleValue {
  if (text === '01') return true;
  if (text === '00') return false;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : 0;
}

/** Little-endian, two's complement. One beyond 2^53 is no count or time of ours. */
function long(bytes: Buffer): number {
  let value = 0n;
  for (let at = bytes.length - 1; at >= 0; at -= 1) value = (value << 8n) | BigInt(bytes[at]!);
  const signed = BigInt.asIntN(bytes.length * 8, value);
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : 0;
}
