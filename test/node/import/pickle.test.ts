// Aim: what Python writes of plain data comes out alike in three protocols, and a pickle that wants to run something
// runs nothing: it gets an empty object at best.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type PickleDict, PickleObject, readPickle } from '../../../engine/node/import/pickle.ts';

const test = suite('pickle');
/** The same object, written by Python 3.11 with pickle.dumps. */
const WRITTEN: Readonly<Record<string, string>> = {
  0: [
    '63636f70795f7265670a5f7265636f6e7374727563746f720a70300a286364656c7567652e636f72652e746f7272656e',
    '746d616e616765720a546f7272656e744d616e6167657253746174650a70310a635f5f6275696c74696e5f5f0a6f626a',
    '6563740a70320a4e7470330a5270340a286470350a56746f7272656e74730a70360a286c70370a67300a286364656c75',
    '67652e636f72652e746f7272656e746d616e616765720a546f7272656e7453746174650a70380a67320a4e7470390a52',
    '7031300a28647031310a56746f7272656e745f69640a7031320a56303030303030303030303030303030303030303030',
    '303030303030303030303030303030303030300a7031330a73567061757365640a7031340a4930310a7356746f74616c',
    '5f75706c6f616465640a7031350a4c313039393531313632373737364c0a735673746f705f726174696f0a7031360a46',
    '312e350a735666696c655f7072696f7269746965730a7031370a286c7031380a49310a6149340a6173566d6170706564',
    '5f66696c65730a7031390a28647032300a49310a56612ffc0a7032310a737356747261636b6572730a7032320a286c70',
    '32330a28647032340a5675726c0a7032350a56687474703a2f2f782f0a7032360a7356746965720a7032370a49300a73',
    '6173566f776e65720a7032380a4e73566e65670a7032390a492d330a7356740a7033300a2849310a49320a747033310a',
    '73626173622e',
  ].join(''),
  2: [
    '80026364656c7567652e636f72652e746f7272656e746d616e616765720a546f7272656e744d616e6167657253746174',
    '650a7100298171017d71025808000000746f7272656e747371035d71046364656c7567652e636f72652e746f7272656e',
    '746d616e616765720a546f7272656e7453746174650a7105298171067d710728580a000000746f7272656e745f696471',
    '085828000000303030303030303030303030303030303030303030303030303030303030303030303030303030307109',
    '5806000000706175736564710a88580e000000746f74616c5f75706c6f61646564710b8a06000000000001580a000000',
    '73746f705f726174696f710c473ff8000000000000580f00000066696c655f7072696f726974696573710d5d710e284b',
    '014b0465580c0000006d61707065645f66696c6573710f7d71104b015804000000612fc3bc7111735808000000747261',
    '636b65727371125d71137d711428580300000075726c71155809000000687474703a2f2f782f71165804000000746965',
    '7271174b00756158050000006f776e657271184e58030000006e656771194afdffffff580100000074711a4b014b0286',
    '711b75626173622e',
  ].join(''),
  4: [
    '80049557010000000000008c1a64656c7567652e636f72652e746f7272656e746d616e61676572948c13546f7272656e',
    '744d616e6167657253746174659493942981947d948c08746f7272656e7473945d9468008c0c546f7272656e74537461',
    '74659493942981947d94288c0a746f7272656e745f6964948c2830303030303030303030303030303030303030303030',
    '303030303030303030303030303030303030948c0670617573656494888c0e746f74616c5f75706c6f61646564948a06',
    '0000000000018c0a73746f705f726174696f94473ff80000000000008c0f66696c655f7072696f726974696573945d94',
    '284b014b04658c0c6d61707065645f66696c6573947d944b018c04612fc3bc94738c08747261636b657273945d947d94',
    '288c0375726c948c09687474703a2f2f782f948c0474696572944b0075618c056f776e6572944e8c036e6567944afdff',
    'ffff8c0174944b014b02869475626173622e',
  ].join(''),
};
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

for (const [protocol, digits] of Object.entries(WRITTEN)) {
  test(`protocol ${protocol}`, () => {
    const root = readPickle(Buffer.from(digits, 'hex'));
    assert.instance(root, PickleObject);
    const state = root as PickleObject;
    assert.is(state.className, 'deluge.core.torrentmanager.TorrentManagerState');
    const [torrent] = state.attributes.get('torrents') as PickleObject[];
    const get = (name: string) => torrent!.attributes.get(name);
    assert.is(get('torrent_id'), '0'.repeat(40));
    assert.is(get('paused'), true);
    assert.is(get('total_uploaded'), 2 ** 40);
    assert.is(get('stop_ratio'), 1.5);
    assert.equal(get('file_priorities'), [1, 4]);
    assert.is((get('mapped_files') as PickleDict).entries.get(1), 'a/ü');
    assert.is(((get('trackers') as PickleDict[])[0] as PickleDict).entries.get('url'), 'http://x/');
    assert.is(get('owner'), null);
    assert.is(get('neg'), -3);
    assert.equal(get('t'), [1, 2]);
  });
}

test('strings of Python 2 are text when they are UTF-8', () => {
  assert.is(readPickle(bytes("S'a\\xc3\\xbc\\'\\n'\n.")), "aü'\n");
  assert.equal(readPickle(bytes('U\x01\xff.')), Uint8Array.of(0xff));
});

test('a call is an empty object of that name, and nothing is run', () => {
  const made = readPickle(bytes("cos\nsystem\n(S'false'\ntR."));
  assert.instance(made, PickleObject);
  assert.is((made as PickleObject).className, 'os.system');
  assert.is((made as PickleObject).attributes.size, 0);
});

test('what no state needs, and what makes no sense, ends the reading', () => {
  const wrong = [
    '',
    '.',
    'K',
    '}s.',
    'h\x01.',
    '(.',
    't.',
    'Na.',
    'N}b.',
    'P1\n.',
    'Nb.',
    'K\x01)R.',
    'X\xff\xff\xff\xff.',
    'q\x01.',
  ];
  for (const text of wrong) assert.throws(() => readPickle(bytes(text)), /its state/, JSON.stringify(text));
});

test('it ends after a number of instructions', () => {
  const long = Buffer.from(`${'N0'.repeat(500)}N.`);
  assert.is(readPickle(long, 1002), null);
  assert.throws(() => readPickle(long, 1001), /more than 1001/);
});

test.run();
