// Aim: a torrent made from a folder is the one that the specifications give for its bytes, in every version, and
// nothing is written when the content cannot be trusted.
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { CreateLabels } from '../../engine/bittorrent/create/build.ts';
import { parseMetainfo } from '../../engine/bittorrent/metainfo/parse.ts';
import type { AlliumError } from '../../engine/codec/error.ts';
import { hex } from '../../engine/codec/hex.ts';
import { openReadPool, type ReadPool } from '../../engine/node/content/read-pool.ts';
import { type CreateOptions, createTorrent } from '../../engine/node/create.ts';
import { createRealFiles } from '../../engine/runtime/real/files.ts';
import { contentOf, type MadeFile, makeTorrent } from '../bittorrent/metainfo/support/make-torrent.ts';

const test = suite<{ root: string }>('create');
const files = createRealFiles();
let pool: ReadPool;

const PLAIN: CreateLabels = {
  trackers: [],
  webSeeds: [],
  isPrivate: false,
  source: undefined,
  comment: undefined,
  createdBy: undefined,
  creationDate: undefined,
};

const TREE: readonly MadeFile[] = [
  { path: ['a.bin'], byteLength: 100_000, seed: 1 },
  { path: ['empty'], byteLength: 0 },
  { path: ['sub', 'b.bin'], byteLength: 40_000, seed: 2 },
  { path: ['sub', 'exact'], byteLength: 65_536, seed: 3 },
  { path: ['z.txt'], byteLength: 5, seed: 4 },
];

test.before(() => {
  pool = openReadPool({ threadCount: 2 });
});
test.after(() => pool.close());
test.before.each((context) => {
  context.root = mkdtempSync(join(tmpdir(), 'allium-create-'));
  for (const file of TREE) {
    mkdirSync(join(context.root, 'data', ...file.path.slice(0, -1)), { recursive: true });
    writeFileSync(join(context.root, 'data', ...file.path), contentOf(file));
  }
});
test.after.each((context) => rmSync(context.root, { recursive: true, force: true }));

function options(root: string, change: Partial<CreateOptions> = {}): CreateOptions {
  return {
    path: join(root, 'data'),
    out: join(root, 'out.torrent'),
    version: 'v1',
    pieceLength: 32_768,
    labels: PLAIN,
    signal: new AbortController().signal,
    ...change,
  };
}

async function codeOf(wanted: CreateOptions): Promise<string> {
  try {
    await createTorrent(wanted, { files, pool });
    return 'made';
  } catch (error) {
    return (error as AlliumError).code;
  }
}

test('a folder in v1 and v2 is byte for byte what the specifications give', async ({ root }) => {
  for (const version of ['v1', 'v2'] as const) {
    const expected = makeTorrent({ version, name: 'data', pieceLength: 32_768, files: TREE });
    const { metainfo } = await createTorrent(options(root, { version }), { files, pool });
    assert.equal(readFileSync(join(root, 'out.torrent')), Buffer.from(expected), version);
    assert.is(metainfo.version, version);
  }
});

test('a hybrid has the trees of v2 and the pieces of v1 over padded files', async ({ root }) => {
  const { metainfo } = await createTorrent(options(root, { version: 'hybrid' }), { files, pool });
  const v2 = parseMetainfo(makeTorrent({ version: 'v2', name: 'data', pieceLength: 32_768, files: TREE }));
  const roots = (torrent: typeof metainfo): string[] =>
    torrent.files.flatMap((file) => (file.piecesRoot === undefined ? [] : [hex(file.piecesRoot)]));
  assert.equal(roots(metainfo), roots(v2));
  assert.equal([...metainfo.pieceLayers.values()].map(hex), [...v2.pieceLayers.values()].map(hex));
  assert.is(metainfo.totalBytes % 32_768, 0, 'padding behind the last file as well');
});

test('one file, in each version', async ({ root }) => {
  const file = { path: [], byteLength: 100_000, seed: 1 };
  for (const version of ['v1', 'v2', 'hybrid'] as const) {
    const expected = makeTorrent({ version, name: 'a.bin', pieceLength: 32_768, files: [file] });
    await createTorrent(options(root, { version, path: join(root, 'data', 'a.bin') }), { files, pool });
    assert.equal(readFileSync(join(root, 'out.torrent')), Buffer.from(expected), version);
  }
});

test('labels go where they belong, and only what changes the info-hash changes it', async ({ root }) => {
  const plain = await createTorrent(options(root), { files, pool });
  const outer = {
    trackers: [['http://a/', 'http://b/'], ['udp://c:1']],
    webSeeds: ['http://w/1', 'http://w/2'],
    comment: 'grün',
    createdBy: 'Allium',
    creationDate: 1_700_000_000,
  };
  const labelled = await createTorrent(options(root, { labels: { ...PLAIN, ...outer } }), { files, pool });
  const { metainfo } = labelled;
  assert.equal(metainfo.trackers, outer.trackers);
  assert.equal(metainfo.webSeeds, outer.webSeeds);
  assert.equal(
    [metainfo.comment, metainfo.createdBy, metainfo.creationDate],
    ['grün', 'Allium', 1_700_000_000],
  );
  assert.is(hex(metainfo.infoHashV1!), hex(plain.metainfo.infoHashV1!));
  assert.equal(metainfo.outer.get('announce'), new Uint8Array(Buffer.from('http://a/')));
  for (const inner of [{ isPrivate: true }, { source: 'SRC' }]) {
    const other = await createTorrent(options(root, { labels: { ...PLAIN, ...inner } }), { files, pool });
    assert.is.not(hex(other.metainfo.infoHashV1!), hex(plain.metainfo.infoHashV1!));
  }
});

test('the torrent file in its own folder is left out, also the second time', async ({ root }) => {
  const out = join(root, 'data', 'own.torrent');
  const first = await createTorrent(options(root, { out }), { files, pool });
  const second = await createTorrent(options(root, { out }), { files, pool });
  assert.is(first.metainfo.files.length, TREE.length);
  assert.is(hex(second.metainfo.infoHashV1!), hex(first.metainfo.infoHashV1!));
});

test('a file that grows, shrinks or is written to while it is read spoils the torrent', async ({ root }) => {
  const victim = join(root, 'data', 'a.bin');
  const changes: readonly (() => void)[] = [
    () => appendFileSync(victim, 'x'),
    () => writeFileSync(victim, 'short'),
    () => utimesSync(victim, 1, 1),
    () => rmSync(victim),
  ];
  for (const onPlan of changes) {
    const code = await codeOf(options(root, { onPlan }));
    assert.ok(code === 'FILE_CHANGED' || code === 'NOT_FOUND', code);
    assert.is(existsSync(join(root, 'out.torrent')), false);
    writeFileSync(victim, contentOf(TREE[0]!));
  }
});

test('progress tells every byte', async ({ root }) => {
  let last = 0;
  await createTorrent(
    options(root, {
      version: 'hybrid',
      onProgress: (bytesRead) => {
        assert.ok(bytesRead >= last);
        last = bytesRead;
      },
    }),
    { files, pool },
  );
  assert.is(
    last,
    TREE.reduce((sum, file) => sum + file.byteLength, 0),
    'read once, padding never',
  );
});

test('data is never overwritten, a torrent is', async ({ root }) => {
  const out = join(root, 'data.bin');
  writeFileSync(out, 'precious');
  assert.is(await codeOf(options(root, { out })), 'WRONG_KIND');
  assert.is(readFileSync(out, 'utf8'), 'precious');
  writeFileSync(out, 'd8:announce1:xe');
  assert.is(await codeOf(options(root, { out })), 'made');
  assert.is(await codeOf(options(root, { out: join(root, 'data') })), 'WRONG_KIND');
  assert.is(await codeOf(options(root, { out: join(root, 'no', 'folder', 'x') })), 'NOT_FOUND');
  assert.is(await codeOf(options(root, { out: join(out, 'x') })), 'WRONG_KIND');
});

test('the bounds on pieces hold', async ({ root }) => {
  assert.is(await codeOf(options(root, { pieceLength: 1000 })), 'BAD_USAGE');
  const sparse = join(root, 'sparse');
  writeFileSync(sparse, 'x');
  const { truncateSync } = await import('node:fs');
  truncateSync(sparse, 16384 * 4_194_304 + 1);
  assert.is(await codeOf(options(root, { path: sparse, pieceLength: 16384 })), 'BAD_USAGE');
});

test('an abort ends it before anything is written', async ({ root }) => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const running = createTorrent(
    options(root, { signal: controller.signal, onPlan: () => controller.abort(reason) }),
    {
      files,
      pool,
    },
  );
  try {
    await running;
    assert.unreachable();
  } catch (error) {
    assert.is(error, reason);
  }
  assert.is(existsSync(join(root, 'out.torrent')), false);
});

test.run();
