// Aim: decoding and encoding are each other's inverse, and no bytes at all make the decoder throw.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type BencodeValue, decodeBencode, encodeBencode } from '../../engine/codec/bencode.ts';

const test = suite('bencode properties');

const byteKey = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('latin1'));

const { value } = fc.letrec<{ value: BencodeValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.uint8Array({ maxLength: 40 }),
    fc.maxSafeInteger().map((number) => (number === 0 ? 0 : number)),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
    fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
    fc.array(tie('value'), { maxLength: 6 }),
    fc.array(fc.tuple(byteKey, tie('value')), { maxLength: 6 }).map((entries) => new Map(entries)),
  ),
}));

/** Dictionaries in order of their keys, byte strings as plain arrays: comparable. */
function plain(input: BencodeValue): unknown {
  if (input instanceof Uint8Array) return { bytes: [...input] };
  if (input instanceof Map) {
    const entries = [...(input as ReadonlyMap<string, BencodeValue>)];
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return { entries: entries.map(([key, item]) => [key, plain(item)]) };
  }
  return Array.isArray(input) ? (input as BencodeValue[]).map(plain) : input;
}

test('what was encoded decodes to the same', () => {
  fc.assert(
    fc.property(value, (input) => {
      const result = decodeBencode(encodeBencode(input));
      assert.ok(result.ok);
      assert.equal(plain(result.value), plain(input));
    }),
  );
});

test('what decodes encodes to the very same bytes', () => {
  fc.assert(
    fc.property(value, fc.nat(), fc.nat({ max: 255 }), (input, place, byte) => {
      const bytes = encodeBencode(input);
      bytes[place % bytes.length] = byte;
      const result = decodeBencode(bytes);
      if (result.ok) assert.equal(encodeBencode(result.value), bytes);
    }),
    { numRuns: 2000 },
  );
});

test('no bytes make the decoder throw, and a fault lies inside of them', () => {
  const tokens = fc.constantFrom(...'ilde0123456789:-'.split('')).map((letter) => letter.charCodeAt(0));
  const bytes = fc.array(fc.oneof(tokens, tokens, fc.nat({ max: 255 })), { maxLength: 60 });
  fc.assert(
    fc.property(bytes, fc.constantFrom('sorted', 'outer-any', 'any'), (input, keyOrder) => {
      const result = decodeBencode(Uint8Array.from(input), { keyOrder });
      if (result.ok) assert.is(result.end, input.length);
      else assert.ok(result.position >= 0 && result.position <= input.length);
    }),
    { numRuns: 5000 },
  );
});

test.run();
