/** Aim: a value on the command line is understood, or refused with what would be right. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  countValue,
  endpointValue,
  portValue,
  rateValue,
  repeatedValue,
  sizeValue,
} from '../../../engine/cli/support/option-values.ts';
import { parseEndpoint } from '../../../engine/codec/endpoint.ts';

const values = suite('option values');

values('sizes, rates, counts and ports', () => {
  assert.is(sizeValue('1M'), 1_048_576);
  assert.throws(() => sizeValue('0'), /such as 512K/);
  assert.is(rateValue('off'), Number.POSITIVE_INFINITY);
  assert.throws(() => rateValue('x'), /such as 500K/);
  assert.is(countValue(1, 8)('8'), 8);
  assert.throws(() => countValue(1, 8)('9'), /from 1 to 8/);
  assert.throws(() => countValue(1, 8)('1.5'), /whole number/);
  assert.throws(() => countValue(0, 8)('-1'), /whole number/);
  assert.is(portValue('0'), 0);
  assert.throws(() => portValue('65536'), /65535/);
});

values('endpoints: names, both kinds of addresses, and what is none', () => {
  assert.equal(parseEndpoint('127.0.0.1:6881'), { host: '127.0.0.1', port: 6881 });
  assert.equal(parseEndpoint('seed.example:1'), { host: 'seed.example', port: 1 });
  assert.equal(parseEndpoint('[::1]:65535'), { host: '::1', port: 65535 });
  for (const bad of ['', 'host', 'host:', ':1', 'host:0', 'host:65536', '::1:80', 'a b:1', 'http://x:1']) {
    assert.is(parseEndpoint(bad), undefined, bad);
  }
  const two = endpointValue('b:2', endpointValue('a:1'));
  assert.equal(two, [
    { host: 'a', port: 1 },
    { host: 'b', port: 2 },
  ]);
  assert.throws(() => endpointValue('nowhere'), /HOST:PORT/);
  assert.equal(repeatedValue('b', repeatedValue('a')), ['a', 'b']);
});

values.run();
