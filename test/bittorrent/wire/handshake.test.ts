// Aim: the 68 bytes of a handshake and its reserved bits are those of BEP 3, 5, 6, 10 and 52; what is not
// BitTorrent is known as such from the first wrong byte.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  decodeHandshake,
  HANDSHAKE_BYTES,
  HANDSHAKE_BYTES_BEFORE_PEER_ID,
  handshakeInfoHash,
  isHandshakeStart,
  writeHandshake,
} from '../../../engine/bittorrent/wire/handshake.ts';

const test = suite('handshake');
const infoHash = new Uint8Array(20).fill(0xab);
const peerId = new TextEncoder().encode('-AL0001-abcdefghijkl');
const none = { extended: false, fast: false, dht: false, v2: false };

function reserved(features: Partial<typeof none>): string {
  const out = new Uint8Array(HANDSHAKE_BYTES);
  writeHandshake(out, 0, { ...none, ...features, infoHash, peerId });
  return Buffer.from(out.subarray(20, 28)).toString('hex');
}

test('a handshake is 19, the name, 8 reserved bytes, info-hash, peer id', () => {
  const out = new Uint8Array(HANDSHAKE_BYTES + 2).fill(0xff);
  assert.is(writeHandshake(out, 1, { ...none, infoHash, peerId }), 68);
  assert.is(out[1], 19);
  assert.is(Buffer.from(out.subarray(2, 21)).toString('latin1'), 'BitTorrent protocol');
  assert.equal(out.slice(21, 29), new Uint8Array(8));
  assert.equal(out.slice(29, 49), infoHash);
  assert.equal(out.slice(49, 69), peerId);
  assert.is(out[69], 0xff);
});

test('each feature has the bit of its document', () => {
  assert.is(reserved({ extended: true }), '0000000000100000', 'BEP 10');
  assert.is(reserved({ fast: true }), '0000000000000004', 'BEP 6');
  assert.is(reserved({ dht: true }), '0000000000000001', 'BEP 5');
  assert.is(reserved({ v2: true }), '0000000000000010', 'BEP 52');
  assert.is(reserved({ extended: true, fast: true, dht: true, v2: true }), '0000000000100015');
});

test('what is written is read back, and outlives the buffer', () => {
  const out = new Uint8Array(HANDSHAKE_BYTES);
  writeHandshake(out, 0, { extended: true, fast: true, dht: false, v2: true, infoHash, peerId });
  const handshake = decodeHandshake(out, 0, out.length);
  out.fill(0);
  if (typeof handshake === 'string') throw new Error(handshake);
  assert.ok(handshake.extended && handshake.fast && handshake.v2);
  assert.not(handshake.dht);
  assert.equal(handshake.infoHash, infoHash);
  assert.equal(handshake.peerId, peerId);
});

test('an info-hash of 32 bytes goes out cut to 20', () => {
  const out = new Uint8Array(HANDSHAKE_BYTES);
  const long = Uint8Array.from({ length: 32 }, (_, index) => index);
  writeHandshake(out, 0, { ...none, infoHash: long, peerId });
  assert.equal(handshakeInfoHash(out, 0), long.subarray(0, 20));
  assert.equal(out.slice(HANDSHAKE_BYTES_BEFORE_PEER_ID), peerId);
});

test('a partial handshake needs more, a foreign protocol is refused at its first wrong byte', () => {
  const out = new Uint8Array(HANDSHAKE_BYTES);
  writeHandshake(out, 0, { ...none, infoHash, peerId });
  for (let end = 0; end < HANDSHAKE_BYTES; end++) assert.is(decodeHandshake(out, 0, end), 'need-more');
  for (let at = 0; at < 20; at++) {
    const wrong = out.slice();
    wrong[at]! ^= 1;
    assert.is(decodeHandshake(wrong, 0, at + 1), 'bad-handshake');
    assert.ok(isHandshakeStart(wrong, 0, at));
  }
  const http = new TextEncoder().encode('GET / HTTP/1.1\r\n');
  assert.is(decodeHandshake(http, 0, 1), 'bad-handshake');
});

test('reserved bits nobody knows do not matter and are kept', () => {
  const out = new Uint8Array(HANDSHAKE_BYTES);
  writeHandshake(out, 0, { ...none, infoHash, peerId });
  out.fill(0xff, 20, 28);
  const handshake = decodeHandshake(out, 0, out.length);
  if (typeof handshake === 'string') throw new Error(handshake);
  assert.equal(handshake.reserved, new Uint8Array(8).fill(0xff));
});

test.run();
