import { decodeBase64, excerpt } from './text.ts';

/** Bounds of a document of the directory. */
export interface DocumentLimits {
  /** Length of the whole document. */
  readonly bytesMax: number;
  /** Length of one line. */
  readonly lineBytesMax: number;
  /** Length of one object with its BEGIN and END lines. */
  readonly objectBytesMax: number;
  /** Lines with a keyword. */
  readonly linesMax: number;
}

/** A keyword line can have an object behind it. dir-spec, document meta-format. */
export interface PemObject {
  /** What stands behind BEGIN: `RSA PUBLIC KEY`. */
  readonly label: string;
  readonly bytes: Uint8Array;
}

const BEGIN = '-----BEGIN ';
const END = '-----END ';
const DASHES = '-----';

/**
 * Goes through a document line by line. It allocates nothing but the keyword, so that a consensus of thousands of
 * relays is read in milliseconds; arguments and objects are made when asked for. dir-spec, document meta-format.
 */
export class LineReader {
  readonly text: string;
  /** Of the line at hand; empty before the first. */
  keyword = '';
  /** Where the line at hand begins. */
  start = 0;
  /** Where its object ends, or the line itself, behind the newline: where the next line begins. */
  end = 0;
  /** Why {@link next} gave false, as what “the document” does; empty at the regular end. */
  fault = '';
  /** Lines seen. */
  count = 0;
  readonly #limits: DocumentLimits;
  #argumentsStart = 0;
  #lineEnd = 0;

  /** @param text one character a byte: see latin1Text. */
  constructor(text: string, limits: DocumentLimits) {
    this.text = text;
    this.#limits = limits;
    if (text.length > limits.bytesMax) this.fault = `is longer than ${limits.bytesMax} bytes`;
    else if (text.includes('\0')) this.fault = 'holds a zero byte';
  }

  /** Moves to the next line; false at the end or at a fault. */
  next(): boolean {
    const { text } = this;
    let start = this.end;
    // No line may be empty, but C tor puts one behind the descriptor of an authority.
    while (text.charCodeAt(start) === 10) start++;
    if (this.fault !== '' || start >= text.length) return false;
    const lineEnd = text.indexOf('\n', start);
    if (lineEnd < 0) return this.#fail('ends in the middle of a line');
    if (lineEnd - start > this.#limits.lineBytesMax) return this.#fail('has a line that is too long');
    if (++this.count > this.#limits.linesMax) return this.#fail('has too many lines');
    let at = start;
    while (at < lineEnd && isKeywordCode(text.charCodeAt(at))) at++;
    const isSpace = text.charCodeAt(at) === 32 || text.charCodeAt(at) === 9;
    if (at === start || (at < lineEnd && !isSpace)) {
      return this.#fail(
        `has a line without a keyword: “${excerpt(text.slice(start, Math.min(lineEnd, start + 61)))}”`,
      );
    }
    this.start = start;
    this.keyword = text.slice(start, at);
    this.#argumentsStart = Math.min(at + 1, lineEnd);
    this.#lineEnd = lineEnd;
    this.end = lineEnd + 1;
    if (text.charCodeAt(this.end) === 45 && text.startsWith(BEGIN, this.end)) return this.#skipObject();
    return true;
  }

  /** All behind the keyword and the space. */
  get rest(): string {
    return this.text.slice(this.#argumentsStart, this.#lineEnd);
  }

  /** The words behind the keyword, at most `countMax` of them. */
  words(countMax = 64): string[] {
    const { rest } = this;
    const spaced = rest.includes('\t') ? rest.replaceAll('\t', ' ') : rest;
    const words = spaced.split(' ', countMax + 8);
    return words.includes('')
      ? words.filter((word) => word !== '').slice(0, countMax)
      : words.slice(0, countMax);
  }

  /** Whether an object stands behind the line. */
  get hasObject(): boolean {
    return this.end > this.#lineEnd + 1;
  }

  /** Where the text of the line ends: behind its newline, before the object. */
  get lineEnd(): number {
    return this.#lineEnd + 1;
  }

  /** The object behind the line; undefined when there is none or it is no base64. */
  object(): PemObject | undefined {
    if (!this.hasObject) return undefined;
    const labelStart = this.lineEnd + BEGIN.length;
    const labelEnd = this.text.indexOf(DASHES, labelStart);
    const label = this.text.slice(labelStart, labelEnd);
    const bodyStart = labelEnd + DASHES.length + 1;
    const bodyEnd = this.end - (END.length + label.length + DASHES.length + 1);
    const bytes = decodeBase64(this.text.slice(bodyStart, bodyEnd).replaceAll('\n', ''));
    return bytes === undefined ? undefined : { label, bytes };
  }

  #skipObject(): boolean {
    const { text } = this;
    const labelStart = this.end + BEGIN.length;
    const labelEnd = text.indexOf('\n', labelStart);
    if (labelEnd < 0 || labelEnd - labelStart > 80 || !text.endsWith(DASHES, labelEnd)) {
      return this.#fail(`has an object behind “${excerpt(this.keyword)}” that does not begin right`);
    }
    const closing = `${END}${text.slice(labelStart, labelEnd)}\n`;
    const limit = this.end + this.#limits.objectBytesMax;
    const at = text.indexOf(DASHES, labelEnd);
    if (at < 0 || !text.startsWith(closing, at))
      return this.#fail(`has an object behind “${excerpt(this.keyword)}” that does not end`);
    if (at + closing.length > limit)
      return this.#fail(`has an object behind “${excerpt(this.keyword)}” that is too long`);
    this.end = at + closing.length;
    return true;
  }

  #fail(fault: string): false {
    this.fault = fault;
    return false;
  }
}

function isKeywordCode(code: number): boolean {
  return (
    (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 45
  );
}
