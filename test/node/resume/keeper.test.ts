/**
 * Aim: the keeper notes a piece before it returns, saves in the order that a power cut cannot hurt (files synced, then
 * store, then the old journal given up), and gives nothing up that could not be saved.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Bitfield } from '../../../engine/bittorrent/bitfield.ts';
import { KEEPER_DEFAULTS, ResumeKeeper } from '../../../engine/node/resume/keeper.ts';
import type { JournalEntry } from '../../../engine/node/store/journal.ts';
import type { StoredResume } from '../../../engine/node/store/schema.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';

const keeping = suite('resume keeper');

function scene(options: Partial<typeof KEEPER_DEFAULTS> = {}) {
  const world = new SimWorld({ seed: 1 });
  const { clock } = world.host({ address: '10.0.0.1' }).runtime;
  const events: string[] = [];
  const errors: unknown[] = [];
  const faults = { sync: false, save: false, note: false };
  let saved: ReadonlyMap<string, StoredResume> = new Map();
  let journalBytes = 0;
  const store = {
    get journalBytes() {
      return journalBytes;
    },
    note(entries: readonly JournalEntry[]) {
      if (faults.note) throw new Error('note');
      journalBytes += entries.length * 16;
      events.push(
        ...entries.map(({ torrent, generation, piece }) => `note ${torrent}.${generation}.${piece}`),
      );
    },
    rotateJournal() {
      journalBytes = 0;
      events.push('rotate');
      return () => void events.push('drop');
    },
    async saveResume(resumes: ReadonlyMap<string, StoredResume>) {
      if (faults.save) throw new Error('save');
      saved = resumes;
      events.push(`save ${[...resumes.keys()].join()}`);
    },
  };
  const source = {
    have: new Bitfield(16),
    downloadedBytes: 0,
    uploadedBytes: 0,
    async sync() {
      if (faults.sync) throw new Error('sync');
      events.push('sync');
    },
    async marks() {
      events.push('marks');
      return [{ byteLength: 1, modifiedMs: 2 }];
    },
  };
  const keeper = new ResumeKeeper(
    { ...KEEPER_DEFAULTS, ...options },
    { store, clock, onError: (error) => errors.push(error) },
  );
  const doubt = new Bitfield(16);
  doubt.set(9);
  keeper.track('aa', { source, number: 4, generation: 2, doubt, marks: [null], adopting: true });
  const piece = (index: number): void => {
    source.have.set(index);
    keeper.onPiece('aa', index);
  };
  const take = (): string[] => events.splice(0);
  return { world, keeper, source, doubt, faults, errors, piece, take, saved: () => saved.get('aa') };
}

keeping('a piece is noted before the call returns; saving follows in the safe order', async () => {
  const { keeper, piece, take, saved } = scene();
  piece(3);
  assert.equal(take(), ['note 4.2.3']);
  await keeper.save();
  assert.equal(take(), ['rotate', 'sync', 'save aa', 'drop']);
  assert.equal([...saved()!.have], [0x10, 0]);
  assert.equal([...saved()!.doubt], [0, 0x40]);
  assert.is(saved()!.generation, 2);
  assert.is(saved()!.adopting, false, 'a piece of it is right');
  assert.equal(saved()!.files, [null], 'marks are taken at rest only');
  await keeper.save();
  assert.equal(take(), [], 'nothing new');
});

keeping('at rest the files are marked, but only those this node has written to', async () => {
  const { keeper, piece, take, saved, source } = scene();
  source.uploadedBytes = 5;
  await keeper.save(new Set(['aa']));
  assert.equal(take(), ['rotate', 'sync', 'save aa', 'drop']);
  piece(1);
  await keeper.save();
  take();
  assert.is(await keeper.close(), true);
  assert.equal(take(), ['rotate', 'sync', 'marks', 'save aa', 'drop']);
  assert.equal(saved()!.files, [{ byteLength: 1, modifiedMs: 2 }]);
});

keeping('what is written on the way to a stop counts, though nobody tells', async () => {
  const { keeper, take, source, saved } = scene();
  keeper.onStopping('aa');
  source.have.set(8);
  await keeper.close();
  assert.ok(take().includes('marks'));
  assert.equal([...saved()!.have], [0, 0x80]);
});

keeping('settled doubt is saved', async () => {
  const { keeper, saved } = scene();
  keeper.settleDoubt('aa', [9]);
  await keeper.save();
  assert.equal([...saved()!.doubt], [0, 0]);
  assert.is(saved()!.adopting, false);
});

keeping(
  'when a file cannot be synced or the store not be written, the journal stays and it is tried again',
  async () => {
    for (const fault of ['sync', 'save'] as const) {
      const { keeper, piece, take, faults, errors } = scene();
      piece(1);
      faults[fault] = true;
      await keeper.save();
      assert.not.ok(take().includes('drop'), fault);
      assert.is(errors.length, 1);
      assert.is(await keeper.close(), false);
      faults[fault] = false;
      await keeper.save();
      assert.ok(take().includes('drop'));
      assert.is(await keeper.close(), true);
    }
  },
);

keeping('a note that cannot be written is told, and the node goes on', () => {
  const { piece, faults, errors } = scene();
  faults.note = true;
  piece(1);
  assert.is(errors.length, 1);
});

keeping('saves by itself: after a while, and when the journal has grown', async () => {
  const { world, keeper, piece, take } = scene({ saveIntervalMs: 1_000, journalBytesMax: 64 });
  keeper.start();
  piece(1);
  await world.run({ forMs: 900 });
  assert.equal(take(), ['note 4.2.1']);
  await world.run({ forMs: 200 });
  assert.ok(take().includes('save aa'));
  for (const index of [2, 3, 4, 5]) piece(index);
  await world.run({ forMs: 1 });
  assert.ok(take().includes('save aa'), 'four notes fill the journal');
});

keeping('counters alone are saved rarely', async () => {
  const { world, keeper, take, source, saved } = scene({ trafficIntervalMs: 10_000 });
  source.uploadedBytes = 77;
  await keeper.save();
  assert.equal(take(), []);
  await world.run({ forMs: 10_001 });
  await keeper.save();
  assert.ok(take().includes('save aa'));
  assert.is(saved()!.uploadedBytes, 77);
});

keeping('a torrent that is not kept is left alone', async () => {
  const { keeper, take } = scene();
  keeper.onPiece('bb', 1);
  keeper.settleDoubt('bb', [1]);
  keeper.onStopping('bb');
  assert.is(await keeper.close(), true);
  assert.equal(take(), []);
});

keeping.run();
