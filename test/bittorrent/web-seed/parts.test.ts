// Aim: spans of a torrent become the right requests: names are encoded, padding is asked of nobody, BEP 17 says pieces;
// answers are judged by status and length; requests are found in what this engine says, however it is cut.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Layout } from '../../../engine/bittorrent/layout.ts';
import { askWebSeed, judgeAnswer, WHOLE_FILE_BYTES_MAX } from '../../../engine/bittorrent/web-seed/ask.ts';
import { filePartsOf, fileUrl, piecePartsOf } from '../../../engine/bittorrent/web-seed/file-map.ts';
import { RequestReader } from '../../../engine/bittorrent/web-seed/request-reader.ts';
import { WishList } from '../../../engine/bittorrent/web-seed/wish-list.ts';
import {
  writeBare,
  writeCancel,
  writeHave,
  writeKeepAlive,
  writeRequest,
} from '../../../engine/bittorrent/wire/encode.ts';
import type { HttpRequest } from '../../../engine/runtime/port.ts';
import { makeTorrent } from '../support/make-torrent.ts';

const test = suite('web seed requests');

test('BEP 19: URLs of files', () => {
  assert.is(fileUrl('http://w/x.iso', ['x.iso'], true), 'http://w/x.iso');
  assert.is(fileUrl('http://w/d/', ['x y.iso'], true), 'http://w/d/x%20y.iso');
  assert.is(fileUrl('http://w/d', ['n', 'ä', '#?.b'], false), 'http://w/d/n/%C3%A4/%23%3F.b');
  assert.is(fileUrl('http://w/d/', ['n', '100%'], false), 'http://w/d/n/100%25');
});

test('BEP 19: a span over files and padding', () => {
  const { metainfo } = makeTorrent({
    ...{ name: 'n', pieceLength: 1 << 14, fileBytes: [20_000, 5], version: 'hybrid' },
  });
  const layout = new Layout(metainfo);
  const parts = filePartsOf('http://w/', { offset: 0, byteLength: 32_773 }, { metainfo, layout });
  assert.equal(parts, [
    { url: 'http://w/n/f000', position: 0, byteLength: 20_000, fileBytes: 20_000 },
    { url: undefined, position: 0, byteLength: 12_768, fileBytes: 12_768 },
    { url: 'http://w/n/f001', position: 0, byteLength: 5, fileBytes: 5 },
  ]);
});

test('BEP 17: a span over pieces', () => {
  const { metainfo } = makeTorrent({ name: 'n', pieceLength: 1 << 14, fileBytes: [40_000] });
  const layout = new Layout(metainfo);
  const infoHash = new Uint8Array(20).fill(0x0a);
  const parts = piecePartsOf('http://w/s', { offset: 100, byteLength: 16_384 }, { infoHash, layout });
  const hash = '%0A'.repeat(20);
  assert.equal(
    parts.map(({ url, byteLength }) => [url, byteLength]),
    [
      [`http://w/s?info_hash=${hash}&piece=0&ranges=100-16383`, 16_284],
      [`http://w/s?info_hash=${hash}&piece=1&ranges=0-99`, 100],
    ],
  );
});

test('answers are what they should be, or no use', () => {
  const part = { url: 'http://w/', position: 10, byteLength: 4, fileBytes: 100 };
  const kind = (status: number, bytes: number) =>
    judgeAnswer(part, { status, body: new Uint8Array(bytes) }).kind;
  assert.is(kind(206, 4), 'bytes');
  assert.is(kind(206, 5), 'refused');
  assert.is(kind(200, 100), 'bytes');
  assert.is(kind(200, 4), 'refused');
  assert.is(kind(404, 4), 'refused');
  assert.is(kind(416, 0), 'refused');
  for (const status of [408, 429, 500, 503]) assert.is(kind(status, 4), 'failed');
  const busy = (text: string) =>
    judgeAnswer({ ...part, fileBytes: 0 }, { status: 503, body: Buffer.from(text) });
  assert.equal(busy('7'), { kind: 'failed', retryAfterMs: 7000 });
  assert.equal(busy('99999999'), { kind: 'failed', retryAfterMs: 3_600_000 });
  assert.equal(busy('-3'), { kind: 'failed', retryAfterMs: 0 });
});

test('never more is read than was asked for, or a short file', async () => {
  const seen: HttpRequest[] = [];
  const http = (request: HttpRequest) => {
    seen.push(request);
    return Promise.resolve({ status: 206, body: new Uint8Array(4) });
  };
  const part = { url: 'http://w/', position: 10, byteLength: 4 };
  await askWebSeed([{ ...part, fileBytes: WHOLE_FILE_BYTES_MAX }], { http });
  await askWebSeed([{ ...part, fileBytes: WHOLE_FILE_BYTES_MAX + 1 }], { http });
  assert.equal(
    seen.map(({ maxBytes, headers }) => [maxBytes, headers?.['range']]),
    [
      [WHOLE_FILE_BYTES_MAX, 'bytes=10-13'],
      [4, 'bytes=10-13'],
    ],
  );
});

test('requests are found among other messages, in pieces of every length', () => {
  const said = new Uint8Array(300);
  let at = 68;
  at += writeKeepAlive(said, at);
  at += writeBare(said, at, 2);
  at += writeRequest(said, at, 3, 16_384, 100);
  at += writeHave(said, at, 9);
  at += writeCancel(said, at, 3, 16_384, 100);
  at += writeRequest(said, at, 4, 0, 16_384);
  for (let step = 1; step <= at; step++) {
    const reader = new RequestReader();
    const wishes = [];
    for (let from = 0; from < at; from += step) {
      wishes.push(...reader.read(said.subarray(from, Math.min(at, from + step))));
    }
    assert.equal(
      wishes.map(({ kind, piece, begin, byteLength }) => [kind, piece, begin, byteLength]),
      [
        ['request', 3, 16_384, 100],
        ['cancel', 3, 16_384, 100],
        ['request', 4, 0, 16_384],
      ],
    );
  }
});

test('blocks behind each other are one run, up to its bound; cancelled ones are left out', () => {
  const list = new WishList({ runBytesMax: 30 });
  for (const [piece, offset] of [
    [0, 0],
    [0, 10],
    [1, 20],
    [1, 30],
    [5, 90],
  ] as const) {
    list.add(piece, offset, { offset, byteLength: 10 });
  }
  list.cancel(1, 30);
  const run = list.take()!;
  assert.equal([run.offset, run.byteLength, run.wishes.length], [0, 30, 3]);
  list.cancel(0, 10);
  assert.equal(
    run.wishes.map(({ cancelled }) => cancelled),
    [false, true, false],
  );
  list.done(run);
  assert.is(list.take()?.offset, 90);
  assert.is(list.take(), undefined);
  assert.ok(list.isEmpty);
});

test('a part that another Content-Range names is not taken; one that none names is judged by its hashes', () => {
  const part = { url: 'http://a/f', position: 10, byteLength: 5, fileBytes: 100 };
  const body = new Uint8Array(5);
  const kindOf = (contentRange?: string): string =>
    judgeAnswer(part, { status: 206, body, ...(contentRange === undefined ? {} : { contentRange }) }).kind;
  for (const right of [undefined, 'bytes 10-14/100', 'bytes 10-14/*', 'Bytes 10-14/100 ']) {
    assert.is(kindOf(right), 'bytes', right);
  }
  for (const wrong of ['bytes 0-4/100', 'bytes 10-15/100', 'bytes 10-14/99', 'bytes */100', 'x', '']) {
    assert.is(kindOf(wrong), 'refused', wrong);
  }
});

test.run();
