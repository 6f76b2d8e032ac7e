// Aim: every message of BEP 3, 5, 6, 10 and 52 has the bytes the documents give, both ways, and a message whose
// length or numbers do not fit the torrent is refused with the right reason.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeMessage } from '../../../engine/bittorrent/wire/decode.ts';
import {
  blockNumbers,
  decodeBlockRequest,
  decodePieceHeader,
} from '../../../engine/bittorrent/wire/decode-block.ts';
import * as encode from '../../../engine/bittorrent/wire/encode.ts';
import { type FrameHead, messageBytesMax, peekMessage } from '../../../engine/bittorrent/wire/frame.ts';
import type { Message } from '../../../engine/bittorrent/wire/message.ts';
import { KEEP_ALIVE_ID, MESSAGE_ID } from '../../../engine/bittorrent/wire/message-id.ts';
import { WIRE_LIMITS_DEFAULT, type WireRules } from '../../../engine/bittorrent/wire/rules.ts';
import { fromHex, PIECE_COUNT, wireRules } from './support.ts';

const test = suite('wire messages');
const rules = wireRules();
const root = new Uint8Array(32).fill(7);
const hashNumbers = { piecesRoot: root, baseLayer: 1, index: 4, hashCount: 2, proofLayers: 3 };
const hashHex = `${'07'.repeat(32)} 00000001 00000004 00000002 00000003`;

type Case = readonly [
  name: string,
  hex: string,
  write: (out: Uint8Array, at: number) => number,
  Record<string, unknown>,
];

const cases: readonly Case[] = [
  ['keep-alive', '00000000', encode.writeKeepAlive, { kind: 'keep-alive' }],
  ['choke', '00000001 00', (out, at) => encode.writeBare(out, at, 0), { kind: 'choke' }],
  ['unchoke', '00000001 01', (out, at) => encode.writeBare(out, at, 1), { kind: 'unchoke' }],
  ['interested', '00000001 02', (out, at) => encode.writeBare(out, at, 2), { kind: 'interested' }],
  ['not interested', '00000001 03', (out, at) => encode.writeBare(out, at, 3), { kind: 'not-interested' }],
  ['have', '00000005 04 00000013', (out, at) => encode.writeHave(out, at, 19), { kind: 'have', piece: 19 }],
  [
    'bitfield',
    '00000004 05 ff00f8',
    (out, at) => encode.writeBitfield(out, at, fromHex('ff00f8')),
    { kind: 'bitfield', bits: fromHex('ff00f8') },
  ],
  [
    'request',
    '0000000d 06 00000002 00004000 00004000',
    (out, at) => encode.writeRequest(out, at, 2, 16384, 16384),
    { kind: 'request', piece: 2, begin: 16384, byteLength: 16384 },
  ],
  [
    'piece',
    '0000000c 07 00000003 00000005 aabbcc',
    (out, at) => {
      const length = encode.writePieceHeader(out, at, 3, 5, 3);
      out.set(fromHex('aabbcc'), at + length);
      return length + 3;
    },
    { kind: 'piece', piece: 3, begin: 5, block: fromHex('aabbcc') },
  ],
  [
    'cancel',
    '0000000d 08 00000002 00000000 00000001',
    (out, at) => encode.writeCancel(out, at, 2, 0, 1),
    { kind: 'cancel', piece: 2, begin: 0, byteLength: 1 },
  ],
  ['port', '00000003 09 1ae1', (out, at) => encode.writePort(out, at, 6881), { kind: 'port', port: 6881 }],
  [
    'suggest piece',
    '00000005 0d 00000001',
    (out, at) => encode.writePieceIndex(out, at, MESSAGE_ID.suggestPiece, 1),
    { kind: 'suggest-piece', piece: 1 },
  ],
  ['have all', '00000001 0e', (out, at) => encode.writeBare(out, at, 14), { kind: 'have-all' }],
  ['have none', '00000001 0f', (out, at) => encode.writeBare(out, at, 15), { kind: 'have-none' }],
  [
    'reject request',
    '0000000d 10 00000002 00004000 00004000',
    (out, at) => encode.writeReject(out, at, 2, 16384, 16384),
    { kind: 'reject-request', piece: 2, begin: 16384, byteLength: 16384 },
  ],
  [
    'allowed fast',
    '00000005 11 00000001',
    (out, at) => encode.writePieceIndex(out, at, MESSAGE_ID.allowedFast, 1),
    { kind: 'allowed-fast', piece: 1 },
  ],
  [
    'extended',
    '00000004 14 03 6465',
    (out, at) => encode.writeExtended(out, at, 3, fromHex('6465')),
    { kind: 'extended', extension: 3, payload: fromHex('6465') },
  ],
  [
    'hash request',
    `00000031 15 ${hashHex}`,
    (out, at) => encode.writeHashRequest(out, at, 21, hashNumbers),
    { kind: 'hash-request', ...hashNumbers },
  ],
  [
    'hashes',
    `00000091 16 ${hashHex} ${'09'.repeat(96)}`,
    (out, at) => encode.writeHashes(out, at, hashNumbers, new Uint8Array(96).fill(9)),
    { kind: 'hashes', hashes: new Uint8Array(96).fill(9), ...hashNumbers },
  ],
  [
    'hash reject',
    `00000031 17 ${hashHex}`,
    (out, at) => encode.writeHashRequest(out, at, 23, hashNumbers),
    { kind: 'hash-reject', ...hashNumbers },
  ],
];

function plain(message: Message): unknown {
  return JSON.parse(JSON.stringify(message));
}

function decodeHex(hex: string, using: WireRules = rules): Message | string {
  const bytes = fromHex(hex);
  const result = decodeMessage(bytes, 4, bytes.length, using);
  return result.ok ? result.message : result.fault;
}

for (const [name, hex, write, expected] of cases) {
  test(`${name} has the bytes of its document, both ways`, () => {
    const out = new Uint8Array(300).fill(0xee);
    const length = write(out, 3);
    assert.is(Buffer.from(out.subarray(3, 3 + length)).toString('hex'), hex.replaceAll(' ', ''));
    assert.is(out[3 + length], 0xee, 'nothing is written behind the frame');
    const head: FrameHead = { byteLength: 0, id: 0 };
    assert.is(peekMessage(out, 3, 3 + length, rules, head), 'ok');
    assert.is(head.byteLength, length);
    const result = decodeMessage(out, 7, 3 + length, rules);
    assert.ok(result.ok);
    assert.equal(plain(result.message), JSON.parse(JSON.stringify(expected)));
  });
}

test('a frame of length 0 is a keep-alive without an id', () => {
  const head: FrameHead = { byteLength: 0, id: 0 };
  assert.is(peekMessage(new Uint8Array(4), 0, 4, rules, head), 'ok');
  assert.equal(head, { byteLength: 4, id: KEEP_ALIVE_ID });
});

test('peek wants five bytes and no more', () => {
  const head: FrameHead = { byteLength: 0, id: 0 };
  const bytes = fromHex('0000000d 06');
  for (let end = 0; end < 5; end++) assert.is(peekMessage(bytes, 0, end, rules, head), 'need-more');
  assert.is(peekMessage(bytes, 0, 5, rules, head), 'ok');
  assert.equal(head, { byteLength: 17, id: 6 });
});

test('a length beyond what the id allows is refused before anything is kept', () => {
  const head: FrameHead = { byteLength: 0, id: 0 };
  for (let id = 0; id < 256; id++) {
    const max = messageBytesMax(id, rules);
    const bytes = new Uint8Array(5);
    new DataView(bytes.buffer).setUint32(0, max);
    bytes[4] = id;
    assert.is(peekMessage(bytes, 0, 5, rules, head), 'ok', `id ${id}`);
    new DataView(bytes.buffer).setUint32(0, max + 1);
    assert.is(peekMessage(bytes, 0, 5, rules, head), 'message-too-long', `id ${id}`);
  }
});

test('a bitfield must have exactly the bits of the torrent and zeros behind them', () => {
  assert.is(decodeHex('00000003 05 ff00'), 'bad-bitfield');
  assert.is(decodeHex('00000005 05 ff00f800'), 'bad-bitfield');
  assert.is(decodeHex('00000004 05 ff00fc'), 'bad-bitfield', 'a spare bit is set');
  assert.is((decodeHex('00000004 05 fffff8') as Message).kind, 'bitfield');
});

test('a request must lie inside its piece and ask for no more than 128 KiB', () => {
  assert.is(decodeHex(`0000000d 06 000000${PIECE_COUNT.toString(16)} 00000000 00000001`), 'bad-piece-index');
  assert.is(decodeHex('0000000d 06 00000000 00000000 00000000'), 'bad-block');
  assert.is(decodeHex('0000000d 06 00000000 00007fff 00000002'), 'bad-block');
  assert.is(decodeHex('0000000d 06 00000000 ffffffff ffffffff'), 'bad-block');
  assert.is(decodeHex('0000000d 06 00000014 00004000 00000e21'), 'bad-block', 'the last piece is shorter');
  assert.is(decodeHex('0000000c 06 00000000 00000000 000000'), 'bad-length');
  const wide = wireRules({ pieceByteLength: () => 1 << 20 });
  assert.is((decodeHex('0000000d 06 00000000 00000000 00020000', wide) as Message).kind, 'request');
  assert.is(decodeHex('0000000d 06 00000000 00000000 00020001', wide), 'bad-block');
});

test('a request is decoded into numbers the caller owns', () => {
  const out = blockNumbers();
  const bytes = fromHex('06 00000002 00004000 00004000');
  assert.is(decodeBlockRequest(bytes, 0, bytes.length, rules, out), undefined);
  assert.equal(out, { piece: 2, begin: 16384, byteLength: 16384 });
  assert.is(decodeBlockRequest(bytes, 0, bytes.length - 1, rules, out), 'bad-length');
});

test('the header of a block is understood before its payload is there', () => {
  const out = blockNumbers();
  const bytes = new Uint8Array(13);
  encode.writePieceHeader(bytes, 0, 2, 16384, 16384);
  assert.is(decodePieceHeader(bytes, 0, rules, out), undefined);
  assert.equal(out, { piece: 2, begin: 16384, byteLength: 16384 });
  encode.writePieceHeader(bytes, 0, 2, 16385, 16384);
  assert.is(decodePieceHeader(bytes, 0, rules, out), 'bad-block');
  encode.writePieceHeader(bytes, 0, 2, 0, 0);
  assert.is(decodePieceHeader(bytes, 0, rules, out), 'bad-block', 'no payload');
  bytes[3] = 8;
  assert.is(decodePieceHeader(bytes, 0, rules, out), 'bad-length', 'shorter than its own numbers');
});

test('messages of an extension that was not agreed on are refused', () => {
  const bare = wireRules({ fast: false, extended: false, hashes: false });
  for (const id of ['0d', '0e', '0f', '10', '11', '14', '15', '16', '17']) {
    assert.is(decodeHex(`00000001 ${id}`, bare), 'not-negotiated', id);
  }
});

test('an unknown id is skipped, for future documents', () => {
  assert.equal(decodeHex('00000003 63 0102'), { kind: 'unknown', id: 0x63 });
});

test('without metadata a bitfield and have are bounded and no block can be asked for', () => {
  const blind = wireRules({ pieceCount: undefined });
  assert.is((decodeHex('00000002 05 ff', blind) as Message).kind, 'bitfield');
  assert.is((decodeHex('00000005 04 003fffff', blind) as Message).kind, 'have');
  assert.is(decodeHex('00000005 04 00400000', blind), 'bad-piece-index');
  assert.is(decodeHex('0000000d 06 00000000 00000000 00000001', blind), 'bad-piece-index');
  assert.is(decodeHex('0000000a 07 00000000 00000000 00', blind), 'bad-piece-index');
  const small = wireRules({ pieceCount: undefined, limits: { ...WIRE_LIMITS_DEFAULT, piecesMax: 8 } });
  assert.is((decodeHex('00000002 05 ff', small) as Message).kind, 'bitfield');
  assert.is(decodeHex('00000003 05 ffff', small), 'bad-bitfield');
});

test('wrong lengths of all fixed messages are refused', () => {
  for (const id of ['00', '01', '02', '03', '0e', '0f'])
    assert.is(decodeHex(`00000002 ${id} 00`), 'bad-length', id);
  for (const id of ['04', '0d', '11']) assert.is(decodeHex(`00000004 ${id} 000000`), 'bad-length', id);
  assert.is(decodeHex('00000002 09 00'), 'bad-length');
  assert.is(decodeHex('00000003 09 0000'), 'bad-port');
  assert.is(decodeHex('00000001 14'), 'bad-length');
  assert.is(decodeHex('00000005 07 00000000'), 'bad-length');
  assert.is(decodeHex('00000009 07 00000000 00000000'), 'bad-block', 'an empty block');
});

test('hash messages are held to their own numbers', () => {
  assert.is(decodeHex(`00000030 15 ${hashHex.slice(0, -2)}`), 'bad-length');
  assert.is(decodeHex(`00000032 15 ${hashHex} 00`), 'bad-length');
  assert.is(decodeHex(`00000051 16 ${hashHex} ${'09'.repeat(32)}`), 'bad-length', 'fewer than asked for');
  assert.is(decodeHex(`000000f1 16 ${hashHex} ${'09'.repeat(192)}`), 'bad-length', 'more than the proof');
  assert.is(decodeHex(`00000072 16 ${hashHex} ${'09'.repeat(65)}`), 'bad-length', 'no whole hash');
  const numbers = (text: string) => decodeHex(`00000031 15 ${'07'.repeat(32)} ${text}`);
  assert.is(numbers('00000001 00000004 00000000 00000003'), 'bad-hash-request');
  assert.is(numbers('00000001 00000004 00002001 00000003'), 'bad-hash-request');
  assert.is(numbers('00000021 00000004 00000002 00000003'), 'bad-hash-request');
  assert.is(numbers('00000001 00000004 00000002 00000021'), 'bad-hash-request');
});

test('decoding copies nothing: byte arrays are views', () => {
  const bytes = fromHex('00000004 05 ff00f8');
  const result = decodeMessage(bytes, 4, bytes.length, rules);
  assert.ok(result.ok && result.message.kind === 'bitfield');
  assert.is(result.message.bits.buffer, bytes.buffer);
});

test.run();
