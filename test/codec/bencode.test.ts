// Aim: bencode is decoded only in its canonical form, every fault has its reason and place, every bound holds.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  asBytes,
  asDict,
  asInteger,
  asList,
  asText,
  type BencodeFault,
  type BencodeOptions,
  bytesAsKey,
  decodeBencode,
  decodeUtf8,
  describeBencodeFault,
  encodeBencode,
  keyBytes,
  RawBencode,
} from '../../engine/codec/bencode.ts';

const test = suite('bencode');

function bytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

function decoded(text: string, options?: BencodeOptions): unknown {
  const result = decodeBencode(bytes(text), options);
  assert.ok(result.ok, `${text} is refused`);
  return result.value;
}

function refused(text: string, fault: BencodeFault, position: number, options?: BencodeOptions): void {
  const result = decodeBencode(bytes(text), options);
  assert.equal(result, { ok: false, fault, position }, text);
}

test('decodes every kind of value', () => {
  assert.is(decoded('i0e'), 0);
  assert.is(decoded('i-42e'), -42);
  assert.is(decoded('i9007199254740991e'), Number.MAX_SAFE_INTEGER);
  assert.equal(Buffer.from(decoded('4:spam') as Uint8Array).toString(), 'spam');
  assert.is((decoded('0:') as Uint8Array).length, 0);
  assert.equal(decoded('le'), []);
  assert.equal(decoded('li1eli2eee'), [1, [2]]);
  assert.equal(
    decoded('d1:ai1e1:bd1:cleee'),
    new Map<string, unknown>([
      ['a', 1],
      ['b', new Map([['c', []]])],
    ]),
  );
});

test('integers beyond 2^53 are exact, beyond 64 bits refused', () => {
  assert.is(decoded('i9007199254740992e'), 9007199254740992n);
  assert.is(decoded('i9223372036854775807e'), 9223372036854775807n);
  assert.is(decoded('i-9223372036854775808e'), -9223372036854775808n);
  refused('i9223372036854775808e', 'integer', 0);
  refused('i-9223372036854775809e', 'integer', 0);
  refused(`i${'1'.repeat(400)}e`, 'integer', 0);
});

test('what is not canonical is refused with its place', () => {
  refused('i-0e', 'integer', 0);
  refused('i03e', 'integer', 0);
  refused('ie', 'integer', 0);
  refused('i-e', 'integer', 0);
  refused('i1.5e', 'integer', 0);
  refused('i+1e', 'integer', 0);
  refused('l03:abce', 'length', 1);
  refused('d1:bi1e1:ai2ee', 'key-order', 7);
  refused('d1:ai1e1:ai2ee', 'key-twice', 7);
  refused('di1e1:ae', 'key', 1);
  refused('i1ei2e', 'trailing', 3);
  refused('x', 'token', 0);
  refused('1x:', 'token', 1);
});

test('data that ends early is refused', () => {
  refused('', 'truncated', 0);
  refused('i12', 'truncated', 0);
  refused('l', 'truncated', 1);
  refused('d1:a', 'truncated', 4);
  refused('12', 'truncated', 2);
  refused('5:abcd', 'length', 0);
  refused('99999999999:a', 'length', 0);
});

test('keys may be out of order only where that is allowed, and never twice', () => {
  const unsorted = 'd1:bi1e1:ai2ee';
  assert.equal(
    [...(decoded(unsorted, { keyOrder: 'outer-any' }) as Map<string, unknown>).keys()],
    ['b', 'a'],
  );
  refused(`d1:x${unsorted}e`, 'key-order', 11, { keyOrder: 'outer-any' });
  assert.ok(decoded(`d1:x${unsorted}e`, { keyOrder: 'any' }));
  refused('d1:bi1e1:ai2e1:bi3ee', 'key-twice', 13, { keyOrder: 'any' });
  refused('d1:bi1e1:ai2e1:bi3ee', 'key-twice', 13, { keyOrder: 'outer-any' });
});

test('trailing bytes are told when they are allowed', () => {
  const result = decodeBencode(bytes('d1:ai1eerest'), { allowTrailing: true });
  assert.ok(result.ok);
  assert.is(result.end, 8);
});

test('the places of the values of the outer dictionary are told', () => {
  const result = decodeBencode(bytes('d1:ai1e4:infod1:xi2eee'));
  assert.ok(result.ok);
  assert.equal(result.spans.get('info'), { start: 13, end: 21 });
  assert.is(result.spans.has('x'), false);
});

test('byte strings are views, not copies', () => {
  const source = bytes('d1:a5:helloe');
  const result = decodeBencode(source);
  assert.ok(result.ok);
  const value = asBytes(asDict(result.value)?.get('a'));
  assert.is(value?.buffer, source.buffer);
  assert.is(value?.byteOffset, source.byteOffset + 6);
});

test('the bound on depth holds', () => {
  assert.ok(decoded(`${'l'.repeat(100)}${'e'.repeat(100)}`));
  refused(`${'l'.repeat(101)}${'e'.repeat(101)}`, 'depth', 100);
  refused('l'.repeat(1_000_000), 'depth', 100);
  assert.ok(decoded('lllleeee', { depthMax: 4 }));
  refused('llllleeeee', 'depth', 4, { depthMax: 4 });
});

test('the bound on items holds, keys included', () => {
  assert.ok(decoded('li1ei2ee', { itemCountMax: 3 }));
  refused('li1ei2ei3ee', 'items', 7, { itemCountMax: 3 });
  assert.ok(decoded('d1:ai1ee', { itemCountMax: 3 }));
  refused('d1:ai1ee', 'items', 4, { itemCountMax: 2 });
  refused('d1:ai1ee', 'items', 1, { itemCountMax: 1 });
});

test('the bound on bytes holds', () => {
  assert.ok(decoded('4:spam', { byteLengthMax: 6 }));
  refused('4:spam', 'bytes', 0, { byteLengthMax: 5 });
});

test('keys that are names of object members are keys like others', () => {
  const dict = decoded('d9:__proto__i1e11:constructori2ee') as Map<string, unknown>;
  assert.is(dict.get('__proto__'), 1);
  assert.is(dict.get('constructor'), 2);
  assert.is(Object.keys(Object.prototype).length, 0);
});

test('keys are bytes and survive', () => {
  const key = Uint8Array.from([0, 128, 255]);
  const dict = decoded(`d3:${bytesAsKey(key)}i1ee`) as Map<string, unknown>;
  const [found] = dict.keys();
  assert.equal([...keyBytes(found ?? '')], [...key]);
});

test('encodes in canonical form', () => {
  const encoded = (value: Parameters<typeof encodeBencode>[0]): string =>
    Buffer.from(encodeBencode(value)).toString('latin1');
  assert.is(encoded({ b: 1, a: 'x', c: undefined }), 'd1:a1:x1:bi1ee');
  assert.is(encoded([true, false, -7, 2n ** 60n, '', []]), 'li1ei0ei-7ei1152921504606846976e0:lee');
  assert.is(encoded(-0), 'i0e');
  assert.is(encoded('ä'), '2:Ã¤');
  assert.is(encoded(new RawBencode(bytes('i5e'))), 'i5e');
  assert.is(
    encoded({
      z: new Map([
        ['é', 1],
        ['A', 2],
      ]),
    }),
    'd1:zd1:Ai2e1:éi1eee',
  );
});

test('what has no bencode form is a mistake of the caller', () => {
  assert.throws(() => encodeBencode(1.5), RangeError);
  assert.throws(() => encodeBencode(Number.NaN), RangeError);
  assert.throws(() => encodeBencode({ 'key\u0100': 1 }), RangeError);
});

test('the readers give undefined for another kind', () => {
  assert.is(asInteger(2n ** 60n), undefined);
  assert.is(asInteger(bytes('1')), undefined);
  assert.is(asBytes(1), undefined);
  assert.is(asList(new Map()), undefined);
  assert.is(asDict([]), undefined);
  assert.is(asText(bytes('\xff')), undefined);
  assert.is(asText(Buffer.from('grün')), 'grün');
});

test('text is valid UTF-8 or none', () => {
  assert.is(decodeUtf8(Buffer.from('x'.repeat(100))), 'x'.repeat(100));
  assert.is(decodeUtf8(Buffer.from('\ufeffmark')), '\ufeffmark');
  assert.is(decodeUtf8(bytes('\xed\xa0\x80')), undefined, 'a surrogate');
  assert.is(decodeUtf8(bytes('\xc0\x80')), undefined, 'an overlong NUL');
  assert.is(decodeUtf8(bytes('a\x80')), undefined);
});

test('every fault has words', () => {
  assert.is(describeBencodeFault('key-twice'), 'a dictionary key that is there twice');
});

test.run();
