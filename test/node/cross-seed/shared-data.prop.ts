// Aim: torrents that have files in common, alike or of the same name and other bytes, below one root or by paths that
// lead out of theirs: no sequence of adding, downloading, rechecking, restarting, syncing and removing changes a byte
// that any of them has verified. One copy serves all that agree.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Bitfield } from '../../../engine/bittorrent/bitfield.ts';
import { Layout } from '../../../engine/bittorrent/layout.ts';
import type { Metainfo } from '../../../engine/bittorrent/metainfo/types.ts';
import { FileCache } from '../../../engine/bittorrent/storage/file-cache.ts';
import { TorrentStorage } from '../../../engine/bittorrent/storage/torrent-storage.ts';
import { blockOffset, pieceIndex } from '../../../engine/bittorrent/units.ts';
import { AlliumError } from '../../../engine/codec/error.ts';
import { type Holding, Owners } from '../../../engine/node/cross-seed/owners.ts';
import { SharedData } from '../../../engine/node/cross-seed/shared-data.ts';
import type { FileSystem } from '../../../engine/runtime/port.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { type MadeTorrent, makeTorrent } from '../../bittorrent/support/make-torrent.ts';

const test = suite('shared data');
const SIZES = [40_000, 20_000, 30_000];
const make = (fileBytes: readonly number[], pieceLength: number, seed: number): MadeTorrent =>
  makeTorrent({ name: 't', pieceLength, fileBytes, seed });
/** The same bytes in other pieces, other bytes of the same length, and the same beginning with another end. */
const KINDS = [
  make(SIZES, 32_768, 1),
  make(SIZES, 16_384, 1),
  make(SIZES, 16_384, 2),
  make([40_000, 15_000, 30_000], 16_384, 1),
  make([40_000], 16_384, 1),
];
const PLACES = [
  { root: '/d', paths: (file: readonly string[]) => file },
  { root: '/d/t', paths: (file: readonly string[]) => file.slice(-1) },
  { root: '/e', paths: (file: readonly string[]) => ['..', 'd', ...file] },
  { root: '/f', paths: (file: readonly string[]) => file },
];

interface Held extends Holding {
  readonly root: string;
  readonly made: MadeTorrent;
  readonly metainfo: Metainfo;
  readonly layout: Layout;
  readonly paths: readonly string[];
  have: Bitfield;
  storage: TorrentStorage;
}

class Library {
  readonly world = new SimWorld({ seed: 1 });
  readonly torrents: Held[] = [];
  refused = 0;
  private readonly host = this.world.host({ address: '10.0.0.1' });
  private readonly files: FileSystem = this.host.runtime.files;
  private readonly owners = new Owners<Held>();
  private readonly shared = new SharedData<Held>({ owners: this.owners, contentOf: (held) => held });
  private readonly cache = new FileCache(
    { openFilesMax: 4 },
    { files: this.files, clock: this.host.runtime.clock },
  );
  private number = 0;

  async play<T>(action: Promise<T>): Promise<T> {
    let isOver = false;
    const over = (): void => {
      isOver = true;
    };
    action.then(over, over);
    await this.world.run({ until: () => isOver });
    return action;
  }

  lay(path: string, bytes: Uint8Array): void {
    this.host.disk.put(path, bytes);
  }

  add(made: MadeTorrent, place: (typeof PLACES)[number]): void {
    const files = made.metainfo.files.map((file) => ({ ...file, path: place.paths(file.path) }));
    const metainfo: Metainfo = { ...made.metainfo, files };
    const number = this.number++;
    const held = {
      infoHash: `${number}`,
      number,
      root: place.root,
      row: { root: place.root, contentPath: join(place.root, files[0]!.path[0]!) },
      made,
      metainfo,
      layout: new Layout(metainfo),
      paths: files.map((file) => join(place.root, ...file.path)),
      have: new Bitfield(metainfo.pieceCount),
    } as unknown as Held;
    held.storage = this.open(held);
    this.owners.add(held);
    this.torrents.push(held);
  }

  open(held: Held): TorrentStorage {
    return new TorrentStorage(
      {
        root: held.root,
        foreign: this.shared.foreignFor(held, held.paths),
        isVerifiedElsewhere: (path, at, length) => this.shared.isVerifiedElsewhere(held, path, at, length),
      },
      { metainfo: held.metainfo, layout: held.layout, cache: this.cache, files: this.files },
    );
  }

  async download(held: Held, piece: number): Promise<void> {
    if (held.have.has(piece)) return;
    try {
      await this.play(held.storage.write(pieceIndex(piece), blockOffset(0), [bytesOf(held, piece)]));
      held.have.set(piece);
    } catch (error) {
      // A file where another torrent has a folder cannot be written either.
      if (!(error instanceof AlliumError)) throw error;
      if (error.code === 'NO_PERMISSION') this.refused += 1;
    }
  }

  async isRight(held: Held, piece: number): Promise<boolean> {
    const bytes = new Uint8Array(held.layout.pieceLengthOf(pieceIndex(piece)));
    try {
      await this.play(held.storage.read(pieceIndex(piece), blockOffset(0), [bytes]));
    } catch {
      return false;
    }
    const hash = createHash('sha1').update(bytes).digest();
    return Buffer.compare(hash, held.metainfo.pieces.subarray(piece * 20, piece * 20 + 20)) === 0;
  }

  async recheck(held: Held): Promise<void> {
    for (let piece = 0; piece < held.layout.pieceCount; piece += 1) {
      if (await this.isRight(held, piece)) held.have.set(piece);
      else held.have.clear(piece);
    }
    await this.play(held.storage.close());
  }

  remove(held: Held): void {
    this.owners.remove(held);
    this.torrents.splice(this.torrents.indexOf(held), 1);
  }

  async assertVerified(): Promise<void> {
    for (const held of this.torrents) {
      for (const piece of held.have.pieces()) {
        assert.ok(
          await this.isRight(held, piece),
          `piece ${piece} of torrent ${held.infoHash} below ${held.root}`,
        );
      }
    }
  }
}

function bytesOf(held: Held, piece: number): Uint8Array {
  const whole = Buffer.concat([...held.made.content.values()]);
  const { pieceLength } = held.metainfo;
  return whole.subarray(piece * pieceLength, (piece + 1) * pieceLength);
}

const command = fc.record({
  what: fc.constantFrom(
    'add',
    'add',
    'download',
    'download',
    'download',
    'all',
    'recheck',
    'restart',
    'sync',
    'remove',
  ),
  which: fc.nat({ max: 20 }),
  piece: fc.nat({ max: 20 }),
});

test('no sequence changes a verified byte', async () => {
  let refused = 0;
  const before = fc.constantFrom<readonly (readonly [string, number])[]>(
    [],
    [['/d/t/f000', 1]],
    [['/d/t/f000', 2]],
  );
  await fc.assert(
    fc.asyncProperty(before, fc.array(command, { minLength: 5, maxLength: 25 }), async (lying, commands) => {
      const library = new Library();
      for (const [path, kind] of lying) library.lay(path, KINDS[kind]!.content.get(path.slice(3))!);
      library.add(KINDS[0]!, PLACES[0]!);
      for (const { what, which, piece } of commands) {
        if (what === 'add') library.add(KINDS[which % KINDS.length]!, PLACES[piece % PLACES.length]!);
        const held = library.torrents[which % library.torrents.length];
        if (held === undefined) continue;
        if (what === 'download') await library.download(held, piece % held.layout.pieceCount);
        if (what === 'all') {
          await library.play(held.storage.prepare()).catch(() => {});
          for (let at = 0; at < held.layout.pieceCount; at += 1) await library.download(held, at);
        }
        if (what === 'recheck') await library.recheck(held);
        if (what === 'restart') held.storage = library.open(held);
        if (what === 'sync') await library.play(held.storage.sync());
        if (what === 'remove' && library.torrents.length > 1) library.remove(held);
      }
      await library.assertVerified();
      refused += library.refused;
    }),
    { numRuns: 150 },
  );
  assert.ok(refused > 0, 'some writes had to be refused');
});

test('the first one does not write over what a later one has verified', async () => {
  const library = new Library();
  library.lay('/d/t/f000', KINDS[2]!.content.get('t/f000')!);
  library.add(KINDS[0]!, PLACES[0]!);
  library.add(KINDS[2]!, PLACES[0]!);
  const [first, later] = library.torrents as [Held, Held];
  await library.recheck(later);
  assert.is(later.have.count, 2);
  await library.download(first, 0);
  assert.is(library.refused, 1);
  await library.assertVerified();
});

test('one copy serves all that have the same bytes, and the second one fetches nothing', async () => {
  const library = new Library();
  library.add(KINDS[0]!, PLACES[0]!);
  const [owner] = library.torrents as [Held];
  for (let piece = 0; piece < owner.layout.pieceCount; piece += 1) await library.download(owner, piece);
  for (const place of PLACES.slice(0, 3)) library.add(KINDS[1]!, place);
  for (const held of library.torrents.slice(1)) {
    await library.recheck(held);
    assert.ok(held.have.isFull, held.root);
    assert.is(held.storage.foreignFiles.size, held.paths.length);
  }
});

test('a piece that two files share is stored when the part of the other torrent is right already', async () => {
  const library = new Library();
  library.add(KINDS[0]!, PLACES[0]!);
  const [owner] = library.torrents as [Held];
  for (let piece = 0; piece < owner.layout.pieceCount; piece += 1) await library.download(owner, piece);
  library.add(KINDS[3]!, PLACES[0]!);
  const other = library.torrents[1]!;
  await library.recheck(other);
  const last = other.layout.pieceCount - 1;
  assert.not(other.have.has(last));
  await library.download(other, last);
  assert.ok(library.refused === 1, 'the end of the last file is another one');
});

test.run();
