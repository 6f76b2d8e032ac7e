// Aim: whatever is in the files of a state folder, the import goes through it: each torrent is taken or is one line
// that says why not, and no piece is believed beyond those of the torrent. Replay with ALLIUM_TEST_SEED.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlliumError } from '../../../engine/codec/error.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';
import { importFolder, makePlace, WRITERS } from './support/folders.ts';

const ROUNDS = 400;
const fuzz = suite('hostile state folders');
const seed = Number(process.env['ALLIUM_TEST_SEED'] ?? Date.now() % 1_000_000);
const INTERESTING = [0, 0xff, 0x2e, 0x64, 0x65, 0x69, 0x6c, 0x2d, 0x39, 0x28, 0x52, 0x80];

for (const [kind, write] of Object.entries(WRITERS)) {
  fuzz(`${kind} (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const place = makePlace();
    try {
      write(place);
      const files = readdirSync(place.folder, { recursive: true, encoding: 'utf8' })
        .filter((path) => !path.startsWith('data'))
        .map((path) => join(place.folder, path))
        .filter((path) => statSync(path).isFile());
      const whole = files.map((path) => readFileSync(path));
      for (let round = 0; round < ROUNDS; round += 1) {
        const which = random.below(files.length);
        writeFileSync(files[which]!, mutated(whole[which]!, random));
        await examine(place.folder);
        writeFileSync(files[which]!, whole[which]!);
      }
      const { planned } = await importFolder(place.folder);
      assert.ok(planned[0]!.judgement.have.isFull, 'unharmed again, it is taken');
    } finally {
      rmSync(place.folder, { recursive: true, force: true });
    }
  });
}

function mutated(bytes: Buffer, random: ReturnType<typeof seededRandom>): Buffer {
  const copy = Buffer.from(bytes);
  const cut = random.below(8);
  if (cut === 0) return copy.subarray(0, random.below(copy.length));
  const times = 1 + random.below(4);
  for (let time = 0; time < times; time += 1) {
    const at = random.below(copy.length);
    copy[at] = cut < 4 ? random.below(256) : INTERESTING[random.below(INTERESTING.length)]!;
  }
  if (cut !== 1) return copy;
  const at = random.below(copy.length);
  return Buffer.concat([copy.subarray(0, at), copy.subarray(random.below(copy.length))]);
}

async function examine(folder: string): Promise<void> {
  try {
    const { lines, planned } = await importFolder(folder);
    for (const line of lines) assert.ok(line.outcome !== 'refused' || line.note !== '');
    for (const { judgement, source } of planned) {
      assert.is(judgement.have.pieceCount, source.metainfo.pieceCount);
      assert.ok(judgement.have.and(judgement.doubt).isEmpty);
    }
  } catch (error) {
    // The one file that Deluge has for all its torrents.
    if (!(error instanceof AlliumError)) throw error;
    assert.is(error.code, 'BAD_STATE');
  }
}

fuzz.run();
