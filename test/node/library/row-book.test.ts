/** Aim: whoever asks what has changed gets each changed row once, every removal, or everything; it costs what changed. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ROW_BOOK_DEFAULTS, RowBook } from '../../../engine/node/library/row-book.ts';
import { fakeRow } from '../control/fake-rows.ts';

const book = suite('row book');
const FIRST = 1_000;

function filled(
  count: number,
  removedMax = ROW_BOOK_DEFAULTS.removedMax,
): { rows: RowBook; names: string[] } {
  const rows = new RowBook({ firstRevision: FIRST, removedMax });
  const names = Array.from({ length: count }, (_, index) => rows.put(fakeRow(index + 1)).infoHash);
  return { rows, names };
}

book('gives everything to newcomers and to those of another run', () => {
  const { rows } = filled(3);
  const all = rows.changes(0);
  assert.ok(all.isFull);
  assert.is(all.rows.length, 3);
  assert.ok(rows.changes(all.revision + 1).isFull, 'a revision that is yet to come');
  assert.ok(rows.changes(FIRST - 1).isFull, 'a revision of an earlier run');
  assert.equal(rows.changes(all.revision), { ...all, isFull: false, rows: [] });
});

book('gives what has changed since, each once and as it is now', () => {
  const { rows, names } = filled(10);
  const { revision } = rows.changes(0);
  for (const name of ['first', 'second', 'third']) rows.put({ ...rows.rows.get(names[4]!)!, name });
  rows.put({ ...rows.rows.get(names[2]!)!, name: 'other' });
  const found = rows.changes(revision);
  assert.is(found.isFull, false);
  assert.equal(
    found.rows.map(({ name }) => name),
    ['third', 'other'],
  );
  assert.equal(rows.changes(found.revision).rows, []);
});

book('counts states as rows come, change and go', () => {
  const { rows, names } = filled(3);
  for (const [index, state] of (['seeding', 'seeding', 'stopped'] as const).entries()) {
    rows.put({ ...rows.rows.get(names[index]!)!, state });
  }
  assert.equal(rows.states, { seeding: 2, stopped: 1 });
  rows.put({ ...rows.rows.get(names[2]!)!, state: 'seeding' });
  rows.remove(names[0]!);
  rows.remove(names[0]!);
  assert.equal(rows.states, { seeding: 2 });
});

book('tells of removals with their ids, unless the torrent was added anew', () => {
  const { rows, names } = filled(3);
  const { revision } = rows.changes(0);
  rows.remove(names[0]!);
  rows.remove(names[1]!);
  rows.put({ ...fakeRow(2), id: 77 });
  const found = rows.changes(revision);
  assert.equal([found.removed, found.removedIds], [[names[0]], [1]]);
  assert.is(rows.byId(77)?.infoHash, names[1]);
  assert.is(rows.byId(1), undefined);
});

book('beyond the removals it remembers, it gives everything', () => {
  const { rows, names } = filled(20, 4);
  const { revision } = rows.changes(0);
  for (const name of names.slice(0, 4)) rows.remove(name);
  assert.is(rows.changes(revision).removed.length, 4);
  rows.remove(names[4]!);
  const late = rows.changes(revision);
  assert.ok(late.isFull);
  assert.is(late.rows.length, 15);
  assert.is(rows.changes(late.revision).isFull, false);
});

book('however often rows change, nothing is lost and little is kept', () => {
  const { rows, names } = filled(50);
  let { revision } = rows.changes(0);
  for (let round = 0; round < 2_000; round += 1) {
    const touched = [names[round % 50]!, names[(round * 7) % 50]!];
    for (const name of touched) rows.put({ ...rows.rows.get(name)!, peerCount: round });
    const found = rows.changes(revision);
    assert.equal(new Set(found.rows.map(({ infoHash }) => infoHash)), new Set(touched));
    revision = found.revision;
  }
  const kept = (rows as unknown as { hashes: readonly string[] }).hashes.length;
  assert.ok(kept <= 2 * 50 + 1024, `${kept} places`);
  assert.is(rows.changes(FIRST).rows.length, 50, 'the oldest revision still counts');
});

book.run();
