/** Aim: a store of version 1 is taken over with all its torrents, nothing is hashed, and it is of version 2 afterwards. */
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Bitfield } from '../../../engine/bittorrent/bitfield.ts';
import { loadEntries } from '../../../engine/node/library/loading.ts';
import { infoHashOf } from '../../../engine/node/library/ready.ts';
import { encodeRecord } from '../../../engine/node/store/record.ts';
import { NodeStore } from '../../../engine/node/store/store.ts';
import { createRealRuntime } from '../../../engine/runtime/real/runtime.ts';
import { type MadeTorrent, makeTorrent } from '../../bittorrent/support/make-torrent.ts';

const takeOver = suite('store of version 1');
const PIECE_LENGTH = 16_384;

function layOut(root: string, { content }: MadeTorrent) {
  return [...content].map(([path, bytes]) => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), bytes);
    const { size, mtimeMs } = statSync(join(root, path));
    return { byteLength: size, modifiedMs: mtimeMs };
  });
}

/** A folder as version 1 left it: three tables, and no summaries. */
async function storeV1(
  folder: string,
  torrents: readonly MadeTorrent[],
  have: readonly Bitfield[],
): Promise<void> {
  mkdirSync(join(folder, 'db'), { recursive: true });
  writeFileSync(join(folder, 'ABOUT-THIS-FOLDER.txt'), '');
  const root = open<Buffer, string>({
    path: join(folder, 'db'),
    maxDbs: 4,
    encoding: 'binary',
    noSubdir: false,
  });
  const table = (name: string) => root.openDB<Buffer, string>({ name, encoding: 'binary' });
  const [meta, known, resume] = [table('meta'), table('torrents'), table('resume')];
  const session = {
    version: 1,
    boot: '',
    clean: true,
    nextNumber: torrents.length + 1,
    torrentCount: torrents.length,
  };
  await meta.put('session', encodeRecord(session));
  for (const [index, made] of torrents.entries()) {
    const infoHash = infoHashOf(made.metainfo);
    const data = join(folder, 'data');
    const files = layOut(data, made);
    const torrent = { number: index + 1, torrentFile: made.bytes, root: data, addedAtMs: 77 };
    await known.put(infoHash, encodeRecord(torrent));
    const { bytes } = have[index]!;
    const doubt = new Uint8Array(bytes.length);
    const traffic = { downloadedBytes: 5, uploadedBytes: 6 };
    const saved = { generation: 4, have: bytes, doubt, adopting: false, files, savedAtMs: 88, ...traffic };
    await resume.put(infoHash, encodeRecord(saved));
  }
  await root.close();
}

takeOver('every torrent is there with what it had, and the next start finds version 2', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'allium-v1-'));
  const whole = makeTorrent({ name: 'whole', pieceLength: PIECE_LENGTH, fileBytes: [50_000, 700], seed: 1 });
  const half = makeTorrent({
    name: 'half',
    pieceLength: PIECE_LENGTH,
    fileBytes: [5 * PIECE_LENGTH],
    seed: 2,
  });
  const begun = new Bitfield(half.metainfo.pieceCount);
  begun.set(1);
  await storeV1(folder, [whole, half], [Bitfield.full(whole.metainfo.pieceCount), begun]);
  const { files } = createRealRuntime();
  for (const isFirst of [true, false]) {
    const store = await NodeStore.open(folder);
    assert.is(store.needsSummaries, isFirst);
    const entries = await loadEntries(store, { files, nowMs: 99, aliveMs: 0 });
    const rows = [...entries.values()].map(({ row }) => row).sort((a, b) => a.id - b.id);
    assert.equal(
      rows.map(({ name, state, doneBytes, pieceDoneCount }) => [name, state, doneBytes, pieceDoneCount]),
      [
        ['whole', 'seeding', 50_700, whole.metainfo.pieceCount],
        ['half', 'queued', PIECE_LENGTH, 1],
      ],
    );
    assert.equal([rows[0]?.uploadedBytes, rows[0]?.addedAtMs, rows[1]?.root], [6, 77, join(folder, 'data')]);
    assert.ok([...entries.values()].every(({ settled, doubtful }) => settled && !doubtful));
    await store.close(true);
  }
  rmSync(folder, { recursive: true });
});

takeOver.run();
