// Aim: circuits are built when the descriptors that are here make up enough of each position's bandwidth; port
// summaries and addresses are read right, as all rules stand on them.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isRejectAll, summaryAllows } from '../../../engine/onion/path/ports.ts';
import { ipv6Groups, subnet4, subnet6 } from '../../../engine/onion/path/subnet.ts';
import { usableFraction, usableFractionMin } from '../../../engine/onion/path/usable-fraction.ts';
import { networkOf, sketchRelay } from './support/relays.ts';

const test = suite('usable fraction');

test('the product over positions, by bandwidth', () => {
  const network = networkOf([
    sketchRelay(1, { flags: ['Guard'], bandwidthKb: 300 }),
    sketchRelay(2, { flags: ['Guard'], bandwidthKb: 100, hasDetails: false }),
    sketchRelay(3, { flags: ['Exit'], ports: [443], bandwidthKb: 500 }),
    sketchRelay(4, { flags: ['Exit'], bandwidthKb: 500, hasDetails: false }),
    sketchRelay(5, { bandwidthKb: 600 }),
  ]);
  const fraction = usableFraction(network);
  assert.equal([fraction.guard, fraction.middle, fraction.exit], [0.75, 0.7, 0.5]);
  assert.ok(Math.abs(fraction.paths - 0.75 * 0.7 * 0.5) < 1e-12);
});

test('relays are counted where bandwidths are 0', () => {
  const zero = { bandwidthKb: 0, flags: ['Guard', 'Exit'] as const, ports: [443] };
  const network = networkOf([sketchRelay(1, zero), sketchRelay(2, { ...zero, hasDetails: false })]);
  assert.is(usableFraction(network).paths, 0.125);
});

test('without exits internal circuits count', () => {
  const fraction = usableFraction(networkOf([sketchRelay(1, { flags: ['Guard'] }), sketchRelay(2)]));
  assert.equal([fraction.hasExits, fraction.paths], [false, 1]);
  assert.is(usableFraction(networkOf([])).paths, 0);
});

test('60 per cent, or what the consensus says between 25 and 95', () => {
  const min = (value?: number) =>
    usableFractionMin(new Map(value === undefined ? [] : [['min_paths_for_circs_pct', value]]));
  assert.equal([min(), min(40), min(1), min(100)], [0.6, 0.4, 0.25, 0.95]);
});

test('port summaries', () => {
  const accept = { isAccept: true, ranges: [20, 23, 80, 80, 443, 500] };
  const open = [19, 20, 23, 24, 80, 443, 500, 501].filter((port) => summaryAllows(accept, port));
  assert.equal(open, [20, 23, 80, 443, 500]);
  assert.not.ok(summaryAllows({ ...accept, isAccept: false }, 22));
  assert.ok(summaryAllows({ ...accept, isAccept: false }, 25));
  assert.ok(isRejectAll({ isAccept: false, ranges: [1, 65_535] }));
  assert.ok(isRejectAll({ isAccept: false, ranges: [1, 100, 101, 65_535] }));
  assert.not.ok(isRejectAll({ isAccept: false, ranges: [1, 100, 102, 65_535] }));
  assert.ok(isRejectAll({ isAccept: true, ranges: [] }));
});

test('addresses', () => {
  assert.equal(ipv6Groups('2001:db8::1'), [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]);
  assert.equal(ipv6Groups('::ffff:1.2.3.4'), [0, 0, 0, 0, 0, 0xffff, 0x102, 0x304]);
  assert.equal(ipv6Groups('::2:3:4:5:6:7:8'), [0, 2, 3, 4, 5, 6, 7, 8]);
  for (const bad of ['1:2', '1::2::3', 'g::', '1:2:3:4:5:6:7:8:9', '1.2.3.4'])
    assert.is(ipv6Groups(bad), undefined, bad);
  assert.equal([subnet4('1.2.3.4'), subnet4('1.2.3'), subnet4('1.2.3.456')], [258, -1, -1]);
  assert.is(subnet6('2001:db8:ffff::'), subnet6('2001:0db8::1'));
});

test.run();
