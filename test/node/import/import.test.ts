// Aim: of each program's state exactly what it stands for is believed: pieces that were checked, in files that are as
// they were; other names and other disks are found; what cannot be taken is one line that says why.
import { mkdirSync, renameSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseMetainfo } from '../../../engine/bittorrent/metainfo/parse.ts';
import {
  asDict,
  type BencodeInput,
  type BencodeValue,
  decodeBencode,
  encodeBencode,
} from '../../../engine/codec/bencode.ts';
import { STATE_BYTES_MAX } from '../../../engine/node/import/read-files.ts';
import { findSource } from '../../../engine/node/import/read-source.ts';
import { runImport } from '../../../engine/node/import/run-import.ts';
import { completeTorrent } from '../../../engine/node/import/torrent-bytes.ts';
import { NodeStore } from '../../../engine/node/store/store.ts';
import { contentOf, makeTorrent, plainHashes } from '../../bittorrent/metainfo/support/make-torrent.ts';
import { CHANGED_SEC, importFolder, MADE, makePlace, type Place, WRITERS } from './support/folders.ts';

const test = suite<{ places: Place[] }>('import');
const ALL = [0, 1, 2, 3, 4];
test.before.each((context) => {
  context.places = [];
});
test.after.each(({ places }) => {
  for (const { folder } of places) rmSync(folder, { recursive: true, force: true });
});
const made = (places: Place[], what = MADE): Place => {
  const place = makePlace(what);
  places.push(place);
  return place;
};

for (const [kind, write] of Object.entries(WRITERS)) {
  test(`${kind}: all of it is believed, and what differs is in doubt or gone`, async ({ places }) => {
    const place = made(places);
    write(place);
    const b = join(place.data, 'album', 'sub', 'b.bin');
    const first = await importFolder(place.folder);
    assert.is(findSource(place.folder).kind, kind);
    assert.is(first.lines.length, 1);
    assert.is(first.lines[0]!.outcome, 'taken', first.lines[0]!.note);
    assert.is(first.lines[0]!.believedBytes, 80_000);
    const later = Date.now() / 1000 + 100;
    utimesSync(b, later, later);
    const changed = (await importFolder(place.folder)).planned[0]!.judgement;
    assert.equal([...changed.have.pieces()], [0, 1]);
    assert.equal([...changed.doubt.pieces()], [2, 3, 4]);
    truncateSync(b, 39_999);
    utimesSync(b, CHANGED_SEC, CHANGED_SEC);
    assert.equal([...(await importFolder(place.folder)).planned[0]!.judgement.doubt.pieces()], [2, 3, 4]);
    rmSync(b);
    const gone = (await importFolder(place.folder)).planned[0]!.judgement;
    assert.equal([[...gone.have.pieces()], [...gone.doubt.pieces()], gone.missing.length], [[0, 1], [], 1]);
    rmSync(join(place.data, 'album'), { recursive: true });
    const [line] = (await importFolder(place.folder)).lines;
    assert.is(line!.outcome, 'refused');
    assert.match(line!.note, /is the disk mounted/);
  });
}

test('a folder seen under another name is found by a mapping, the longest one first', async ({ places }) => {
  const place = made(places);
  WRITERS['qbittorrent']!({ ...place, data: '/downloads/films' });
  const wrong = await importFolder(place.folder);
  assert.is(wrong.lines[0]!.outcome, 'refused');
  const mappings = [
    { from: '/downloads', to: '/nowhere' },
    { from: '/downloads/films', to: place.data },
  ];
  assert.ok((await importFolder(place.folder, mappings)).planned[0]!.judgement.have.isFull);
});

test('Transmission: blocks make pieces, unchecked ones are in doubt, unfinished files end in .part', async ({
  places,
}) => {
  const place = made(places);
  WRITERS['transmission']!(place);
  const progress = {
    blocks: Buffer.from([0b11101000]),
    'time-checked': [[CHANGED_SEC, 1, 0, 2], CHANGED_SEC],
  };
  place.write('resume/album.0011.resume', { destination: place.data, progress, name: 'other', dnd: [0, 1] });
  renameSync(join(place.data, 'album'), join(place.data, 'other'));
  const b = join(place.data, 'other', 'sub', 'b.bin');
  renameSync(b, `${b}.part`);
  const { planned } = await importFolder(place.folder);
  const { judgement, source } = planned[0]!;
  assert.equal([...judgement.have.pieces()], [0, 2, 4]);
  assert.equal([...judgement.doubt.pieces()], [1]);
  assert.equal([...source.places.values()], [join(place.data, 'other', 'a.bin'), `${b}.part`]);
  assert.equal(source.state.wishes, [2, 0]);
});

test('rTorrent: what it was not certain of is in doubt; a folder of another name is found', async ({
  places,
}) => {
  const place = made(places);
  WRITERS['rtorrent']!(place);
  const base = `${place.infoHash.toUpperCase()}.torrent`;
  renameSync(join(place.data, 'album'), join(place.data, 'renamed'));
  place.write(`${base}.rtorrent`, { directory: join(place.data, 'renamed'), custom1: '100%' });
  const files = [
    { mtime: CHANGED_SEC, priority: 0 },
    { mtime: CHANGED_SEC, priority: 2 },
  ];
  const uncertain = Buffer.from([0, 0, 0, 1, 0, 0, 0, 9]);
  place.write(`${base}.libtorrent_resume`, {
    bitfield: Buffer.from([0b11100000]),
    files,
    uncertain_pieces: uncertain,
  });
  const { judgement, source } = (await importFolder(place.folder)).planned[0]!;
  assert.equal([...judgement.have.pieces()], [0, 2]);
  assert.equal([...judgement.doubt.pieces()], [1]);
  assert.equal(source.state.wishes, [0, 3]);
  assert.is(source.state.category, '100%');
  assert.ok(source.state.stopped);
});

test('qBittorrent: trackers come from its state; a magnet link without metadata is told', async ({
  places,
}) => {
  const place = made(places);
  WRITERS['qbittorrent']!(place);
  const resume = {
    ...{
      pieces: Buffer.alloc(5, 3),
      save_path: place.data,
      trackers: [['http://a/', 'http://b/'], ['udp://c/']],
    },
    ...{ 'qBt-ratioLimit': -1000, 'qBt-seedingTimeLimit': -2, 'qBt-inactiveSeedingTimeLimit': 5 },
    ...{ file_priority: [0, 7], total_uploaded: 5_000_000_000 },
  };
  place.write(`BT_backup/${place.infoHash}.fastresume`, resume);
  place.write(`BT_backup/${'0'.repeat(40)}.fastresume`, resume);
  place.write('BT_backup/queue', Buffer.from(`${'f'.repeat(40)}\n${place.infoHash}\n`));
  const { lines, planned } = await importFolder(place.folder);
  assert.equal(
    lines.map(({ outcome }) => outcome),
    ['refused', 'taken'],
  );
  assert.match(lines[0]!.note, /magnet link/);
  const { source, judgement } = planned[0]!;
  assert.ok(judgement.have.isFull);
  assert.equal(source.metainfo.trackers, [['http://a/', 'http://b/'], ['udp://c/']]);
  const { seedLimits, wishes, uploadedBytes, queuePosition } = source.state;
  assert.equal(seedLimits, { ratio: Number.POSITIVE_INFINITY, idleTimeMs: 300_000 });
  assert.equal([wishes, uploadedBytes, queuePosition], [[0, 3], 5_000_000_000, 1]);
});

test('piece layers come back from the trees of libtorrent, whichever layer it kept', () => {
  const pieceLength = 32_768;
  const v2 = { ...MADE, version: 'v2', pieceLength } as const;
  const whole = parseMetainfo(makeTorrent(v2));
  const bare = encodeBencode(new Map([['info', parseInfoValue(makeTorrent(v2))]]));
  const treeOf = (at: number, depthFromLeaves: 0 | 1) => {
    const leaves = leavesOf(at);
    const { layer } = plainHashes(contentOf(v2.files[at]!), pieceLength);
    const nodes = depthFromLeaves === 0 ? leaves : layer;
    const first = depthFromLeaves === 0 ? 3 : 1;
    const mask = Buffer.alloc(7, '0');
    mask.fill('1', first, first + nodes.length);
    return { hashes: Buffer.concat(nodes), mask };
  };
  const none = { hashes: Buffer.alloc(0) };
  for (const kept of [0, 1] as const) {
    const trees = new Map([['trees', [treeOf(0, kept), none, treeOf(1, kept), none]]]);
    const value = decoded(trees);
    const { metainfo } = completeTorrent(bare, { trees: value });
    assert.equal([...metainfo.pieceLayers], [...whole.pieceLayers]);
  }
  assert.throws(() => completeTorrent(bare, { trees: decoded(new Map([['trees', [none]]])) }), /piece layer/);
});

test('a torrent that the node has, or that comes twice, is known; the store gets what was believed', async ({
  places,
}) => {
  const place = made(places);
  WRITERS['transmission']!(place);
  const state = join(place.folder, 'node');
  const options = {
    source: findSource(place.folder),
    state,
    mappings: [],
    nowMs: Date.now(),
    onLine: () => {},
  };
  assert.is((await runImport({ ...options, isDry: true })).taken, 1);
  assert.throws(() => findSource(state), /no state folder/, 'a dry run makes none');
  assert.is((await runImport({ ...options, isDry: false })).taken, 1);
  assert.is((await runImport({ ...options, isDry: true })).known, 1);
  const store = await NodeStore.open(state);
  try {
    assert.ok(store.previous.clean);
    const [infoHash, summary] = [...store.summaries()][0]!;
    assert.equal([infoHash, summary.doneBytes], [place.infoHash, 80_000]);
    const { resume } = store.read(infoHash);
    assert.equal(Uint8Array.from(resume.have), Uint8Array.of(0b11111000));
    assert.is(resume.files[0]!.modifiedMs, CHANGED_SEC * 1000);
    const busy = await runImport({ ...options, isDry: false }).then(
      () => undefined,
      (error) => error,
    );
    assert.is(busy?.code, 'BAD_STATE');
  } finally {
    await store.close(true);
  }
});

test('a state file that is too long, a folder in its place, and paths that climb out are one line each', async ({
  places,
}) => {
  const place = made(places);
  WRITERS['qbittorrent']!(place);
  const name = (digit: string): string => `BT_backup/${digit.repeat(40)}`;
  for (const digit of ['1', '2', '3', '4'])
    place.write(`${name(digit)}.torrent`, Buffer.from(place.torrentFile));
  place.write(`${name('1')}.fastresume`, Buffer.alloc(0));
  truncateSync(join(place.folder, `${name('1')}.fastresume`), STATE_BYTES_MAX + 1);
  mkdirSync(join(place.folder, `${name('2')}.fastresume`));
  place.write(`${name('3')}.fastresume`, { save_path: place.data, mapped_files: ['../../x', 'y'] });
  place.write(`${name('4')}.fastresume`, { save_path: 'relative', pieces: Buffer.alloc(5) });
  writeFileSync(join(place.folder, 'BT_backup', 'junk.fastresume'), 'junk');
  const { lines } = await importFolder(place.folder);
  assert.equal(lines.map(({ outcome }) => outcome).toSorted(), [
    'refused',
    'refused',
    'refused',
    'refused',
    'refused',
    'taken',
  ]);
  const notes = lines.map(({ note }) => note).join('\n');
  for (const reason of [/more than/, /is no file/, /renamed/, /no absolute path/, /damaged/])
    assert.match(notes, reason);
  assert.ok(lines.every(({ note }) => !note.includes('\n')));
});

function decoded(value: ReadonlyMap<string, BencodeInput>): BencodeValue | undefined {
  const result = decodeBencode(encodeBencode(value));
  return result.ok ? asDict(result.value)?.get('trees') : undefined;
}

function parseInfoValue(torrentFile: Uint8Array): BencodeValue {
  const result = decodeBencode(torrentFile);
  return (result.ok ? asDict(result.value)?.get('info') : undefined)!;
}

function leavesOf(at: number): Uint8Array[] {
  const content = contentOf(MADE.files[at]!);
  // Pieces of one block have the leaves themselves as their layer.
  return plainHashes(content, 16_384).layer;
}

test('all pieces are in the test', () => {
  assert.is(parseMetainfo(makeTorrent(MADE)).pieceCount, ALL.length);
});

test.run();
