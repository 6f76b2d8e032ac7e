/**
 * What happened, in order. Always as a running hash, which costs next to nothing; as lines only on demand.
 * Equal seeds give equal traces, so two runs can be compared, and the first line that differs shows where.
 */
export class Trace {
  /** One line per event: time in milliseconds, host, what, and two numbers. Empty unless recording. */
  readonly lines: string[] = [];
  readonly #recording: boolean;
  readonly #time = new Float64Array(1);
  readonly #words = new Uint32Array(this.#time.buffer);
  #a = 0x811c9dc5;
  #b = 0x9e3779b9;
  /** Events so far. */
  count = 0;

  constructor(options: { readonly recordLines: boolean }) {
    this.#recording = options.recordLines;
  }

  /** `what` is a short constant; `x` and `y` say which and how much. */
  event(timeMs: number, host: number, what: string, x: number, y: number): void {
    this.count++;
    this.#time[0] = timeMs;
    this.#mix(this.#words[0]!);
    this.#mix(this.#words[1]!);
    this.#mix(Math.imul(host, 0x01000193) ^ Math.imul(what.charCodeAt(0), 0x85ebca6b) ^ what.length);
    this.#mix(x | 0);
    this.#mix(y | 0);
    if (this.#recording) this.lines.push(`${timeMs} ${host} ${what} ${x} ${y}`);
  }

  /** 16 hexadecimal digits over everything so far. */
  get hash(): string {
    return hex(this.#a) + hex(this.#b);
  }

  #mix(word: number): void {
    this.#a = Math.imul(this.#a ^ word, 0x01000193);
    this.#a ^= this.#a >>> 15;
    this.#b = Math.imul(this.#b + word, 0x735a2d97) ^ (this.#b >>> 13);
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
