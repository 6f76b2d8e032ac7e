// Aim: requests and answers of the directory protocol survive any cut of the stream, packed bodies cannot burst memory, and a
// cache answers each path with what it has, never with more than was asked for.
import { deflateSync, gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { answerDirectoryRequest } from '../../../engine/onion/directory/cache-answer.ts';
import { unpackBody } from '../../../engine/onion/directory/compression.ts';
import {
  type DirectoryAnswer,
  DirectoryAnswerReader,
  encodeAnswerHead,
} from '../../../engine/onion/directory/directory-answer.ts';
import {
  type DirectoryRequest,
  DirectoryRequestReader,
  encodeDirectoryRequest,
} from '../../../engine/onion/directory/directory-request.ts';
import { HTTP_HEAD_BYTES_MAX, readHttpHead } from '../../../engine/onion/directory/http-head.ts';
import {
  certificatesPath,
  consensusPath,
  DIGESTS_ANSWERED_MAX,
  descriptorsPath,
  microdescriptorsPath,
  readDirectoryPath,
} from '../../../engine/onion/directory/paths.ts';
import type { Result } from '../../../engine/onion/directory/result.ts';
import { parseServerDescriptors } from '../../../engine/onion/directory/server-descriptor.ts';
import { DirectoryStore } from '../../../engine/onion/directory/store.ts';
import {
  checkRequest,
  judgeCheck,
  judgeUpload,
  uploadRequest,
} from '../../../engine/onion/directory/upload.ts';
import {
  authorities,
  bytes,
  certificates,
  fixture,
  fixtureConsensus,
  NOW_MS,
  reasonOf,
  text,
  unwrap,
} from './support.ts';

const test = suite('directory exchange');
const BODY_MAX = 1_000_000;

function filledStore(): DirectoryStore {
  const store = new DirectoryStore();
  for (const flavour of ['ns', 'microdesc'] as const) {
    store.setConsensus(fixtureConsensus(flavour), fixture(`consensus-${flavour}`));
  }
  for (const certificate of certificates) store.addCertificate(certificate);
  store.addMicrodescriptors(fixture('microdescriptors'), new Set(store.missingMicrodescriptors()));
  for (const one of parseServerDescriptors(fixture('descriptors'), NOW_MS)) store.addDescriptor(unwrap(one));
  return store;
}

/** Bytes of an answer, read in pieces of `step`. */
function readAnswer(whole: Uint8Array, step = whole.length): Result<DirectoryAnswer> {
  const reader = new DirectoryAnswerReader({ bodyBytesMax: BODY_MAX });
  for (let at = 0; at < whole.length; at += step) {
    const pushed = reader.push(whole.subarray(at, at + step));
    if (!pushed.ok) return pushed;
    if (pushed.value === 'done') break;
  }
  return reader.finish();
}

/** A whole round: request to bytes, bytes to request, answer to bytes, bytes to answer. */
function exchange(store: DirectoryStore, request: DirectoryRequest, step = 100): DirectoryAnswer {
  const reader = new DirectoryRequestReader({ bodyBytesMax: 1000 });
  const sent = encodeDirectoryRequest(request, '127.0.0.1');
  let got: DirectoryRequest | 'more' = 'more';
  for (let at = 0; at < sent.length; at += step) got = unwrap(reader.push(sent.subarray(at, at + step)));
  if (got === 'more') throw new Error('the request did not come through');
  const draft = answerDirectoryRequest(store, got, NOW_MS);
  const head = encodeAnswerHead(draft, { nowMs: NOW_MS, clientAddress: '192.0.2.7' });
  return unwrap(readAnswer(new Uint8Array(Buffer.concat([head, ...draft.body])), step));
}

const get = (path: string, more: Partial<DirectoryRequest> = {}): DirectoryRequest => ({
  method: 'GET',
  path,
  ...more,
});

test('a cache serves what it has, in each encoding, however the stream is cut', () => {
  const store = filledStore();
  const digests = fixtureConsensus('microdesc').routers.map((one) => one.microdescDigest!);
  for (const [step, acceptEncoding] of [
    [1, 'identity'],
    [7, 'deflate'],
    [4000, 'x-zstd, gzip'],
    [100, ''],
  ] as const) {
    const ask = (path: string): DirectoryAnswer => exchange(store, get(path, { acceptEncoding }), step);
    const consensus = ask(consensusPath('microdesc'));
    assert.equal([consensus.status, consensus.yourAddress, consensus.dateMs], [200, '192.0.2.7', NOW_MS]);
    assert.is(text(consensus.body), text(fixture('consensus-microdesc')));
    assert.is(text(ask(consensusPath('ns')).body), text(fixture('consensus-ns')));
    assert.is(ask('/tor/keys/all').body.length, fixture('certificates').length);
    assert.is(ask(certificatesPath(certificates.slice(1, 2))).body.length, certificates[1]!.text.length);
    assert.is(ask(microdescriptorsPath(digests)).body.length, fixture('microdescriptors').length);
    assert.is(
      text(ask(`${microdescriptorsPath(digests.slice(2, 3))}.z`).body).match(/ntor-onion-key/g)?.length,
      1,
    );
  }
});

test('descriptors by relay and by digest, and the own one', () => {
  const store = filledStore();
  const [relay] = parseServerDescriptors(fixture('descriptors'), NOW_MS).map(unwrap);
  const byName = exchange(store, get(descriptorsPath('server', 'fp', [relay!.fingerprint])));
  assert.is(text(byName.body), text(relay!.text));
  assert.is(
    exchange(store, get(descriptorsPath('server', 'd', [relay!.digest]))).body.length,
    relay!.text.length,
  );
  assert.is(exchange(store, get('/tor/server/authority')).status, 404);
  const fingerprint = 'F'.repeat(40);
  store.setOwn({ fingerprint, descriptor: bytes('mine'), extraInfo: bytes('more') });
  assert.is(text(exchange(store, get('/tor/server/authority')).body), 'mine');
  assert.is(text(exchange(store, get(descriptorsPath('server', 'fp', [fingerprint]))).body), 'mine');
  assert.is(text(exchange(store, get(descriptorsPath('extra', 'fp', [fingerprint]))).body), 'more');
  assert.is(exchange(store, get(descriptorsPath('extra', 'fp', [relay!.fingerprint]))).status, 404);
});

test('not modified, not enough signers, not there, not an authority', () => {
  const store = filledStore();
  const { validAfterMs } = fixtureConsensus('ns');
  const since = (ifModifiedSinceMs: number): number =>
    exchange(store, get(consensusPath('ns'), { ifModifiedSinceMs })).status;
  assert.equal([since(validAfterMs - 1000), since(validAfterMs)], [200, 304]);
  const known = authorities.map((one) => one.v3ident!);
  const signed = (signers: readonly string[]): number =>
    exchange(store, get(consensusPath('ns', signers))).status;
  assert.equal([signed(known), signed([...known, 'F'.repeat(40)])], [200, 200]);
  assert.is(signed([known[0]!, 'F'.repeat(40)]), 404);
  assert.is(exchange(store, get('/tor/keys/all', { ifModifiedSinceMs: NOW_MS })).status, 304);
  assert.is(exchange(new DirectoryStore(), get(consensusPath('ns'))).status, 404);
  for (const path of [
    '/',
    '/tor/',
    '/tor/server/all',
    '/etc/passwd',
    '/tor/micro/d/x',
    '/tor/__proto__/d/x',
  ]) {
    assert.is(exchange(store, get(path)).status, 404, path);
  }
  const refused = exchange(store, { method: 'POST', path: '/tor/', body: bytes('router') });
  assert.equal([refused.status, refused.reason], [400, 'This directory is no authority']);
});

test('paths of hidden services and lists are read, long lists are cut', () => {
  const key = Buffer.alloc(32, 0xff).toString('base64').replace('=', '');
  const { resource } = readDirectoryPath(`/tor/hs/3/${key}`, 'GET');
  assert.ok(resource.kind === 'hidden-service' && resource.blindedKey.length === 32);
  assert.is(readDirectoryPath('/tor/hs/3/publish', 'POST').resource.kind, 'publish-hidden-service');
  assert.is(readDirectoryPath('/tor/hs/2/publish', 'POST').resource.kind, 'unknown');
  const many = Array.from({ length: DIGESTS_ANSWERED_MAX + 9 }, () => 'A'.repeat(40));
  const list = readDirectoryPath(descriptorsPath('server', 'fp', many), 'GET').resource;
  assert.ok(list.kind === 'server' && list.by === 'fp' && list.digests.length === DIGESTS_ANSWERED_MAX);
});

test('answers of C tor: no length, a reason, a descriptor that is not new', () => {
  const date = 'Date: Sun, 22 Nov 2026 20:16:17 GMT\r\n';
  const packed = deflateSync(fixture('certificates'));
  const whole = Buffer.concat([
    Buffer.from(`HTTP/1.0 200 OK\r\n${date}Content-Type: text/plain\r\nContent-Encoding: deflate\r\n\r\n`),
    packed,
  ]);
  assert.is(unwrap(readAnswer(whole, 11)).body.length, fixture('certificates').length);
  const gone = unwrap(readAnswer(bytes(`HTTP/1.0 404 Servers unavailable\r\n${date}\r\n`)));
  assert.equal(
    [gone.status, gone.reason, gone.dateMs],
    [404, 'Servers unavailable', Date.UTC(2026, 10, 22, 20, 16, 17)],
  );
  const known = unwrap(readAnswer(bytes(`HTTP/1.0 200 OK\r\n${date}X-Descriptor-Not-New: Yes\r\n\r\n`)));
  assert.equal(judgeUpload(known), { kind: 'known' });
});

test('answers that are none, too short, too long or packed strangely', () => {
  const reason = (content: string | Uint8Array): string =>
    reasonOf(readAnswer(typeof content === 'string' ? bytes(content) : content, 4096));
  assert.match(reason(''), /before it answered/);
  assert.match(reason('HTTP/1.0 200 OK\r\n'), /before it answered/);
  assert.match(reason('SSH-2.0-x\r\n\r\n'), /no answer of a directory/);
  assert.match(reason('HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nshort'), /in mid-answer/);
  assert.match(reason(`HTTP/1.0 200 OK\r\nContent-Length: ${BODY_MAX + 1}\r\n\r\n`), /longer than 1000000/);
  assert.match(reason('HTTP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n'), /longer than/);
  assert.match(
    reason(`HTTP/1.0 200 OK\r\n${'x: y\r\n'.repeat(6000)}`),
    new RegExp(`longer than ${HTTP_HEAD_BYTES_MAX}`),
  );
  assert.match(
    reason(`HTTP/1.0 200 OK\r\n${Array.from({ length: 65 }, (_, at) => `x${at}: y\r\n`).join('')}\r\n`),
    /64 HTTP headers/,
  );
  assert.match(reason(`HTTP/1.0 200 OK\r\n\r\n${'x'.repeat(BODY_MAX + HTTP_HEAD_BYTES_MAX)}`), /longer than/);
  assert.match(reason('HTTP/1.0 200 OK\r\nContent-Encoding: br\r\n\r\nxx'), /not asked for/);
  assert.match(reason('HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\n\r\nxx'), /cannot be unpacked/);
});

test('a packed bomb is stopped at the bound', () => {
  const megabytes = new Uint8Array(20 * 1024 * 1024);
  for (const [encoding, packed] of [
    ['deflate', deflateSync(megabytes)],
    ['gzip', gzipSync(megabytes)],
  ] as const) {
    assert.match(
      reasonOf(unpackBody(packed, encoding, 16 * 1024 * 1024)),
      /unpacks to more than 5242880 bytes/,
    );
    assert.match(reasonOf(unpackBody(packed, encoding, 1000)), /more than 1000 bytes/);
  }
  assert.is(unwrap(unpackBody(deflateSync(megabytes.subarray(0, 1000)), 'deflate', 1000)).length, 1000);
});

test('requests that are none or too long', () => {
  const reader = (): DirectoryRequestReader => new DirectoryRequestReader({ bodyBytesMax: 100 });
  assert.match(reasonOf(reader().push(bytes('GET\r\n\r\n'))), /no request/);
  assert.match(reasonOf(reader().push(bytes('PUT /tor/ HTTP/1.0\r\n\r\n'))), /no request/);
  assert.match(
    reasonOf(reader().push(bytes('POST /tor/ HTTP/1.0\r\nContent-Length: 101\r\n\r\n'))),
    /body .* too long/,
  );
  assert.match(reasonOf(reader().push(bytes('x'.repeat(HTTP_HEAD_BYTES_MAX + 1)))), /longer than/);
  assert.match(reasonOf(reader().push(bytes('x'.repeat(HTTP_HEAD_BYTES_MAX + 101)))), /too long/);
});

test('a head that comes byte by byte is not searched from its start each time', () => {
  assert.is(unwrap(readHttpHead(bytes('GET / HTTP/1.0\n\nmore to come'), 27)), 'more');
  for (const end of ['\n\n', '\r\n\r\n']) {
    const whole = bytes(`GET / HTTP/1.0\r\nHost: a${end}`);
    for (let at = 1; at < whole.length; at++) {
      assert.is(unwrap(readHttpHead(whole.subarray(0, at), at - 1)), 'more');
    }
    const head = unwrap(readHttpHead(whole, whole.length - 1));
    assert.is(head !== 'more' && head.byteLength, whole.length);
  }
});

test('an upload is believed only after the authority shows the descriptor', () => {
  const [sent, other] = parseServerDescriptors(fixture('descriptors'), NOW_MS).map(unwrap);
  const request = uploadRequest(sent!.text, fixture('extra-info'));
  assert.is(request.body?.length, sent!.text.length + fixture('extra-info').length);
  const answer = (status: number, body: Uint8Array = new Uint8Array(0), reason = 'why'): DirectoryAnswer => ({
    status,
    reason,
    body,
    dateMs: undefined,
    yourAddress: undefined,
    isNotNew: false,
  });
  assert.equal(judgeUpload(answer(200)), { kind: 'unchecked' });
  assert.is(judgeUpload(answer(503)).kind, 'busy');
  assert.equal(judgeUpload(answer(400, undefined, 'Missing TAP key in descriptor.')), {
    kind: 'refused',
    reason: 'the authority refused the descriptor (400 Missing TAP key in descriptor.)',
  });
  assert.is(checkRequest(sent!.fingerprint).path, `/tor/server/fp/${sent!.fingerprint}`);
  const check = (one: DirectoryAnswer, mine = sent!) => judgeCheck(one, mine, NOW_MS);
  assert.equal(check(answer(200, sent!.text)), { kind: 'accepted', publishedMs: sent!.publishedMs });
  assert.is(check(answer(404)).kind, 'rejected');
  assert.is(check(answer(503)).kind, 'unclear');
  assert.is(check(answer(200, other!.text)).kind, 'unclear');
  assert.is(check(answer(200, bytes('rubbish'))).kind, 'unclear');
  const newer = { ...sent!, digest: 'A'.repeat(40) };
  assert.is(check(answer(200, sent!.text), newer).kind, 'accepted', 'only the time differs');
  assert.is(check(answer(200, sent!.text), { ...newer, orPort: 1 }).kind, 'rejected');
});

test.run();
