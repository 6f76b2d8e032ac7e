import { Bitfield } from '../../bittorrent/bitfield.ts';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import { hex } from '../../codec/hex.ts';
import type { FileSystem } from '../../runtime/port.ts';
import type { StoredResume, StoredTorrentV1 } from '../store/schema.ts';
import type { NodeStore } from '../store/store.ts';
import { SUMMARY_FLAGS as FLAGS, type StoredSummary } from '../store/summary.ts';
import { type Entry, entryOf, Interner, NO_BYTES, summaryOf } from './entry.ts';
import { makeReady, parseStored, resumeOf } from './ready.ts';
import { doneBytesOf } from './wishes.ts';

/** Records of an old store that are taken over in one commit. */
const BATCH = 500;

/**
 * Brings back what the store remembers. What the run before this one left unsaved is judged and saved now: from then on
 * files are as recorded or they are not, however much later somebody looks. Rejects with BAD_STATE when the store is
 * damaged; then nothing has changed.
 */
export async function loadEntries(
  store: NodeStore,
  modules: { readonly files: FileSystem; readonly nowMs: number; readonly aliveMs: number },
): Promise<Map<string, Entry>> {
  if (store.needsSummaries) await takeOverV1(store);
  const entries = new Map<string, Entry>();
  const intern = new Interner();
  for (const [infoHash, summary] of store.summaries()) {
    entries.set(infoHash, entryOf(infoHash, summary, intern, modules.aliveMs));
  }
  for (const entry of entries.values()) {
    if (entry.magnet === '' && (!entry.settled || store.hasNotes(entry.number))) {
      await judge(entry, store, modules);
    }
  }
  await store.begin();
  // Every note is in the store by now.
  store.rotateJournal()();
  return entries;
}

async function judge(
  entry: Entry,
  store: NodeStore,
  modules: { readonly files: FileSystem; readonly nowMs: number; readonly aliveMs: number },
): Promise<void> {
  const { infoHash, row, trackers, paths } = entry;
  const { torrent, resume } = store.read(infoHash);
  const notes = store.recentPieces(entry.number, resume.generation);
  const placement = { root: row.root, trackers, paths };
  const { torrentFile } = torrent;
  const ready = await makeReady(
    { infoHash, placement, torrentFile, resume, notes },
    store.previous,
    modules.files,
  );
  const { metainfo, have, doubt } = ready;
  const doneBytes = doneBytesOf(metainfo, entry.wishes, have);
  const progress = row.wantedBytes === 0 ? 1 : doneBytes / row.wantedBytes;
  entry.row = { ...row, doneBytes, progress, pieceDoneCount: have.count };
  entry.doubtful = !doubt.isEmpty;
  entry.settled = true;
  if (!entry.stopped) {
    const state = entry.doubtful ? 'checking' : doneBytes >= row.wantedBytes ? 'seeding' : 'queued';
    entry.row = { ...entry.row, state };
  }
  await store.save({
    resumes: new Map([[infoHash, resumeOf(ready, modules.nowMs)]]),
    summaries: new Map([[infoHash, summaryOf(entry, modules.aliveMs)]]),
  });
}

/** Version 1 had no summaries: torrent files are read once more. */
async function takeOverV1(store: NodeStore): Promise<void> {
  let batch = new Map<string, StoredSummary>();
  for (const [infoHash, torrent, resume] of store.torrentsV1()) {
    batch.set(infoHash, summaryOfV1(infoHash, torrent, resume, store.previous.clean));
    if (batch.size < BATCH) continue;
    await store.save({ summaries: batch });
    batch = new Map();
  }
  await store.save({ summaries: batch });
}

function summaryOfV1(
  infoHash: string,
  torrent: StoredTorrentV1,
  resume: StoredResume,
  clean: boolean,
): StoredSummary {
  const metainfo = parseStored(infoHash, torrent.torrentFile);
  const { root, addedAtMs, number } = torrent;
  const doubtful = resume.doubt.some((byte) => byte !== 0);
  const have = new Bitfield(metainfo.pieceCount, Uint8Array.from(resume.have));
  const isDone = have.isFull;
  return {
    ...summaryOfMetainfo(metainfo, root),
    number,
    flags:
      (metainfo.isPrivate ? FLAGS.private : 0) |
      (clean ? FLAGS.settled : 0) |
      (doubtful ? FLAGS.doubtful : 0) |
      FLAGS.running,
    doneBytes: doneBytesOf(metainfo, NO_BYTES, have),
    pieceDoneCount: have.count,
    downloadedBytes: resume.downloadedBytes,
    uploadedBytes: resume.uploadedBytes,
    queueKey: number,
    addedAtMs,
    completedAtMs: isDone ? resume.savedAtMs : 0,
    lastActiveMs: resume.savedAtMs,
  };
}

/** What a torrent is like of which nothing is there yet. */
export function summaryOfMetainfo(metainfo: Metainfo, root: string): Omit<StoredSummary, 'number'> {
  const { name, contentBytes, infoHashV2 } = metainfo;
  return {
    flags: metainfo.isPrivate ? FLAGS.private : 0,
    name,
    infoHashV2: infoHashV2 === undefined ? '' : hex(infoHashV2),
    totalBytes: contentBytes,
    wantedBytes: contentBytes,
    doneBytes: 0,
    pieceCount: metainfo.pieceCount,
    pieceLength: metainfo.pieceLength,
    pieceDoneCount: 0,
    fileCount: metainfo.files.filter((file) => !file.isPadding).length,
    ...{ downloadedBytes: 0, uploadedBytes: 0, wastedBytes: 0 },
    root,
    contentName: metainfo.files[0]?.path[0] ?? name,
    ...{ category: '', tags: [], trackers: metainfo.trackers, queueKey: 0, downLimit: 0, upLimit: 0 },
    ...{ seedLimits: [null, null, null], peersMax: 0, addedAtMs: 0, completedAtMs: 0, lastActiveMs: 0 },
    ...{ lastCheckedMs: 0, downloadingMs: 0, seedingMs: 0, aliveMs: 0, magnet: '', error: '' },
    wishes: NO_BYTES,
    paths: [],
  };
}
