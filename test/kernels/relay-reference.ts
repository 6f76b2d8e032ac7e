import { type Cipher, createCipheriv, createDecipheriv, createHash, type Hash } from 'node:crypto';

/*
 * The ciphers for relay cells as one would write them down: a call of node:crypto for each layer and digest, and
 * POLYVAL bit by bit. What the kernels are compared with.
 */

const REST_BYTES = 493;

/** RFC 8452, 3: the dot product of two field elements, as bits in little-endian order. */
function dot(a: bigint, b: bigint): bigint {
  const modulus = (1n << 128n) | (1n << 127n) | (1n << 126n) | (1n << 121n) | 1n;
  let product = 0n;
  for (let i = 0n; i < 128n; i += 1n) if ((b >> i) & 1n) product ^= a << i;
  // Divided by x^128.
  for (let i = 0; i < 128; i += 1) product = (product & 1n ? product ^ modulus : product) >> 1n;
  return product;
}

function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}

/** POLYVAL of data, padded with zeros to whole blocks. */
export function referencePolyval(key: Uint8Array, data: Uint8Array): Uint8Array {
  let sum = 0n;
  for (let at = 0; at < data.length; at += 16) {
    const block = new Uint8Array(16);
    block.set(data.subarray(at, at + 16));
    sum = dot(sum ^ toNumber(block), toNumber(key));
  }
  return Uint8Array.from(Buffer.from(sum.toString(16).padStart(32, '0'), 'hex').reverse());
}

function added(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ b[i]!);
}

/** One direction of one hop; both ends have one. */
export interface ReferenceDirection {
  /** The hop's own end that hands the cell on. Sets digest or tag first when `begins`. Gives the tag of a SENDME. */
  relay(body: Uint8Array, command: number, begins: boolean): Uint8Array;
  /** At a relay, from the client's side: whether it is for this hop. */
  relayForward(body: Uint8Array, command: number): Uint8Array | undefined;
  clientSend(body: Uint8Array, command: number, begins: boolean): Uint8Array;
  clientReceive(body: Uint8Array, command: number): Uint8Array | undefined;
}

export class ReferenceTor1 implements ReferenceDirection {
  readonly #cipher: Cipher;
  #digest: Hash;

  constructor(seed: Uint8Array, key: Uint8Array) {
    this.#cipher = createCipheriv('aes-128-ctr', key, new Uint8Array(16));
    this.#digest = createHash('sha1').update(seed);
  }

  #seal(body: Uint8Array): Uint8Array {
    body.fill(0, 1, 3).fill(0, 5, 9);
    this.#digest.update(body);
    const digest = this.#digest.copy().digest();
    body.set(digest.subarray(0, 4), 5);
    return digest;
  }

  relay(body: Uint8Array, _command: number, begins: boolean): Uint8Array {
    const digest = begins ? this.#seal(body) : new Uint8Array(20);
    body.set(this.#cipher.update(body));
    return digest;
  }

  relayForward(body: Uint8Array): Uint8Array | undefined {
    body.set(this.#cipher.update(body));
    if (body[1] !== 0 || body[2] !== 0) return undefined;
    const next = this.#digest.copy().update(body.slice().fill(0, 5, 9));
    const digest = next.copy().digest();
    if (digest.compare(body, 5, 9, 0, 4) !== 0) return undefined;
    this.#digest = next;
    return digest;
  }

  clientSend(body: Uint8Array, command: number, begins: boolean): Uint8Array {
    return this.relay(body, command, begins);
  }

  clientReceive(body: Uint8Array): Uint8Array | undefined {
    return this.relayForward(body);
  }
}

export class ReferenceCgo implements ReferenceDirection {
  #j: readonly [Uint8Array, Uint8Array];
  #s: readonly [Uint8Array, Uint8Array];
  nonce: Uint8Array;
  lastTag: Uint8Array = new Uint8Array(16);

  constructor(material: Uint8Array) {
    this.#j = [material.slice(0, 16), material.slice(16, 32)];
    this.#s = [material.slice(32, 48), material.slice(48, 64)];
    this.nonce = material.slice(64, 80);
  }

  #stream(input: Uint8Array, from: number, byteLength: number): Uint8Array {
    const counter = referencePolyval(this.#s[1], input);
    counter[15]! &= 0xc0;
    const zeros = new Uint8Array(16 * from + byteLength);
    return createCipheriv('aes-128-ctr', this.#s[0], counter)
      .update(zeros)
      .subarray(16 * from);
  }

  #mask(body: Uint8Array, command: number): Uint8Array {
    return referencePolyval(
      this.#j[1],
      Buffer.concat([this.lastTag, Uint8Array.of(command), body.subarray(16)]),
    );
  }

  #renew(): void {
    const fresh = new ReferenceCgo(this.#stream(this.nonce, 31, 80));
    this.#j = fresh.#j;
    this.#s = fresh.#s;
    this.nonce = fresh.nonce;
  }

  #encrypt(body: Uint8Array, command: number): void {
    const mask = this.#mask(body, command);
    const block = createCipheriv('aes-128-ecb', this.#j[0], null).update(added(body.subarray(0, 16), mask));
    const tag = added(block, mask);
    body.set(tag);
    body.set(added(body.subarray(16), this.#stream(tag, 0, REST_BYTES)), 16);
    this.lastTag = Uint8Array.from(tag);
  }

  #decrypt(body: Uint8Array, command: number): void {
    const tag = body.slice(0, 16);
    body.set(added(body.subarray(16), this.#stream(tag, 0, REST_BYTES)), 16);
    const mask = this.#mask(body, command);
    const decipher = createDecipheriv('aes-128-ecb', this.#j[0], null).setAutoPadding(false);
    body.set(added(decipher.update(added(tag, mask)), mask));
    this.lastTag = tag;
  }

  relay(body: Uint8Array, command: number, begins: boolean): Uint8Array {
    if (begins) body.set(this.nonce);
    this.#encrypt(body, command);
    if (!begins) return this.lastTag;
    this.nonce = this.lastTag;
    this.#renew();
    return this.lastTag;
  }

  relayForward(body: Uint8Array, command: number): Uint8Array | undefined {
    const came = body.slice(0, 16);
    this.#encrypt(body, command);
    if (Buffer.compare(body.subarray(0, 16), this.nonce) !== 0) return undefined;
    this.#renew();
    return came;
  }

  clientSend(body: Uint8Array, command: number, begins: boolean): Uint8Array {
    if (begins) body.set(this.nonce);
    this.#decrypt(body, command);
    if (begins) this.#renew();
    return body.slice(0, 16);
  }

  clientReceive(body: Uint8Array, command: number): Uint8Array | undefined {
    this.#decrypt(body, command);
    if (Buffer.compare(body.subarray(0, 16), this.nonce) !== 0) return undefined;
    this.nonce = this.lastTag;
    this.#renew();
    return this.lastTag;
  }
}

/** Both directions of a hop from its key material, as relay-cells.ts lays it out. */
export function referenceHop(
  kind: 'tor1' | 'cgo',
  keys: Uint8Array,
): { readonly forward: ReferenceDirection; readonly backward: ReferenceDirection } {
  if (kind === 'cgo') {
    return { forward: new ReferenceCgo(keys.slice(0, 80)), backward: new ReferenceCgo(keys.slice(80)) };
  }
  return {
    forward: new ReferenceTor1(keys.slice(0, 20), keys.slice(40, 56)),
    backward: new ReferenceTor1(keys.slice(20, 40), keys.slice(56, 72)),
  };
}
