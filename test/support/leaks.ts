/** So many bytes in a row of a secret are one too many; by chance they are nowhere. */
const WINDOW_BYTES = 12;
/** A window of fewer different bytes (zeros of padding) says nothing. */
const DISTINCT_MIN = 5;

const HEX = /(?:[0-9a-fA-F]{2}[ :,-]?){12,}/g;
const BASE64 = /[A-Za-z0-9+/_-]{16,}/g;
/** As of JSON, of `[1,2,3]` and of what console.log makes of an array. */
const DECIMAL = /(?:\d{1,3}[\s,]{1,8}){11,}\d{1,3}/g;
const INDEX = /"\d+": ?/g;
const ESCAPE = /\\(?:u([0-9a-fA-F]{4})|([bfnrt"\\/]))/g;
const ESCAPED: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** Secret bytes, and the search for any part of them in a text, however they were written there. */
export class Leaks {
  readonly #windows = new Map<string, string>();
  readonly #wholes = new Map<string, string>();
  readonly #examples = new Map<string, Buffer>();

  /** How many secrets there are. */
  get size(): number {
    return this.#wholes.size;
  }

  /** One secret for each name, to be planted. */
  get examples(): ReadonlyMap<string, Buffer> {
    return this.#examples;
  }

  /** `name` is what a finding is called. Fewer than 12 bytes cannot be looked for. */
  add(name: string, secret: Uint8Array): void {
    const text = Buffer.from(secret).toString('latin1');
    for (let at = 0; at + WINDOW_BYTES <= text.length; at += 1) {
      const window = text.slice(at, at + WINDOW_BYTES);
      if (new Set(window).size >= DISTINCT_MIN) this.#windows.set(window, name);
    }
    this.#examples.set(name, Buffer.from(secret));
    this.#wholes.set(Buffer.from(secret).toString('utf8'), name);
  }

  /** The names of the secrets of which at least 12 bytes in a row stand in the text. */
  findIn(text: string): readonly string[] {
    const plain = text.replaceAll(ESCAPE, (_all, code: string | undefined, sign: string) =>
      code === undefined ? (ESCAPED[sign] ?? sign) : String.fromCharCode(Number.parseInt(code, 16)),
    );
    const found = new Set<string>();
    for (const one of [text, plain]) {
      for (const [whole, name] of this.#wholes) if (whole.length >= 8 && one.includes(whole)) found.add(name);
      for (const bytes of readings(one)) this.#look(bytes, found);
    }
    return [...found];
  }

  #look(bytes: string, found: Set<string>): void {
    for (let at = 0; at + WINDOW_BYTES <= bytes.length; at += 1) {
      const name = this.#windows.get(bytes.slice(at, at + WINDOW_BYTES));
      if (name !== undefined) found.add(name);
    }
  }
}

/** Every run of bytes that the text may mean, as latin1. */
function* readings(text: string): Generator<string> {
  yield text;
  for (const [run] of text.matchAll(HEX)) {
    const digits = run.replaceAll(/[ :,-]/g, '');
    for (const from of [0, 1]) yield Buffer.from(digits.slice(from), 'hex').toString('latin1');
  }
  for (const [run] of text.matchAll(BASE64)) {
    for (const from of [0, 1, 2, 3]) yield Buffer.from(run.slice(from), 'base64').toString('latin1');
  }
  for (const [run] of text.replaceAll(INDEX, '').matchAll(DECIMAL)) {
    yield Buffer.from(run.split(/[\s,]+/).map(Number)).toString('latin1');
  }
}
