import { relative } from 'node:path';
import type { Bitfield } from '../../bittorrent/bitfield.ts';
import { Layout } from '../../bittorrent/layout.ts';
import { blockOffset, fileIndex, pieceIndex } from '../../bittorrent/units.ts';
import { AlliumError } from '../../codec/error.ts';
import { hex } from '../../codec/hex.ts';
import type { StoredResume } from '../store/schema.ts';
import type { NodeStore } from '../store/store.ts';
import { SUMMARY_FLAGS as FLAGS, type StoredSummary } from '../store/summary.ts';
import type { ImportTarget, PlannedTorrent } from './plan.ts';

/** Between two places of a queue: those that do not say theirs come behind all that do. */
const QUEUE_PLACES = 10_000_000;

/** The memory of a node that does not run. */
export class StoreTarget implements ImportTarget {
  private readonly store: NodeStore;
  private readonly known = new Set<string>();
  private readonly isDry: boolean;
  private readonly nowMs: number;
  private queueBase = 0;
  private aliveMs = 0;

  private constructor(store: NodeStore, options: { readonly isDry: boolean; readonly nowMs: number }) {
    this.store = store;
    this.isDry = options.isDry;
    this.nowMs = options.nowMs;
    for (const [infoHash, summary] of store.summaries()) {
      this.known.add(infoHash);
      this.queueBase = Math.max(this.queueBase, summary.queueKey + 1);
      this.aliveMs = Math.max(this.aliveMs, summary.aliveMs);
    }
  }

  /**
   * Rejects with BAD_STATE when the last run of the node did not end by itself or was of an older version: what it
   * knows has to be settled by it first.
   */
  static async open(
    store: NodeStore,
    options: { readonly isDry: boolean; readonly nowMs: number },
  ): Promise<StoreTarget> {
    if (!store.previous.clean || store.needsSummaries) {
      throw new AlliumError('BAD_STATE', 'the node has something to settle before torrents can be imported', {
        advice: 'Start it once (`allium node`) and stop it by Ctrl-C or SIGTERM.',
      });
    }
    const target = new StoreTarget(store, options);
    if (!options.isDry) await store.begin();
    return target;
  }

  has(infoHash: string): boolean {
    return this.known.has(infoHash);
  }

  async take(torrent: PlannedTorrent): Promise<void> {
    if (this.isDry) return;
    const { infoHash, source } = torrent;
    const { torrentFile } = source;
    const resume = resumeOf(torrent, this.nowMs);
    await this.store.add(infoHash, this.summaryOf(torrent), { torrentFile, resume });
    this.known.add(infoHash);
  }

  private summaryOf({ source, judgement }: PlannedTorrent): Omit<StoredSummary, 'number'> {
    const { metainfo, state, root } = source;
    const layout = new Layout(metainfo);
    const isWanted = (file: number): boolean => state.wishes[file] !== 0;
    const wantedBytes = metainfo.files.reduce(
      (sum, file, index) => sum + (file.isPadding || !isWanted(index) ? 0 : file.byteLength),
      0,
    );
    const flag = (on: boolean, bit: number): number => (on ? bit : 0);
    const { ratio, seedTimeMs, idleTimeMs } = state.seedLimits;
    const top = source.places.get(0);
    const contentName = metainfo.isSingleFile && top !== undefined ? relative(root, top) : metainfo.name;
    return {
      flags:
        FLAGS.settled |
        flag(state.stopped || judgement.missing.length > 0, FLAGS.stopped) |
        flag(state.sequential, FLAGS.sequential) |
        flag(state.superSeed, FLAGS.superSeed) |
        flag(metainfo.isPrivate, FLAGS.private) |
        flag(!judgement.doubt.isEmpty, FLAGS.doubtful),
      name: metainfo.name,
      infoHashV2: metainfo.infoHashV2 === undefined ? '' : hex(metainfo.infoHashV2),
      totalBytes: metainfo.contentBytes,
      wantedBytes,
      doneBytes: bytesIn(judgement.have, layout, isWanted),
      pieceCount: metainfo.pieceCount,
      pieceLength: metainfo.pieceLength,
      pieceDoneCount: judgement.have.count,
      fileCount: metainfo.files.filter((file) => !file.isPadding).length,
      downloadedBytes: state.downloadedBytes,
      uploadedBytes: state.uploadedBytes,
      wastedBytes: 0,
      root,
      contentName,
      category: state.category,
      tags: state.tags,
      trackers: metainfo.trackers,
      queueKey:
        this.queueBase + (state.queuePosition >= 0 ? state.queuePosition : QUEUE_PLACES + this.known.size),
      downLimit: state.downLimit,
      upLimit: state.upLimit,
      seedLimits: [ratio ?? null, seedTimeMs ?? null, idleTimeMs ?? null],
      peersMax: 0,
      addedAtMs: state.addedAtMs || this.nowMs,
      completedAtMs: state.completedAtMs,
      lastActiveMs: state.lastActiveMs,
      lastCheckedMs: 0,
      downloadingMs: state.downloadingMs,
      seedingMs: state.seedingMs,
      aliveMs: this.aliveMs,
      magnet: '',
      error: '',
      wishes: Uint8Array.from(state.wishes),
      paths: [...source.places].map(([index, path]) => [index, relative(root, path)]),
    };
  }
}

function resumeOf({ source, judgement, marks }: PlannedTorrent, nowMs: number): StoredResume {
  return {
    generation: 1,
    have: judgement.have.bytes,
    doubt: judgement.doubt.bytes,
    adopting: false,
    files: [...marks],
    savedAtMs: nowMs,
    downloadedBytes: source.state.downloadedBytes,
    uploadedBytes: source.state.uploadedBytes,
  };
}

function bytesIn(pieces: Bitfield, layout: Layout, isWanted: (file: number) => boolean): number {
  let bytes = 0;
  for (let index = 0; index < layout.fileCount; index += 1) {
    if (!isWanted(index)) continue;
    const { first, end } = layout.piecesOf(fileIndex(index));
    for (let piece: number = first; piece < end; piece += 1) {
      if (pieces.has(piece)) bytes += bytesOfFileIn(layout, index, piece);
    }
  }
  return bytes;
}

function bytesOfFileIn(layout: Layout, file: number, piece: number): number {
  const at = pieceIndex(piece);
  let bytes = 0;
  for (const extent of layout.extentsOf(at, blockOffset(0), layout.pieceLengthOf(at))) {
    if (extent.file === file && !extent.isPadding) bytes += extent.byteLength;
  }
  return bytes;
}
