/**
 * Aim: whatever bit of the data file flips, the store never shows fewer torrents than it was given without saying
 * so: it gives back all of them or ends with BAD_STATE. (LMDB trusts its own pages and may crash on a damaged one;
 * then the process ends, which is no silence either. Hence a process for each flip.)
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { NodeStore } from '../../../engine/node/store/store.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';
import { summaryFor } from '../library/support/summary.ts';

const FLIPS = 40;
const TORRENTS = 40;
const PAGE_BYTES = 4096;
/** Heads of pages are the most dangerous part. */
const HEAD_BYTES = 64;
const STORE = fileURLToPath(new URL('../../../engine/node/store/store.js', import.meta.url));
const fuzz = suite('damaged store');

/** Opens the store in argv[1], reads all of it and prints how many torrents there are, or the code of the error. */
const READER = `
const [, folder] = process.argv;
const { NodeStore } = await import(${JSON.stringify(STORE)});
try {
  const store = await NodeStore.open(folder);
  try { console.log([...store.summaries()].map(([name]) => store.read(name)).length); } finally { await store.close(false); }
} catch (error) { console.log(error.code); }
`;

fuzz('a flipped bit is harmless or told', async () => {
  const seed = Number(process.env['ALLIUM_TEST_SEED'] ?? Date.now() % 1_000_000);
  const random = seededRandom(seed);
  const folder = mkdtempSync(join(tmpdir(), 'allium-fuzz-'));
  const store = await NodeStore.open(folder);
  await store.begin();
  for (let index = 0; index < TORRENTS; index += 1) {
    const torrentFile = Buffer.alloc(2_000, index);
    const traffic = { downloadedBytes: 0, uploadedBytes: 0 };
    const pieces = { have: Buffer.alloc(40), doubt: Buffer.alloc(40), adopting: false, files: [] };
    const resume = { generation: 1, savedAtMs: 1, ...pieces, ...traffic };
    await store.add(`${index}`.padStart(40, '0'), summaryFor('t'), { torrentFile, resume });
  }
  await store.close(true);
  const path = join(folder, 'db', 'data.mdb');
  const whole = readFileSync(path);
  const seen = new Map<string, number>();
  for (let flip = 0; flip < FLIPS; flip += 1) {
    const bytes = Buffer.from(whole);
    const page = random.below(whole.length / PAGE_BYTES) * PAGE_BYTES;
    const at = flip % 3 === 0 ? random.below(whole.length) : page + random.below(HEAD_BYTES);
    bytes[at]! ^= 1 << random.below(8);
    writeFileSync(path, bytes);
    rmSync(join(folder, 'lock'), { force: true });
    const { stdout, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', READER, folder], {
      encoding: 'utf8',
      env: { ...process.env, NODE_V8_COVERAGE: '' },
    });
    const outcome = signal ?? stdout.trim();
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    const allowed = outcome === `${TORRENTS}` || outcome === 'BAD_STATE' || signal !== null;
    assert.ok(allowed, `seed ${seed}, flip ${flip} at byte ${at}: ${outcome}`);
  }
  assert.ok((seen.get('BAD_STATE') ?? 0) > 0, 'some of the flips did harm');
  rmSync(folder, { recursive: true });
});

fuzz.run();
