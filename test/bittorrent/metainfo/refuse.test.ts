// Aim: everything that is wrong with a torrent is refused with the right code and one line that says what and where.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type MetainfoOptions, parseInfo, parseMetainfo } from '../../../engine/bittorrent/metainfo/parse.ts';
import { type BencodeInput, encodeBencode } from '../../../engine/codec/bencode.ts';
import { AlliumError, type ErrorCode } from '../../../engine/codec/error.ts';
import { type MadeTorrent, makeFields, makeTorrent } from './support/make-torrent.ts';

const test = suite('metainfo refuse');

type Fields = Record<string, BencodeInput | undefined>;

const PLAIN: Fields = { name: 'n', 'piece length': 64, pieces: new Uint8Array(20), length: 10 };

function refused(bytes: Uint8Array, code: ErrorCode, message: RegExp, options?: MetainfoOptions): void {
  try {
    parseMetainfo(bytes, options);
  } catch (error) {
    assert.instance(error, AlliumError);
    assert.is((error as AlliumError).code, code, (error as AlliumError).message);
    assert.match((error as AlliumError).message, message);
    assert.not.match((error as AlliumError).message, /\n/);
    assert.ok((error as AlliumError).advice !== '');
    return;
  }
  assert.unreachable(`accepted, expected ${code} ${String(message)}`);
}

/** A valid v1 torrent with some keys of its info dictionary changed; undefined takes a key away. */
function v1(change: Fields, code: ErrorCode, message: RegExp, options?: MetainfoOptions): void {
  refused(encodeBencode({ info: { ...PLAIN, ...change } }), code, message, options);
}

function file(change: Fields, code: ErrorCode, message: RegExp, options?: MetainfoOptions): void {
  v1({ length: undefined, files: [{ length: 10, path: ['f'], ...change }] }, code, message, options);
}

function named(name: string, code: ErrorCode, message: RegExp, options?: MetainfoOptions): void {
  file({ path: [name] }, code, message, options);
  v1({ name }, code, message, options);
}

const V2: MadeTorrent = {
  version: 'v2',
  name: 'n',
  pieceLength: 16384,
  files: [
    { path: ['a'], byteLength: 40_000, seed: 1 },
    { path: ['b'], byteLength: 7, seed: 2 },
  ],
};

function v2(
  change: Fields,
  message: RegExp,
  outer: Fields = {},
  version: MadeTorrent['version'] = 'v2',
): void {
  const fields = makeFields({ ...V2, version });
  refused(
    encodeBencode({ ...fields.outer, ...outer, info: { ...fields.info, ...change } }),
    'BAD_TORRENT',
    message,
  );
}

test('the torrent these spoil is accepted', () => {
  assert.is(parseMetainfo(encodeBencode({ info: PLAIN })).totalBytes, 10);
  assert.is(parseMetainfo(makeTorrent(V2)).files.length, 2);
});

test('bytes that are no bencode', () => {
  refused(new Uint8Array(0), 'BAD_BENCODE', /^byte 0: the data ends/);
  refused(Buffer.from('<html>'), 'BAD_BENCODE', /^byte 0: a byte that begins no value/);
  refused(
    Buffer.from('d4:infoi1e4:infoi1ee'),
    'BAD_BENCODE',
    /^byte 10: a dictionary key that is there twice/,
  );
  refused(
    Buffer.concat([encodeBencode({ info: PLAIN }), Buffer.from('\n')]),
    'BAD_BENCODE',
    /something follows/,
  );
  refused(Buffer.from('d4:infod1:bi1e1:ai1eee'), 'BAD_BENCODE', /keys out of order/);
});

test('a torrent without what makes it one', () => {
  refused(encodeBencode(1), 'BAD_TORRENT', /^torrent is not a dictionary/);
  refused(encodeBencode({}), 'BAD_TORRENT', /^torrent has no info dictionary/);
  refused(encodeBencode({ info: [] }), 'BAD_TORRENT', /no info dictionary/);
  v1({ name: undefined }, 'BAD_TORRENT', /^info\.name is missing/);
  v1({ name: 5 }, 'BAD_TORRENT', /^info\.name is not a string/);
  v1({ pieces: undefined }, 'BAD_TORRENT', /^info\.pieces is missing/);
  v1({ length: undefined }, 'BAD_TORRENT', /^info\.length is missing/);
  v1({ 'piece length': undefined }, 'BAD_TORRENT', /^info\.piece length is missing/);
  assert.throws(() => parseInfo(encodeBencode([])), /info is not a dictionary/);
});

test('numbers that cannot be', () => {
  v1({ length: -1 }, 'BAD_TORRENT', /^info\.length is -1, a length cannot be negative/);
  v1({ length: 2n ** 60n }, 'BAD_TORRENT', /^info\.length is not an integer/);
  v1({ length: 0, pieces: new Uint8Array(0) }, 'BAD_TORRENT', /has no data/);
  v1({ 'piece length': 0 }, 'BAD_TORRENT', /piece length is 0/);
  v1({ 'piece length': -5 }, 'BAD_TORRENT', /piece length is -5/);
  v1({ pieces: new Uint8Array(40) }, 'BAD_TORRENT', /^info\.pieces has 40 bytes, 1 pieces need 20/);
  v1({ pieces: new Uint8Array(19) }, 'BAD_TORRENT', /^info\.pieces has 19 bytes/);
  v1({ 'meta version': 3 }, 'BAD_TORRENT', /^info\.meta version is 3/);
  v1({ private: 'yes' }, 'BAD_TORRENT', /^info\.private is not an integer/);
});

test('file lists that cannot be', () => {
  v1({ files: [] }, 'BAD_TORRENT', /both length and files/);
  v1({ length: undefined, files: [] }, 'BAD_TORRENT', /^info\.files is empty/);
  v1({ length: undefined, files: 7 }, 'BAD_TORRENT', /^info\.files is not a list/);
  v1({ length: undefined, files: ['x'] }, 'BAD_TORRENT', /^info\.files\[0\] is not a dictionary/);
  file({ length: undefined }, 'BAD_TORRENT', /^info\.files\[0\]\.length is missing/);
  file({ length: -3 }, 'BAD_TORRENT', /^info\.files\[0\]\.length is -3/);
  file({ path: undefined }, 'BAD_TORRENT', /^info\.files\[0\]\.path is missing/);
  file({ path: 'f' }, 'BAD_TORRENT', /^info\.files\[0\]\.path is not a list/);
  file({ path: [] }, 'BAD_TORRENT', /^info\.files\[0\]\.path is empty/);
  file({ path: ['f', 3] }, 'BAD_TORRENT', /^info\.files\[0\]\.path has an entry that is not a string/);
  file({ attr: 'l' }, 'BAD_TORRENT', /^info\.files\[0\]\.symlink path is missing/);
});

test('names that leave the folder, in every place a name can be', () => {
  for (const name of ['..', '.', '', '/etc/passwd', 'a/b', 'a\0b', '..\\..\\x', 'CON', 'nul']) {
    named(name, 'UNSAFE_PATH', /(info\.name|\.path) "/);
  }
  file({ attr: 'l', 'symlink path': ['..', 'x'] }, 'UNSAFE_PATH', /^info\.files\[0\]\.symlink path "\.\."/);
  file({ attr: 'l', 'symlink path': ['/etc'] }, 'UNSAFE_PATH', /symlink path/);
  file({ attr: 'l', 'symlink path': [] }, 'BAD_TORRENT', /symlink path is empty/);
  file({ 'path.utf-8': ['..'] }, 'UNSAFE_PATH', /path\.utf-8|\.path/);
  named('a'.repeat(256), 'UNSAFE_PATH', /longer than 255 bytes/);
});

test('names that Windows would misread are refused on Windows', () => {
  for (const name of ['a\\b', 'C:x', 'aux.c', 'dot.', 'what?']) {
    named(name, 'UNSAFE_PATH', /Windows/, { host: 'windows' });
    const accepted = parseMetainfo(encodeBencode({ info: { ...PLAIN, name } }), { host: 'posix' });
    assert.is(accepted.warnings.length, 1, name);
  }
});

test('the names of a file tree are held to the same', () => {
  for (const name of ['..', '.', 'a/b', 'a\0b', 'CON']) {
    const fields = makeFields({
      ...V2,
      files: [
        { path: ['d', name], byteLength: 5 },
        { path: ['e'], byteLength: 5 },
      ],
    });
    refused(encodeBencode({ ...fields.outer, info: fields.info }), 'UNSAFE_PATH', /^info\.file tree "/);
  }
  const { info, outer } = makeFields({
    ...V2,
    files: [
      { path: ['d\xff'], byteLength: 5 },
      { path: ['e'], byteLength: 5 },
    ],
  });
  const raw = Buffer.from(encodeBencode({ ...outer, info }));
  raw[raw.indexOf(0xc3)] = 0x20; // the second byte of a character alone
  refused(raw, 'BAD_TORRENT', /is not UTF-8/);
});

test('files that cannot exist side by side', () => {
  const files = (...paths: string[]): Fields => ({
    length: undefined,
    files: paths.map((path) => ({ length: 1, path: path.split('/') })),
  });
  v1(files('a', 'b', 'a'), 'UNSAFE_PATH', /"n\/a" is there twice/);
  v1(files('a', 'a/b'), 'UNSAFE_PATH', /"n\/a\/b" clashes with a folder/);
  v1(files('x/y/z', 'x/y'), 'UNSAFE_PATH', /"n\/x\/y" clashes with a folder/);
  v1(files('Read', 'READ'), 'UNSAFE_PATH', /only in case/, { host: 'windows' });
  v1(files('Read', 'READ'), 'UNSAFE_PATH', /only in case/, { host: 'macos' });
  const told = parseMetainfo(encodeBencode({ info: { ...PLAIN, ...files('Read', 'READ') } }), {
    host: 'posix',
  });
  assert.match(told.warnings[0] ?? '', /only in case/);
});

test('padding files may share a path, and clash with nothing', () => {
  const pad = { attr: 'p', length: 4, path: ['.pad', '4'] };
  const info = {
    ...PLAIN,
    length: undefined,
    files: [{ length: 1, path: ['a'] }, pad, { length: 1, path: ['b'] }, pad],
  };
  assert.is(parseMetainfo(encodeBencode({ info })).contentBytes, 2);
  const { files: list, ...rest } = info;
  const only = { ...rest, files: list.filter((item) => item === pad) };
  refused(encodeBencode({ info: only }), 'BAD_TORRENT', /has no data/);
});

test('v2: what BEP 52 asks for', () => {
  v2({ 'file tree': undefined }, /^info\.file tree is missing/);
  v2({ 'file tree': {} }, /^info\.file tree is empty/);
  v2({ 'file tree': 5 }, /^info\.file tree is not a dictionary/);
  v2({ 'file tree': { d: {} } }, /has no data/);
  v2({ 'meta version': undefined }, /file tree but no meta version/);
  v2({ 'piece length': 16383 }, /v2 needs a power of two/);
  v2({ 'piece length': 8192 }, /v2 needs a power of two/);
  v2({ 'piece length': 49152 }, /v2 needs a power of two/);
  const root = new Uint8Array(32);
  const leaf = (fields: Fields): Fields => ({
    'file tree': { a: { '': { length: 5, 'pieces root': root, ...fields } } },
  });
  v2(leaf({ 'pieces root': undefined }), /^info\.file tree\/a\.pieces root is missing/);
  v2(leaf({ 'pieces root': new Uint8Array(31) }), /pieces root has 31 bytes/);
  v2(leaf({ length: -1 }), /length is -1/);
  v2(leaf({ length: undefined }), /length is missing/);
  v2(leaf({ attr: 'p' }), /is padding/);
  v2({ 'file tree': { a: { '': { length: 5, 'pieces root': root }, b: {} } } }, /is a file and a folder/);
  v2({ 'file tree': { a: { '': 5 } } }, /is not a dictionary/);
  v2({ 'file tree': { a: 5 } }, /is not a dictionary/);
  v2(
    { 'file tree': { '': { length: 5, 'pieces root': root }, b: { '': { length: 0 } } } },
    /has a file where a folder is/,
  );
});

test('v2: piece layers must be there and match their roots', () => {
  const layers = makeFields(V2).outer['piece layers'] as ReadonlyMap<string, Uint8Array>;
  const [[root, layer]] = [...layers] as [[string, Uint8Array]];
  v2({}, /^piece layers are missing/, { 'piece layers': undefined });
  v2({}, /^torrent\.piece layers is not a dictionary/, { 'piece layers': 1 });
  v2({}, /^piece layer of file 0 is missing/, { 'piece layers': {} });
  v2({}, /^piece layer of file 0 has 64 bytes, 3 pieces need 32/, {
    'piece layers': { [root]: layer.subarray(32) },
  });
  v2({}, /^piece layers have an entry that is not a layer/, {
    'piece layers': { [root]: layer, short: layer },
  });
  v2({}, /^piece layers have an entry that is not a layer/, {
    'piece layers': { [root]: layer.subarray(1) },
  });
  const spoilt = Uint8Array.from(layer);
  spoilt[40]! ^= 1;
  v2({}, /^piece layer of file 0 does not match/, { 'piece layers': { [root]: spoilt } });
});

test('hybrid: both lists must agree', () => {
  const { info } = makeFields({ ...V2, version: 'hybrid' });
  const list = info.files as readonly Fields[];
  const hybrid = (files: readonly Fields[], message: RegExp): void =>
    v2({ files: files as readonly BencodeInput[] }, message, {}, 'hybrid');
  assert.is(list.length, 3, 'a, padding, b');
  hybrid([{ ...list[0], path: ['x'] }, list[1]!, list[2]!], /^file 0 of the hybrid torrent has another path/);
  hybrid(
    [{ ...list[0], length: 39_999 }, { ...list[1], length: 9153 }, list[2]!],
    /^file 0 .* has another length/,
  );
  hybrid([list[0]!, list[2]!], /^file 1 .* padding is missing before it/);
  hybrid([...list, { length: 5, path: ['c'] }], /^file 3 .* is in files but not in file tree/);
  hybrid([list[0]!], /^info\.file tree has files that are not in files/);
  v2({ pieces: new Uint8Array(20) }, /^info\.pieces has 20 bytes, 4 pieces/, {}, 'hybrid');
  v2({ pieces: undefined }, /^info\.pieces is missing/, {}, 'hybrid');
});

test.run();
