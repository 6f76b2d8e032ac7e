// Aim: data is found where people put it: below a root, anywhere under a folder of the right name, or file by file by
// name and length; and nothing wrong is taken for it.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  CANDIDATES_MAX,
  candidatesFor,
  type Finder,
  isComplete,
  type Location,
  locateDirectly,
  locateFolder,
  type WantedTorrent,
  wantedNames,
} from '../../../engine/bittorrent/verify/library.ts';

const test = suite('library');

/** A file system that is a table of paths and lengths. */
function disk(files: Readonly<Record<string, number>>, taken = ''): Finder {
  const paths = Object.keys(files);
  const folders = new Set(
    paths.flatMap((path) => path.split('/').map((_, at, all) => all.slice(0, at).join('/'))),
  );
  return {
    lengthAt: (path) => files[path],
    foldersNamed: (name) => [...folders].filter((folder) => folder.endsWith(`/${name}`)),
    filesNamed: (name, byteLength) =>
      paths.filter((path) => path.endsWith(`/${name}`) && files[path] === byteLength),
    isTaken: (path) => taken !== '' && path.startsWith(`${taken}/`),
  };
}

function locateAnywhere(torrent: WantedTorrent, roots: readonly string[], finder: Finder): Location {
  return locateFolder(torrent, locateDirectly(torrent, roots, finder), finder);
}

/** By name of the file: the paths that may be it, the likeliest first. */
function candidates(
  torrent: WantedTorrent,
  roots: readonly string[],
  finder: Finder,
): Record<string, string[]> {
  const found = candidatesFor(torrent, locateAnywhere(torrent, roots, finder), finder);
  return Object.fromEntries(
    [...found].map(([at, choices]) => [torrent.files[at]!.path.at(-1)!, choices.map(({ path }) => path)]),
  );
}

const SHOW: WantedTorrent = {
  name: 'show',
  isSingleFile: false,
  files: [
    { path: ['show', 's1', 'a.mkv'], byteLength: 100 },
    { path: ['show', 's1', 'b.mkv'], byteLength: 200 },
    { path: ['show', 'empty'], byteLength: 0 },
  ],
};
const FILM: WantedTorrent = {
  name: 'film.mkv',
  isSingleFile: true,
  files: [{ path: ['film.mkv'], byteLength: 50 }],
};

const WHOLE = (base: string) => ({
  [`${base}/s1/a.mkv`]: 100,
  [`${base}/s1/b.mkv`]: 200,
  [`${base}/empty`]: 0,
});

test('below a root, the first root that has it whole', () => {
  const there = disk({ ...WHOLE('/r2/show'), ...WHOLE('/r3/show'), '/r1/show/s1/a.mkv': 100 });
  const found = locateDirectly(SHOW, ['/r1', '/r2', '/r3'], there);
  assert.is(found.base, '/r2/show');
  assert.ok(isComplete(SHOW, found));
  assert.is(locateDirectly(FILM, ['/', '/x'], disk({ '/film.mkv': 50 })).base, '/film.mkv');
});

test('the root itself may be the torrent’s folder, also under another name', () => {
  assert.is(locateDirectly(SHOW, ['/r/show'], disk(WHOLE('/r/show'))).base, '/r/show');
  assert.is(locateDirectly(SHOW, ['/r/renamed'], disk(WHOLE('/r/renamed'))).base, '/r/renamed');
  assert.is(locateDirectly(FILM, ['/r/x.mkv'], disk({ '/r/x.mkv': 50 })).base, '/r/x.mkv');
  assert.is(locateDirectly(FILM, ['/r/x.mkv'], disk({ '/r/x.mkv': 49 })).base, '/r/x.mkv');
});

test('a root that only happens to hold a file of the same name is not the torrent’s folder', () => {
  assert.is(locateDirectly(SHOW, ['/r'], disk({ '/r/s1/a.mkv': 7 })).base, '/r/show');
});

test('the place with the most bytes of right length wins, then the one with the most files', () => {
  const there = disk({ '/r1/show/empty': 0, '/r1/show/s1/a.mkv': 100, '/r2/show/s1/b.mkv': 200 });
  assert.is(locateDirectly(SHOW, ['/r1', '/r2'], there).base, '/r2/show');
  const short = disk({ '/r2/show/s1/b.mkv': 3 });
  const found = locateDirectly(SHOW, ['/r1', '/r2'], short);
  assert.is(found.base, '/r2/show');
  assert.is(found.presentFiles, 1);
  assert.is(found.exactFiles, 0);
});

test('nothing anywhere: the first root is where it is missed', () => {
  const found = locateAnywhere(SHOW, ['/r1', '/r2'], disk({}));
  assert.is(found.base, '/r1/show');
  assert.is(found.presentFiles, 0);
});

test('a folder of the name, however deep', () => {
  const found = locateAnywhere(SHOW, ['/r'], disk({ ...WHOLE('/r/tv/old/show'), '/r/show/s1/a.mkv': 100 }));
  assert.is(found.base, '/r/tv/old/show');
});

test('a single file, however deep, by name and length', () => {
  const there = disk({ '/r/a/film.mkv': 51, '/r/b/c/film.mkv': 50 });
  assert.equal(candidates(FILM, ['/r'], there), { 'film.mkv': ['/r/b/c/film.mkv'] });
  assert.equal(candidates(FILM, ['/r'], disk({ '/r/a/film.mkv': 51 })), {});
});

test('missing files may lie elsewhere: the path most like their own first, then the nearest', () => {
  const there = disk({
    '/r/show/s1/a.mkv': 100,
    '/r/other/b.mkv': 200,
    '/r/backup/s1/b.mkv': 200,
    '/r/show/extra/s1/b.mkv': 200,
    '/r/show/s1/x/b.mkv': 201,
    '/r/any/empty': 0,
  });
  const expected = ['/r/show/extra/s1/b.mkv', '/r/backup/s1/b.mkv', '/r/other/b.mkv'];
  assert.equal(candidates(SHOW, ['/r'], there), { 'b.mkv': expected });
});

test('a file that another torrent has in its place comes last', () => {
  const files = { '/r/show/s1/a.mkv': 100, '/r/other/s1/b.mkv': 200, '/r/b.mkv': 200 };
  assert.equal(candidates(SHOW, ['/r'], disk(files, '/r/other'))['b.mkv'], ['/r/b.mkv', '/r/other/s1/b.mkv']);
});

test('a file that is there with a wrong length is damage, and not replaced by another', () => {
  const there = disk({ ...WHOLE('/r/show'), '/r/show/s1/b.mkv': 9, '/r/x/b.mkv': 200 });
  assert.equal(candidates(SHOW, ['/r'], there), {});
});

test(`no more than ${CANDIDATES_MAX} files of one name are considered`, () => {
  const files: Record<string, number> = { '/r/show/s1/a.mkv': 100 };
  for (let at = 0; at <= CANDIDATES_MAX; at += 1) files[`/r/${at}/b.mkv`] = 200;
  assert.is(candidates(SHOW, ['/r'], disk(files))['b.mkv']?.length, CANDIDATES_MAX);
});

test(`no more than ${CANDIDATES_MAX} folders of one name are looked into`, () => {
  const files: Record<string, number> = {};
  for (let at = 0; at < CANDIDATES_MAX; at += 1) files[`/r/${at}/show/none`] = 1;
  Object.assign(files, WHOLE('/r/last/show'));
  const looked: string[] = [];
  const finder = disk(files);
  const counting: Finder = {
    ...finder,
    lengthAt: (path) => {
      looked.push(path.split('/').slice(0, 4).join('/'));
      return finder.lengthAt(path);
    },
    filesNamed: () => [],
  };
  locateAnywhere(SHOW, ['/r'], counting);
  const folders = new Set(looked.filter((path) => /^\/r\/\w+\/show$/.test(path)));
  assert.is(folders.size, CANDIDATES_MAX);
});

test('what has to be remembered: folder names, and names of files that are not empty', () => {
  assert.equal(wantedNames(SHOW), { folders: ['show'], files: ['a.mkv', 'b.mkv'] });
  assert.equal(wantedNames(FILM), { folders: [], files: ['film.mkv'] });
});

test.run();
