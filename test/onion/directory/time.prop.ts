// Aim: times of documents and of HTTP are those of the Gregorian calendar, both ways, as Date has them; addresses have one text
// each, as the BlockList of Node understands them.
import { BlockList } from 'node:net';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addressText, readAddress } from '../../../engine/codec/address.ts';
import { readHostPort } from '../../../engine/onion/address.ts';
import { networkHolds } from '../../../engine/onion/directory/policy-check.ts';
import { decodeBase64, encodeBase64 } from '../../../engine/onion/directory/text.ts';
import { httpTimeText, readHttpTime, readTime, timeText } from '../../../engine/onion/time.ts';

const test = suite('times and addresses');
const seconds = fc.integer({ min: 0, max: 253_402_300_799 });

test('times agree with Date', () => {
  fc.assert(
    fc.property(seconds, (second) => {
      const timeMs = second * 1000;
      const iso = new Date(timeMs).toISOString();
      const text = timeText(timeMs);
      assert.is(text, `${iso.slice(0, 10)} ${iso.slice(11, 19)}`);
      assert.is(readTime(...(text.split(' ') as [string, string])), timeMs);
      assert.is(httpTimeText(timeMs), new Date(timeMs).toUTCString());
      assert.is(readHttpTime(httpTimeText(timeMs)), timeMs);
    }),
  );
});

test('what is no time is none', () => {
  for (const [date, clock] of [
    ['2026-02-29', '00:00:00'],
    ['2026-13-01', '00:00:00'],
    ['2026-01-01', '24:00:00'],
    ['2026-1-01', '00:00:00'],
    ['2026-01-01', '0:00:000'],
  ]) {
    assert.is(readTime(date, clock), undefined, `${date} ${clock}`);
  }
  assert.is(readHttpTime('Sun, 22 Now 2026 20:16:17 GMT'), undefined);
  assert.is(readHttpTime('yesterday'), undefined);
});

test('addresses of either family, both ways', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  );
  fc.assert(
    fc.property(bytes, (address) => {
      assert.equal(readAddress(addressText(address)), address);
    }),
  );
  for (const bad of [
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '1.2.3.256',
    '1::2::3',
    '::1:',
    '12345::',
    'g::',
    '',
    '1.2.3.4 ',
  ]) {
    assert.is(readAddress(bad), undefined, bad);
  }
  assert.equal(readHostPort('[::ffff:1.2.3.4]:80'), { host: '::ffff:102:304', port: 80 });
  for (const bad of ['1.2.3.4:0', '1.2.3.4:65536', '::1:80', '[1.2.3.4]:80', '1.2.3.4']) {
    assert.is(readHostPort(bad), undefined, bad);
  }
});

test('networks hold what BlockList says they hold', () => {
  const address = fc.uint8Array({ minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(
      address,
      address,
      fc.integer({ min: 0, max: 32 }),
      fc.integer({ min: 0, max: 32 }),
      (one, other, bits, same) => {
        const near = one.slice();
        for (let bit = same; bit < 32; bit++) {
          const mask = 0x80 >> (bit & 7);
          near[bit >> 3] = (near[bit >> 3]! & ~mask) | (other[bit >> 3]! & mask);
        }
        const list = new BlockList();
        list.addSubnet(addressText(one), bits, 'ipv4');
        assert.is(
          networkHolds({ kind: 'net', bytes: one, prefixBits: bits }, near),
          list.check(addressText(near), 'ipv4'),
        );
      },
    ),
  );
});

test('base64 is strict, with and without padding', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (content) => {
      const text = encodeBase64(content);
      assert.equal(decodeBase64(text), content);
      assert.equal(decodeBase64(Buffer.from(content).toString('base64')), content);
      assert.is(decodeBase64(`${text}!`), undefined);
    }),
  );
  assert.is(decodeBase64('AB'), undefined, 'bits to spare that are not 0');
  assert.is(decodeBase64('A'), undefined);
});

test.run();
