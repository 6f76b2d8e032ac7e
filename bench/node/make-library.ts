import { createHash } from 'node:crypto';
import { closeSync, ftruncateSync, futimesSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { Bitfield } from '../../engine/bittorrent/bitfield.ts';
import { parseMetainfo } from '../../engine/bittorrent/metainfo/parse.ts';
import { encodeBencode } from '../../engine/codec/bencode.ts';
import { summaryOfMetainfo } from '../../engine/node/library/loading.ts';
import { infoHashOf } from '../../engine/node/library/ready.ts';
import { NodeStore } from '../../engine/node/store/store.ts';
import { SUMMARY_FLAGS } from '../../engine/node/store/summary.ts';

const PIECE_BYTES = 16_384;
/** Unix milliseconds: when all of it was written. */
const WRITTEN_MS = 1_700_000_000_000;
/** Torrents that go into the store together. */
const BATCH = 2_000;
/** Folders of a thousand torrents each, as nobody keeps a hundred thousand in one. */
const PER_FOLDER = 1_000;

export interface MadeLibrary {
  readonly infoHashes: readonly string[];
  readonly fileCount: number;
}

/** A store of `count` torrents that are complete, most of them with several files, and their sparse data. */
export async function makeLibrary(folder: string, count: number, announce: string): Promise<MadeLibrary> {
  const store = await NodeStore.open(join(folder, 'state'));
  await store.begin();
  const infoHashes: string[] = [];
  let fileCount = 0;
  for (let first = 0; first < count; first += BATCH) {
    const adds: Promise<number>[] = [];
    for (let index = first; index < Math.min(count, first + BATCH); index += 1) {
      const root = join(folder, 'downloads', `part-${Math.floor(index / PER_FOLDER)}`);
      const lengths = index % 3 === 0 ? [100_000] : [60_000, 30_000 + (index % 1_000), 700];
      const torrentFile = torrentOf(index, lengths, announce);
      const metainfo = parseMetainfo(torrentFile);
      for (const file of metainfo.files) makeFile(join(root, ...file.path), file.byteLength);
      fileCount += lengths.length;
      const { pieceCount, contentBytes } = metainfo;
      const infoHash = infoHashOf(metainfo);
      infoHashes.push(infoHash);
      const { settled, running } = SUMMARY_FLAGS;
      const whole = { doneBytes: contentBytes, pieceDoneCount: pieceCount, addedAtMs: WRITTEN_MS };
      const summary = {
        ...summaryOfMetainfo(metainfo, root),
        ...whole,
        flags: settled | running,
        queueKey: index,
      };
      const resume = {
        ...{
          generation: 1,
          adopting: false,
          savedAtMs: WRITTEN_MS,
          downloadedBytes: contentBytes,
          uploadedBytes: 0,
        },
        have: Bitfield.full(pieceCount).bytes,
        doubt: new Bitfield(pieceCount).bytes,
        files: metainfo.files.map(({ byteLength }) => ({ byteLength, modifiedMs: WRITTEN_MS })),
      };
      adds.push(store.add(infoHash, summary, { torrentFile, resume }));
    }
    await Promise.all(adds);
  }
  await store.close(true);
  return { infoHashes, fileCount };
}

/** All zero, so that each piece has the same hash; its name makes each torrent another one. */
function torrentOf(index: number, lengths: readonly number[], announce: string): Uint8Array {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const hashes: Buffer[] = [];
  for (let at = 0; at < total; at += PIECE_BYTES) {
    hashes.push(
      createHash('sha1')
        .update(Buffer.alloc(Math.min(PIECE_BYTES, total - at)))
        .digest(),
    );
  }
  const name = `torrent number ${String(index).padStart(6, '0')} of a library`;
  const [only] = lengths;
  const files = lengths.map((length, file) => ({ length, path: [`part ${file}.bin`] }));
  const content = lengths.length === 1 ? { length: only! } : { files };
  const info = { ...content, name, 'piece length': PIECE_BYTES, pieces: Buffer.concat(hashes) };
  return encodeBencode({ announce, info });
}

function makeFile(path: string, byteLength: number): void {
  mkdirSync(join(path, '..'), { recursive: true });
  const file = openSync(path, 'w');
  ftruncateSync(file, byteLength);
  futimesSync(file, WRITTEN_MS / 1000, WRITTEN_MS / 1000);
  closeSync(file);
}
