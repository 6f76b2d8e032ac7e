// Aim: the task that reads and hashes gives the digests of node:crypto for any cut into files, pieces and lanes, reads
// each byte once, and tells exactly which bytes did not come.
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { choiceOfOne } from '../../engine/kernels/choice.ts';
import type { Twin } from '../../engine/kernels/lane-hasher.ts';
import { createKernelMemory, SLAB_START } from '../../engine/kernels/memory-map.ts';
import { compileKernels } from '../../engine/kernels/module.ts';
import { openContext, type TaskContext } from '../../engine/kernels/tasks/context.ts';
import { LEAF_ROW_BYTES } from '../../engine/kernels/tasks/leaf-row.ts';
import { OPEN_FILES_MAX, OpenFiles } from '../../engine/kernels/tasks/open-files.ts';
import { PADDING } from '../../engine/kernels/tasks/piece-source.ts';
import { type ReadHashPayload, readHash } from '../../engine/kernels/tasks/read-hash.ts';
import { plainRoot } from '../bittorrent/metainfo/support/make-torrent.ts';
import { chance } from './pool-support.ts';

const test = suite('read and hash');
const folder = mkdtempSync(join(tmpdir(), 'allium-read-hash-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const LEAF = 16384;
const TWINS: readonly Twin[] = ['wasm', 'native'];

const compiled = compileKernels();
/** Bytes that a lane needs beside its chunk, and what it takes to start on a page. */
const ROOM = LEAF_ROW_BYTES + 4096;

/** What a worker has, with one twin of the kernels everywhere, and a private run that starts nowhere in particular. */
function contextWith(twin: Twin, chunkLeaves: number): TaskContext {
  const byteLength = 4 * (chunkLeaves * LEAF + ROOM);
  return openContext(
    {
      memory: createKernelMemory(byteLength + 77),
      compiled,
      choice: choiceOfOne(twin),
      seats: new Int32Array(1),
      threads: [0],
      privateRuns: [{ offset: SLAB_START + 77, byteLength }],
    },
    0,
  );
}

interface Extent {
  readonly path: number;
  readonly position: number;
  readonly byteLength: number;
}

function payloadOf(
  paths: readonly string[],
  pieces: readonly (readonly Extent[])[],
  what: 'v1' | 'v2' | 'both',
): ReadHashPayload {
  const bytesOf = (piece: readonly Extent[]): number =>
    piece.reduce((sum, extent) => sum + extent.byteLength, 0);
  const shapes = pieces.flatMap((piece) => [
    bytesOf(piece),
    2 ** Math.ceil(Math.log2(Math.ceil(bytesOf(piece) / LEAF))),
  ]);
  return {
    paths,
    extents: new Float64Array(
      pieces.flat().flatMap(({ path, position, byteLength }) => [path, position, byteLength]),
    ),
    extentCounts: Uint32Array.from(pieces, (piece) => piece.length),
    sha1: what !== 'v2',
    trees: what === 'v1' ? undefined : new Float64Array(shapes),
  };
}

function rootOf(bytes: Uint8Array): Buffer {
  const leaves: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += LEAF) {
    leaves.push(
      createHash('sha256')
        .update(bytes.subarray(at, at + LEAF))
        .digest(),
    );
  }
  return Buffer.from(plainRoot(leaves, new Uint8Array(32), 2 ** Math.ceil(Math.log2(leaves.length))));
}

function write(name: string, byteLength: number, seed: number): { path: string; content: Buffer } {
  const random = chance(seed);
  const content = Buffer.from(Uint8Array.from({ length: byteLength }, () => random() * 256));
  const path = join(folder, name);
  writeFileSync(path, content);
  return { path, content };
}

const A = write('a', 300_000, 1);
const B = write('b', 70_001, 2);
const C = write('c', 5, 3);
const CONTENTS = [A.content, B.content, C.content];
const PATHS = [A.path, B.path, C.path];

function contentOf(piece: readonly Extent[]): Buffer {
  return Buffer.concat(
    piece.map(({ path, position, byteLength }) =>
      path === PADDING ? Buffer.alloc(byteLength) : CONTENTS[path]!.subarray(position, position + byteLength),
    ),
  );
}

/** All of the three files and some padding, as pieces of one length; the last one is short. */
function piecesOf(pieceLength: number): Extent[][] {
  const pieces: Extent[][] = [];
  let room = 0;
  for (const [path, byteLength] of [
    [0, 300_000],
    [PADDING, 999],
    [1, 70_001],
    [2, 5],
  ] as const) {
    for (let position = 0; position < byteLength; ) {
      if (room === 0) {
        pieces.push([]);
        room = pieceLength;
      }
      const step = Math.min(room, byteLength - position);
      pieces.at(-1)!.push({ path, position, byteLength: step });
      position += step;
      room -= step;
    }
  }
  return pieces;
}

for (const twin of TWINS) {
  for (const pieceLength of [LEAF, 3 * LEAF, 65_536, 1 << 18]) {
    test(`${twin}, pieces of ${pieceLength} bytes: SHA-1, trees, both`, () => {
      const pieces = piecesOf(pieceLength);
      const context = contextWith(twin, 5);
      const sha1 = Buffer.concat(pieces.map((piece) => createHash('sha1').update(contentOf(piece)).digest()));
      const roots = Buffer.concat(pieces.map((piece) => rootOf(contentOf(piece))));
      for (const what of ['v1', 'v2', 'both'] as const) {
        const result = readHash(payloadOf(PATHS, pieces, what), context);
        assert.is(
          Buffer.compare(result.digests, what === 'v2' ? Buffer.alloc(0) : sha1),
          0,
          `${what}: SHA-1`,
        );
        assert.is(Buffer.compare(result.roots, what === 'v1' ? Buffer.alloc(0) : roots), 0, `${what}: roots`);
        assert.is(result.bytesRead, 370_006, 'each byte once, padding never');
        assert.equal(result.faults, []);
      }
    });
  }
}

test('a tree may cover less than the piece: padding behind a file is in SHA-1 only', () => {
  const piece = [
    { path: 1, position: 0, byteLength: 20_000 },
    { path: PADDING, position: 0, byteLength: 12_768 },
  ];
  const payload = { ...payloadOf(PATHS, [piece], 'both'), trees: new Float64Array([20_000, 2]) };
  const result = readHash(payload, contextWith('wasm', 5));
  assert.is(Buffer.compare(result.roots, rootOf(B.content.subarray(0, 20_000))), 0);
  assert.is(Buffer.compare(result.digests, createHash('sha1').update(contentOf(piece)).digest()), 0);
});

test('a short last piece of a long file is a full subtree', () => {
  const payload = {
    ...payloadOf(PATHS, [[{ path: 2, position: 0, byteLength: 5 }]], 'v2'),
    trees: new Float64Array([5, 8]),
  };
  const leaf = createHash('sha256').update(C.content).digest();
  const expected = plainRoot([leaf], new Uint8Array(32), 8);
  assert.is(Buffer.compare(readHash(payload, contextWith('native', 2)).roots, expected), 0);
});

test('trouble with one piece spares the others, and names file and bytes', () => {
  const directory = join(folder, 'directory');
  mkdirSync(directory);
  const shrunk = write('shrunk', 100_000, 4);
  truncateSync(shrunk.path, 60_000);
  const paths = [A.path, shrunk.path, join(folder, 'nowhere'), directory];
  const whole = (path: number, position: number) => [{ path, position, byteLength: 50_000 }];
  const pieces = [
    whole(0, 0),
    whole(1, 0),
    whole(1, 50_000),
    [
      { path: 0, position: 0, byteLength: 40_000 },
      { path: 2, position: 7, byteLength: 10_000 },
    ],
    whole(3, 0),
    whole(0, 100_000),
  ];
  for (const twin of TWINS) {
    const result = readHash(payloadOf(paths, pieces, 'both'), contextWith(twin, 4));
    const faults = [...result.faults].sort((a, b) => a.piece - b.piece);
    assert.equal(faults, [
      { piece: 2, path: 1, kind: 'short', code: '', from: 60_000, to: 100_000 },
      { piece: 3, path: 2, kind: 'unopened', code: 'ENOENT', from: 7, to: 10_007 },
      { piece: 4, path: 3, kind: 'unreadable', code: 'EISDIR', from: 0, to: 50_000 },
    ]);
    for (const [at, source] of [
      [0, A.content.subarray(0, 50_000)],
      [1, shrunk.content.subarray(0, 50_000)],
      [5, A.content.subarray(100_000, 150_000)],
    ] as const) {
      const digest = result.digests.subarray(at * 20, at * 20 + 20);
      assert.is(Buffer.compare(digest, createHash('sha1').update(source).digest()), 0, `piece ${at}`);
      assert.is(
        Buffer.compare(result.roots.subarray(at * 32, at * 32 + 32), rootOf(source)),
        0,
        `piece ${at}`,
      );
    }
  }
});

test('after a failed task the hashers are as new', () => {
  const context = contextWith('wasm', 2);
  const missing = payloadOf(
    [join(folder, 'nowhere')],
    Array.from({ length: 5 }, () => [{ path: 0, position: 0, byteLength: LEAF }]),
    'both',
  );
  assert.is(readHash(missing, context).faults.length, 5);
  const fine = readHash(payloadOf(PATHS, piecesOf(LEAF), 'v1'), context);
  const expected = Buffer.concat(
    piecesOf(LEAF).map((piece) => createHash('sha1').update(contentOf(piece)).digest()),
  );
  assert.is(Buffer.compare(fine.digests, expected), 0);
});

test('a piece of a thousand files keeps no more than sixteen open', () => {
  const many = join(folder, 'many');
  mkdirSync(many);
  const paths = Array.from({ length: 1000 }, (_, at) => join(many, String(at)));
  for (const [at, path] of paths.entries()) appendFileSync(path, String(at));
  const piece = paths.map((_, path) => ({ path, position: 0, byteLength: String(path).length }));
  const result = readHash(payloadOf(paths, [piece, piece], 'v1'), contextWith('native', 2));
  const expected = createHash('sha1')
    .update(paths.map((_, at) => String(at)).join(''))
    .digest();
  assert.equal(result.faults, []);
  assert.is(Buffer.compare(result.digests, Buffer.concat([expected, expected])), 0);

  const files = new OpenFiles(paths);
  // The system gives the lowest number that is free, so sixteen numbers mean sixteen open files.
  const descriptors = new Set(paths.map((_, at) => files.descriptor(at)));
  assert.is(descriptors.size, OPEN_FILES_MAX);
  assert.is(files.descriptor(999), files.descriptor(999));
  files.closeAll();
  for (const descriptor of descriptors) assert.throws(() => fstatSync(descriptor), /EBADF/);
});

test('a piece of more leaves than fit into a row: its groups are folded one by one', () => {
  const path = join(folder, 'long');
  writeFileSync(path, '');
  truncateSync(path, 40 * 1024 * 1024 + 5);
  const { byteLength } = { byteLength: 40 * 1024 * 1024 + 5 };
  const leaf = createHash('sha256').update(Buffer.alloc(LEAF)).digest();
  const last = createHash('sha256').update(Buffer.alloc(5)).digest();
  const leaves = [...Array.from({ length: 2560 }, () => leaf), last];
  for (const [width, count] of [
    [4096, leaves.length],
    [1 << 13, leaves.length],
    [1024, 1024],
    [2048, 1024],
  ] as const) {
    const bytes = count === 1024 ? 1024 * LEAF : byteLength;
    const payload = {
      ...payloadOf([path], [[{ path: 0, position: 0, byteLength: bytes }]], 'v2'),
      trees: new Float64Array([bytes, width]),
    };
    const expected = plainRoot(leaves.slice(0, count), new Uint8Array(32), width);
    for (const twin of TWINS) {
      const { roots } = readHash(payload, contextWith(twin, 7));
      assert.is(Buffer.compare(roots, expected), 0, `${twin}, ${count} of ${width}`);
    }
  }
});

test('a private run that is too short is refused', () => {
  const context = contextWith('wasm', 1);
  const short = { ...context, privateRun: { ...context.privateRun, byteLength: 4 * ROOM } };
  assert.throws(
    () => readHash(payloadOf(PATHS, piecesOf(LEAF), 'v1'), { ...short, hashers: context.hashers }),
    RangeError,
  );
});

test.run();
