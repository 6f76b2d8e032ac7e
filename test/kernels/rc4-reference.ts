/** RC4 as it is described, for tests to compare with. */
export class Rc4Reference {
  readonly #s = Uint8Array.from({ length: 256 }, (_, i) => i);
  #i = 0;
  #j = 0;

  constructor(key: Uint8Array, skipBytes = 0) {
    let j = 0;
    for (let i = 0; i < 256; i += 1) {
      j = (j + this.#s[i]! + key[i % key.length]!) % 256;
      this.#swap(i, j);
    }
    this.crypt(new Uint8Array(skipBytes));
  }

  crypt(data: Uint8Array): Uint8Array {
    return data.map((byte) => byte ^ this.#next());
  }

  #next(): number {
    this.#i = (this.#i + 1) % 256;
    this.#j = (this.#j + this.#s[this.#i]!) % 256;
    this.#swap(this.#i, this.#j);
    return this.#s[(this.#s[this.#i]! + this.#s[this.#j]!) % 256]!;
  }

  #swap(i: number, j: number): void {
    const moved = this.#s[i]!;
    this.#s[i] = this.#s[j]!;
    this.#s[j] = moved;
  }
}
