import { createHash } from 'node:crypto';
import type { Random } from '../../runtime/port.ts';

/** BEP 5: the secret changes so often; a token is accepted for twice as long. */
export const TOKEN_PERIOD_MS = 5 * 60_000;

const SECRET_BYTES = 16;
const TOKEN_BYTES = 8;
/** Tokens kept so that one who asks often costs one hash in five minutes. */
const REMEMBERED_MAX = 1024;

/**
 * BEP 5: write tokens without state for each asker: the hash of its address and a secret. A token is good for the
 * address it was given to alone, and for ten minutes at most.
 */
export class TokenKeeper {
  readonly #random: Random;
  #current: Uint8Array;
  #previous: Uint8Array;
  #changedMs: number;
  readonly #remembered = new Map<string, Uint8Array>();

  constructor(options: { readonly nowMs: number }, modules: { readonly random: Random }) {
    this.#random = modules.random;
    this.#current = modules.random.bytes(SECRET_BYTES);
    this.#previous = modules.random.bytes(SECRET_BYTES);
    this.#changedMs = options.nowMs;
  }

  /** Addresses whose token is remembered. */
  get remembered(): number {
    return this.#remembered.size;
  }

  /** The token for this address: `host` in text, `address` its bytes. */
  tokenFor(host: string, address: Uint8Array, nowMs: number): Uint8Array {
    this.#rotate(nowMs);
    const known = this.#remembered.get(host);
    if (known !== undefined) return known;
    const token = makeToken(address, this.#current);
    if (this.#remembered.size >= REMEMBERED_MAX) this.#remembered.clear();
    this.#remembered.set(host, token);
    return token;
  }

  /** Whether this token was given to this address within the last ten minutes. */
  isValid(token: Uint8Array, address: Uint8Array, nowMs: number): boolean {
    this.#rotate(nowMs);
    return (
      sameBytes(token, makeToken(address, this.#current)) ||
      sameBytes(token, makeToken(address, this.#previous))
    );
  }

  #rotate(nowMs: number): void {
    const periods = Math.floor((nowMs - this.#changedMs) / TOKEN_PERIOD_MS);
    if (periods < 1) return;
    this.#previous = periods === 1 ? this.#current : this.#random.bytes(SECRET_BYTES);
    this.#current = this.#random.bytes(SECRET_BYTES);
    this.#changedMs += periods * TOKEN_PERIOD_MS;
    this.#remembered.clear();
  }
}

function makeToken(address: Uint8Array, secret: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha1').update(address).update(secret).digest()).subarray(0, TOKEN_BYTES);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let different = 0;
  for (let at = 0; at < a.length; at++) different |= a[at]! ^ b[at]!;
  return different === 0;
}
