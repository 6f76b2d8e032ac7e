/** RC4 as one writes it in JavaScript with care for speed: state of bytes, indices in variables over a whole call. */
export class PlainRc4 {
  readonly #s = Uint8Array.from({ length: 256 }, (_, i) => i);
  #i = 0;
  #j = 0;

  constructor(key: Uint8Array) {
    const s = this.#s;
    let j = 0;
    for (let i = 0; i < 256; i += 1) {
      const x = s[i]!;
      j = (j + x + key[i % key.length]!) & 255;
      s[i] = s[j]!;
      s[j] = x;
    }
  }

  /** In place. */
  crypt(data: Uint8Array): void {
    const s = this.#s;
    let i = this.#i;
    let j = this.#j;
    for (let at = 0; at < data.length; at += 1) {
      i = (i + 1) & 255;
      const x = s[i]!;
      j = (j + x) & 255;
      const y = s[j]!;
      s[i] = y;
      s[j] = x;
      data[at]! ^= s[(x + y) & 255]!;
    }
    this.#i = i;
    this.#j = j;
  }
}
