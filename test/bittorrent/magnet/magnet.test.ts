// Aim: magnet links as real programs write them are understood field by field, nonsense is refused or left out, and
// what is written can be read again.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeMagnet, magnetLink } from '../../../engine/bittorrent/magnet/encode.ts';
import { formatFileSpans, isInSpans, parseFileSpans } from '../../../engine/bittorrent/magnet/file-spans.ts';
import { isMagnetLink, MAGNET_LENGTH_MAX, parseMagnet } from '../../../engine/bittorrent/magnet/parse.ts';
import { readBase32 } from '../../../engine/codec/base32.ts';
import { AlliumError } from '../../../engine/codec/error.ts';
import { hex, readHex } from '../../../engine/codec/hex.ts';
import { makeTorrent } from '../support/make-torrent.ts';

const test = suite('magnet links');
const V1 = '0123456789abcdef0123456789abcdef01234567';
const V2 = 'ab'.repeat(32);

test('v1 in hexadecimal of either case and in base32', () => {
  assert.is(hex(parseMagnet(`magnet:?xt=urn:btih:${V1.toUpperCase()}`).infoHashV1!), V1);
  // 20 bytes of RFC 4648 base32, either case.
  const base32 = 'AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH';
  assert.is(hex(parseMagnet(`magnet:?xt=urn:btih:${base32}`).infoHashV1!), V1);
  assert.is(hex(parseMagnet(`MAGNET:?xt=urn:btih:${base32.toLowerCase()}`).infoHashV1!), V1);
});

test('v2 as a multihash, alone and beside v1', () => {
  const both = parseMagnet(`magnet:?xt=urn:btih:${V1}&xt=urn:btmh:1220${V2}`);
  assert.is(hex(both.infoHashV1!), V1);
  assert.is(hex(both.infoHashV2!), V2);
  const only = parseMagnet(`magnet:?xt.1=urn:btmh:1220${V2}`);
  assert.is(only.infoHashV1, undefined);
  assert.is(hex(only.infoHashV2!), V2);
});

test('every other field', () => {
  const magnet = parseMagnet(
    `magnet:?xt=urn:btih:${V1}&dn=A+b%20%C3%A9&xl=12345&tr=http%3A%2F%2Ft.example%2Fa%3Fk%3D1&tr.1=udp://u.example:1` +
      '&ws=http%3A%2F%2Fw.example%2F&x.pe=10.0.0.1:6881&x.pe=[2001:db8::1]:2&x.pe=host.example:3' +
      `&so=4-6,0,2,5-9&xs=http%3A%2F%2Fx.example%2Ft.torrent&xs=urn:btpk:${'cd'.repeat(32)}&s=6e&zz=1`,
  );
  assert.is(magnet.name, 'A b é');
  assert.is(magnet.byteLength, 12345);
  assert.equal(magnet.trackers, ['http://t.example/a?k=1', 'udp://u.example:1']);
  assert.equal(magnet.webSeeds, ['http://w.example/']);
  assert.equal(magnet.peers, [
    { host: '10.0.0.1', port: 6881 },
    { host: '2001:db8::1', port: 2 },
    { host: 'host.example', port: 3 },
  ]);
  assert.equal(magnet.files, [
    { first: 0, last: 0 },
    { first: 2, last: 2 },
    { first: 4, last: 9 },
  ]);
  assert.equal(magnet.torrentUrls, ['http://x.example/t.torrent']);
  assert.is(hex(magnet.mutable!.publicKey), 'cd'.repeat(32));
  assert.is(hex(magnet.mutable!.salt), '6e');
});

test('a name comes back as it was, cut where it is too long, and can be written again', () => {
  const parts = parseMagnet(`magnet:?xt=urn:btih:${V1}`);
  assert.is(parseMagnet(encodeMagnet({ ...parts, name: 'C++ & 100 %' })).name, 'C++ & 100 %');
  // The cut goes through the middle of a character of two UTF-16 units.
  const cut = parseMagnet(`magnet:?xt=urn:btih:${V1}&dn=${'x'.repeat(254)}%F0%9F%8C%B1`);
  assert.is(cut.name, `${'x'.repeat(254)}\ufffd`);
  assert.is(parseMagnet(encodeMagnet(cut)).name, cut.name);
  const lone = parseMagnet(`magnet:?xt=urn:btih:${V1}&dn=\ud83c&tr=http://t.example/\udf31`);
  assert.equal(parseMagnet(encodeMagnet(lone)).trackers, ['http://t.example/\ufffd']);
});

test('a mutable torrent needs no info-hash (BEP 46)', () => {
  const magnet = parseMagnet(`magnet:?xs=urn:btpk:${V2}`);
  assert.is(magnet.infoHashV1, undefined);
  assert.is(magnet.mutable!.salt.length, 0);
});

test('what a web page does to a link is undone', () => {
  assert.equal(parseMagnet(` magnet:?xt=urn:btih:${V1}&amp;tr=http://t.example/\n`).trackers, [
    'http://t.example/',
  ]);
});

test('nonsense in a field leaves the rest alone', () => {
  const magnet = parseMagnet(
    `magnet:?xt=urn:sha1:abc&xt=urn:btih:12&xt=urn:btih:${V1}&dn=%ff%zz&xl=-1&tr=nothing&x.pe=1.2.3.4:0` +
      `&x.pe=:::1:5&so=3-1&xs=urn:btpk:12&xt=urn:btmh:1114${V1}&=x&y`,
  );
  assert.is(hex(magnet.infoHashV1!), V1);
  assert.is(magnet.infoHashV2, undefined);
  assert.is(magnet.name, '\ufffd%zz');
  assert.is(magnet.byteLength, undefined);
  assert.equal(magnet.trackers, []);
  assert.equal(magnet.peers, []);
  assert.is(magnet.files, undefined);
  assert.is(magnet.mutable, undefined);
});

test('what names no torrent, or is too long, is BAD_TORRENT', () => {
  const long = `magnet:?xt=urn:btih:${V1}&dn=${'x'.repeat(MAGNET_LENGTH_MAX)}`;
  for (const text of ['magnet:?dn=x', 'http://x', '', `magnet:?xt=urn:btih:${V1.slice(1)}`, long]) {
    assert.throws(
      () => parseMagnet(text),
      (error: unknown) => error instanceof AlliumError && error.code === 'BAD_TORRENT',
    );
  }
  assert.ok(isMagnetLink(' Magnet:?x'));
  assert.not.ok(isMagnetLink('a.torrent'));
});

test('peers and trackers of a link are bounded', () => {
  const peers = Array.from({ length: 400 }, (_, i) => `&x.pe=10.0.0.1:${i + 1}`).join('');
  assert.is(parseMagnet(`magnet:?xt=urn:btih:${V1}${peers}`).peers.length, 200);
  const trackers = Array.from({ length: 1500 }, (_, i) => `&tr=http://t/${i}`).join('');
  assert.is(parseMagnet(`magnet:?xt=urn:btih:${V1}${trackers}`).trackers.length, 1000);
});

test('the link of a torrent is read back, of every version', () => {
  for (const version of ['v1', 'v2', 'hybrid'] as const) {
    const { metainfo } = makeTorrent({
      ...{ name: 'a & b', pieceLength: 16_384, fileBytes: [1, 40_000], version, announce: 'http://t/?a=1&b' },
    });
    const magnet = parseMagnet(magnetLink(metainfo));
    assert.equal(magnet.infoHashV1, metainfo.infoHashV1);
    assert.equal(magnet.infoHashV2, metainfo.infoHashV2);
    assert.is(magnet.name, 'a & b');
    assert.is(magnet.byteLength, metainfo.contentBytes);
    assert.equal(magnet.trackers, ['http://t/?a=1&b']);
  }
  const full = `magnet:?xt=urn:btih:${V1}&xs=urn:btpk:${V2}&s=00&dn=n&x.pe=[::1]:5&so=1-3&xs=http%3A%2F%2Fx%2F`;
  assert.is(encodeMagnet(parseMagnet(full)), full);
});

test('file spans: order, overlaps, bounds (BEP 53)', () => {
  assert.is(formatFileSpans(parseFileSpans('7,1-2,3,9-12,10')!), '1-3,7,9-12');
  assert.is(parseFileSpans(''), undefined);
  assert.is(parseFileSpans('1,,2'), undefined);
  assert.is(parseFileSpans('1-99999999'), undefined);
  assert.is(parseFileSpans(Array.from({ length: 10_001 }, () => '1').join(',')), undefined);
  assert.ok(isInSpans(2, [{ first: 1, last: 3 }]));
  assert.not.ok(isInSpans(4, [{ first: 1, last: 3 }]));
});

test('base32 and hexadecimal refuse what they cannot be', () => {
  assert.equal(readBase32('MZXW6'), new Uint8Array(Buffer.from('foo')));
  assert.is(readBase32('MZXW1'), undefined);
  assert.is(readBase32('MZXW7'), undefined, 'bits behind the end are zero');
  assert.is(readBase32('A'), undefined);
  assert.is(readHex('abc'), undefined);
  assert.is(readHex('zz'), undefined);
});

test.run();
