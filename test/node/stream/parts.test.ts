// Aim: what a Range header means, what a file is served as, and which pieces are urgent for readers at these places.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { contentTypeOf, dispositionOf } from '../../../engine/node/stream/content-type.ts';
import { rangeOf } from '../../../engine/node/stream/range.ts';
import { urgentPieces, WINDOW_BYTES, windowAt } from '../../../engine/node/stream/urgent.ts';

const test = suite('parts of streaming');

test('ranges: first and last, open, suffix, beyond the end (RFC 9110, 14.1.2)', () => {
  const part = (start: number, end: number) => ({ kind: 'part', start, end });
  assert.equal(rangeOf('bytes=0-499', 10_000), part(0, 500));
  assert.equal(rangeOf('bytes=9500-', 10_000), part(9_500, 10_000));
  assert.equal(rangeOf('bytes=-500', 10_000), part(9_500, 10_000));
  assert.equal(rangeOf('bytes=-20000', 10_000), part(0, 10_000));
  assert.equal(rangeOf('bytes=9999-20000', 10_000), part(9_999, 10_000));
  assert.equal(rangeOf('bytes=0-0', 10_000), part(0, 1));
  assert.equal(rangeOf('Bytes= 5-6 ', 10_000), part(5, 7));
  for (const header of ['bytes=10000-', 'bytes=-0', 'bytes=20000-30000'])
    assert.equal(rangeOf(header, 10_000), { kind: 'unsatisfiable' }, header);
  assert.equal(rangeOf('bytes=0-', 0), { kind: 'unsatisfiable' });
});

test('what is no single range of bytes is passed over', () => {
  const odd = [null, '', 'bytes=', 'bytes=-', 'bytes=5-4', 'bytes=0-1,4-5', 'items=0-1', 'bytes=a-b'];
  for (const header of [...odd, 'bytes=0x1-2', `bytes=${'9'.repeat(400)}-`, 'bytes=1-2-3', '0-1'])
    assert.equal(rangeOf(header, 10_000), { kind: 'whole' }, String(header));
});

test('media and plain text as what they are, all else as bytes to be saved', () => {
  assert.is(contentTypeOf('a.MP4'), 'video/mp4');
  assert.is(contentTypeOf('a.b.mkv'), 'video/x-matroska');
  for (const name of ['a.html', 'a.svg', 'a.xml', 'a.js', 'a', '.mp4x', 'a.constructor', 'a.__proto__', ''])
    assert.is(contentTypeOf(name), 'application/octet-stream', name);
  assert.is(dispositionOf('a b.mp4'), "inline; filename*=UTF-8''a%20b.mp4");
  assert.is(
    dispositionOf('ü"\r\n\u{1f600}.html'),
    "attachment; filename*=UTF-8''%C3%BC%22%0D%0A%F0%9F%98%80.html",
  );
  assert.is(dispositionOf("it's (1)*.mp3"), "inline; filename*=UTF-8''it%27s%20%281%29%2A.mp3");
  assert.is(dispositionOf('\ud800.mp3'), "inline; filename*=UTF-8''%EF%BF%BD.mp3");
});

test('the window of a reader: its piece first, so many bytes ahead, never beyond what is asked for', () => {
  const piece = 1024 * 1024;
  const end = 1000 * piece;
  assert.equal(windowAt(0, end, piece), { first: 0, end: WINDOW_BYTES / piece });
  assert.equal(windowAt(piece - 1, end, piece), { first: 0, end: WINDOW_BYTES / piece + 1 });
  assert.equal(windowAt(end - 1, end, piece), { first: 999, end: 1000 });
  assert.equal(windowAt(0, end, 64 * piece), { first: 0, end: 2 }, 'two pieces at least');
  assert.equal(windowAt(5 * piece, 5 * piece, piece), { first: 5, end: 5 });
});

test('several readers are served in turns, nothing twice, no more than the bound', () => {
  const windows = [
    { first: 10, end: 14 },
    { first: 12, end: 20 },
    { first: 30, end: 31 },
  ];
  const none = () => false;
  assert.equal(urgentPieces(windows, none), [10, 12, 30, 11, 13, 14, 15, 16, 17, 18, 19]);
  assert.equal(
    urgentPieces(windows, (piece) => piece % 2 === 0),
    [11, 13, 15, 17, 19],
  );
  assert.equal(urgentPieces(windows, none, 3), [10, 12, 30]);
  assert.is(urgentPieces([{ first: 0, end: 5000 }], none).length, 128);
  assert.equal(urgentPieces([], none), []);
});

test.run();
