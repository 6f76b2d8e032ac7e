/** Aim: SipHash gives the values of its paper's test vectors, and those of a plain implementation for other words. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SipHash } from '../../engine/codec/siphash.ts';
import { seededRandom } from '../bittorrent/support/seeded-random.ts';

const test = suite('SipHash');
const MASK = 2n ** 64n - 1n;
const KEY = Uint8Array.from({ length: 16 }, (_, i) => i);

function ours(message: Uint8Array, key: Uint8Array = KEY): bigint {
  const hash = new SipHash(key);
  hash.hash(new Int32Array(message.slice().buffer), message.length / 4);
  return (BigInt(hash.high >>> 0) << 32n) | BigInt(hash.low >>> 0);
}

const readWord = (bytes: Uint8Array, at: number): bigint =>
  new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true);

/** As the paper writes it down. */
function plain(message: Uint8Array, key: Uint8Array): bigint {
  const [k0, k1] = [readWord(key, 0), readWord(key, 8)];
  let v0 = k0 ^ 0x736f6d6570736575n;
  let v1 = k1 ^ 0x646f72616e646f6dn;
  let v2 = k0 ^ 0x6c7967656e657261n;
  let v3 = k1 ^ 0x7465646279746573n;
  const turn = (value: bigint, by: bigint): bigint => ((value << by) | (value >> (64n - by))) & MASK;
  const round = (): void => {
    v0 = (v0 + v1) & MASK;
    v1 = turn(v1, 13n) ^ v0;
    v0 = turn(v0, 32n);
    v2 = (v2 + v3) & MASK;
    v3 = turn(v3, 16n) ^ v2;
    v0 = (v0 + v3) & MASK;
    v3 = turn(v3, 21n) ^ v0;
    v2 = (v2 + v1) & MASK;
    v1 = turn(v1, 17n) ^ v2;
    v2 = turn(v2, 32n);
  };
  const padded = new Uint8Array(Math.floor(message.length / 8) * 8 + 8);
  padded.set(message);
  padded[padded.length - 1] = message.length;
  for (let at = 0; at < padded.length; at += 8) {
    const word = readWord(padded, at);
    v3 ^= word;
    for (let i = 0; i < 2; i++) round();
    v0 ^= word;
  }
  v2 ^= 0xffn;
  for (let i = 0; i < 4; i++) round();
  return v0 ^ v1 ^ v2 ^ v3;
}

test('vectors of the reference implementation, for 0, 4 and 8 bytes', () => {
  for (const [length, expected] of [
    [0, 0x726fdb47dd0e0e31n],
    [4, 0xcf2794e0277187b7n],
    [8, 0x93f5f5799a932462n],
  ] as const) {
    assert.is(ours(Uint8Array.from({ length }, (_, i) => i)), expected);
  }
});

test('any words and keys', () => {
  const random = seededRandom(3);
  for (let i = 0; i < 2000; i++) {
    const message = random.bytes(4 * random.below(12));
    const key = random.bytes(16).slice();
    assert.is(ours(message, key), plain(message, key));
  }
});

test.run();
