// Aim: the extension handshake (BEP 10), lt_donthave (BEP 54) and the allowed fast set (BEP 6) are as documented,
// and a stranger's handshake of any shape is bounded and harmless.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { pieceIndex } from '../../../engine/bittorrent/units.ts';
import { allowedFastSet } from '../../../engine/bittorrent/wire/allowed-fast.ts';
import { decodeDontHave, encodeDontHave } from '../../../engine/bittorrent/wire/dont-have.ts';
import {
  decodeExtensionHandshake,
  EXTENSION_HANDSHAKE_BYTES_MAX,
  EXTENSIONS_MAX,
  type ExtensionHandshake,
  encodeExtensionHandshake,
  mergeExtensions,
} from '../../../engine/bittorrent/wire/extension-handshake.ts';
import { wireRules } from './support.ts';

const test = suite('wire extensions');

function decode(text: string): ExtensionHandshake {
  const handshake = decodeExtensionHandshake(new Uint8Array(Buffer.from(text, 'latin1')));
  if (typeof handshake === 'string') throw new Error(handshake);
  return handshake;
}

test('the example of BEP 10 is understood', () => {
  const handshake = decode('d1:md11:LT_metadatai1e7:\xc2\xb5T_PEXi2ee1:pi6881e1:v13:\xc2\xb5Torrent 1.2e');
  assert.is(handshake.extensions.get('LT_metadata'), 1);
  assert.is(handshake.extensions.size, 2);
  assert.is(handshake.listenPort, 6881);
  assert.is(handshake.client, 'µTorrent 1.2');
});

test('every field goes out and comes back', () => {
  const handshake: ExtensionHandshake = {
    extensions: new Map([
      ['ut_metadata', 3],
      ['lt_donthave', 7],
      ['something_new', 200],
    ]),
    client: 'Allium',
    listenPort: 51413,
    requestsMax: 2000,
    yourAddress: Uint8Array.of(127, 0, 0, 1),
    ipv4: Uint8Array.of(10, 0, 0, 1),
    ipv6: new Uint8Array(16).fill(1),
    metadataBytes: 31235,
    isUploadOnly: true,
  };
  const back = decodeExtensionHandshake(encodeExtensionHandshake(handshake));
  if (typeof back === 'string') throw new Error(back);
  assert.equal([...back.extensions].sort(), [...handshake.extensions].sort(), 'unknown extensions are kept');
  assert.equal({ ...back, extensions: 0 }, { ...handshake, extensions: 0 });
});

test('fields of a wrong kind or range are left out, the rest stays', () => {
  const handshake = decode(
    'd4:ipv43:abc1:m5:hello13:metadata_sizei-1e1:pi70000e4:reqqi0e1:v3:abc6:yourip3:abce',
  );
  assert.is(handshake.extensions.size, 0);
  assert.is(handshake.listenPort, undefined);
  assert.is(handshake.requestsMax, undefined);
  assert.is(handshake.metadataBytes, undefined);
  assert.is(handshake.yourAddress, undefined);
  assert.is(handshake.ipv4, undefined);
  assert.is(handshake.isUploadOnly, undefined);
  assert.is(handshake.client, 'abc');
});

test('what is no dictionary, or too long, is refused', () => {
  assert.is(decodeExtensionHandshake(new TextEncoder().encode('le')), 'bad-extension');
  assert.is(decodeExtensionHandshake(new TextEncoder().encode('d1:m')), 'bad-extension');
  assert.is(decodeExtensionHandshake(new Uint8Array(0)), 'bad-extension');
  const padding = EXTENSION_HANDSHAKE_BYTES_MAX - 'd1:x16377:e'.length;
  const fits = `d1:x${padding}:${'y'.repeat(padding)}e`;
  assert.is(fits.length, EXTENSION_HANDSHAKE_BYTES_MAX);
  assert.is(decode(fits).client, undefined);
  const long = new TextEncoder().encode(`d1:x${padding + 1}:${'y'.repeat(padding + 1)}e`);
  assert.is(decodeExtensionHandshake(long), 'bad-extension');
});

test(`no more than ${EXTENSIONS_MAX} extensions of one peer are remembered`, () => {
  const many = Array.from({ length: 100 }, (_, index) => `x${index + 100}`).sort();
  const handshake = decode(`d1:md${many.map((name) => `4:${name}i1e`).join('')}ee`);
  assert.is(handshake.extensions.size, EXTENSIONS_MAX);
  const further = new Map(many.map((name) => [`y${name}`, 2] as const));
  assert.is(mergeExtensions(handshake.extensions, further).size, EXTENSIONS_MAX);
});

test('names and client texts of any length are cut off', () => {
  const long = 'z'.repeat(65);
  const handshake = decode(`d1:md65:${long}i1e2:uti5ee1:v500:${'v'.repeat(500)}e`);
  assert.equal([...handshake.extensions], [['ut', 5]]);
  assert.is(handshake.client?.length, 128);
});

test('a further handshake adds to the first and 0 switches off (BEP 10)', () => {
  const first = decode('d1:md2:aai1e2:bbi2eee').extensions;
  const merged = mergeExtensions(first, decode('d1:md2:bbi0e2:cci3eee').extensions);
  assert.equal(
    [...merged],
    [
      ['aa', 1],
      ['bb', 0],
      ['cc', 3],
    ],
  );
});

test('lt_donthave carries one valid piece index (BEP 54)', () => {
  const rules = wireRules();
  assert.is(decodeDontHave(encodeDontHave(pieceIndex(5)), rules), 5);
  assert.is(decodeDontHave(encodeDontHave(pieceIndex(21)), rules), 'bad-piece-index');
  assert.is(decodeDontHave(new Uint8Array(3), rules), 'bad-extension');
  assert.is(
    decodeDontHave(encodeDontHave(pieceIndex(5)), wireRules({ pieceCount: undefined })),
    'bad-piece-index',
  );
});

test('the allowed fast sets of BEP 6 come out', () => {
  const infoHash = new Uint8Array(20).fill(0xaa);
  const address = Uint8Array.of(80, 4, 4, 200);
  assert.equal(allowedFastSet(address, infoHash, 1313, 7), [1059, 431, 808, 1217, 287, 376, 1188]);
  assert.equal(allowedFastSet(address, infoHash, 1313, 9), [1059, 431, 808, 1217, 287, 376, 1188, 353, 508]);
  assert.equal(
    allowedFastSet(Uint8Array.of(80, 4, 4, 1), infoHash, 1313, 7),
    [1059, 431, 808, 1217, 287, 376, 1188],
  );
  assert.is(new Set(allowedFastSet(address, infoHash, 11)).size, 10);
  assert.equal(allowedFastSet(address, infoHash, 3), [0, 1, 2]);
});

test.run();
