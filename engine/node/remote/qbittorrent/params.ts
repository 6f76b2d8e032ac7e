import { AlliumError } from '../../../codec/error.ts';
import { wrongValue } from '../values.ts';
import { parseMultipart } from './multipart.ts';

/** Fields of one request; more are left out. */
const FIELDS_MAX = 10_000;

/** The parameters of a request, from its query and its body; texts all of them, as the protocol has it. */
export class Params {
  private readonly texts = new Map<string, string>();
  /** Files that were sent, in their order. */
  readonly files: readonly Buffer[];

  private constructor(texts: ReadonlyMap<string, string>, files: readonly Buffer[]) {
    this.texts = new Map(texts);
    this.files = files;
  }

  /** Undefined when the body is not what its type says. What is in the body counts before what is in the query. */
  static read(query: string, contentType: string, body: Buffer): Params | undefined {
    const texts = new Map<string, string>();
    readPairs(query, texts);
    if (!/^multipart\//i.test(contentType)) {
      if (/^application\/x-www-form-urlencoded/i.test(contentType)) readPairs(body.toString('utf8'), texts);
      return new Params(texts, []);
    }
    const parts = parseMultipart(body, contentType);
    if (parts === undefined) return undefined;
    const files: Buffer[] = [];
    for (const { name, filename, bytes } of parts) {
      if (filename === undefined) texts.set(name, bytes.toString('utf8'));
      else files.push(bytes);
    }
    return new Params(texts, files);
  }

  text(name: string): string | undefined {
    return this.texts.get(name);
  }

  /** Throws BAD_USAGE when it is not there. */
  needed(name: string): string {
    const text = this.texts.get(name);
    if (text === undefined) throw new AlliumError('BAD_USAGE', `the parameter ${name} is missing`);
    return text;
  }

  /** Undefined: not there, or neither true nor false. */
  truth(name: string): boolean | undefined {
    const text = this.texts.get(name)?.toLowerCase();
    if (text === 'true' || text === '1') return true;
    return text === 'false' || text === '0' ? false : undefined;
  }

  /** Throws BAD_USAGE for what is no number. */
  number(name: string): number | undefined {
    const text = this.texts.get(name)?.trim();
    if (text === undefined || text === '') return undefined;
    const value = Number(text);
    if (Number.isFinite(value)) return value;
    throw wrongValue(name, 'a number');
  }

  whole(name: string, min: number, max: number): number | undefined {
    const value = this.number(name);
    if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return value;
    throw wrongValue(name, `a whole number from ${min} to ${max}`);
  }

  /** Parts between `separator`, trimmed, the empty ones left out. */
  list(name: string, separator: string): readonly string[] {
    return (this.texts.get(name) ?? '')
      .split(separator)
      .map((part) => part.trim())
      .filter((part) => part !== '');
  }
}

function readPairs(text: string, into: Map<string, string>): void {
  for (const [name, value] of new URLSearchParams(text)) {
    if (into.size >= FIELDS_MAX) return;
    into.set(name, value);
  }
}
