// Aim: the checksum is the one of RFC 3720, appendix B.4.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { crc32c } from '../../engine/codec/crc32c.ts';

const test = suite('crc32c');

test('the examples of RFC 3720 and the check value of the polynomial', () => {
  assert.is(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.is(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.is(crc32c(Uint8Array.from({ length: 32 }, (_, at) => at)), 0x46dd794e);
  assert.is(crc32c(Uint8Array.from({ length: 32 }, (_, at) => 31 - at)), 0x113fdb5c);
  assert.is(crc32c(new TextEncoder().encode('123456789')), 0xe3069283);
  assert.is(crc32c(new Uint8Array(0)), 0);
});

test.run();
