// Aim: whatever the order in which readers tell that a file ended, the report says where it ends now and all that is lost.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fileIndex } from '../../../engine/bittorrent/units.ts';
import { ReadFailures } from '../../../engine/bittorrent/verify/read-failures.ts';
import { VerdictMap } from '../../../engine/bittorrent/verify/verdict.ts';

const test = suite('read failures');
const FILE = { offset: 0, byteLength: 100 };

function ends(...from: readonly number[]) {
  const failures = new ReadFailures(10, [FILE], new VerdictMap(10));
  for (const at of from) failures.add(fileIndex(0), { kind: 'short', code: '', from: at, to: 100 });
  return failures.list().get(fileIndex(0));
}

test('the first end that anyone met counts, whoever tells first', () => {
  const expected = { problem: { kind: 'changed', byteLength: 35 }, ranges: [{ from: 35, to: 100 }] };
  assert.equal(ends(35, 60), expected);
  assert.equal(ends(60, 35, 80), expected);
});

test('a file that could not be opened stays that, also where another reader still met an end', () => {
  const failures = new ReadFailures(10, [FILE], new VerdictMap(10));
  failures.add(fileIndex(0), { kind: 'unopened', code: 'EACCES', from: 0, to: 100 });
  failures.add(fileIndex(0), { kind: 'short', code: '', from: 50, to: 100 });
  assert.equal(failures.list().get(fileIndex(0))?.problem, { kind: 'unreadable', code: 'EACCES' });
});

test.run();
