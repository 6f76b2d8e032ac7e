import { parseMagnet } from '../../../engine/bittorrent/magnet/parse.ts';
import { parseMetainfo } from '../../../engine/bittorrent/metainfo/parse.ts';
import { hex } from '../../../engine/codec/hex.ts';
import type { AddRequest, Category } from '../../../engine/node/control/control.ts';
import type { TorrentRow } from '../../../engine/node/control/row.ts';
import type { NodeOptions } from '../../../engine/node/control/session-options.ts';
import { fakeRow } from './fake-rows.ts';

/** What a fake node makes of a request to add something. */
export function addedRow(
  request: AddRequest,
  node: {
    readonly id: number;
    readonly options: NodeOptions;
    readonly categories: ReadonlyMap<string, Category>;
  },
): {
  row: TorrentRow;
  lengths: readonly number[];
  contentName: string;
  bytes: Uint8Array;
  trackers: readonly (readonly string[])[];
} {
  const place = {
    root: request.root ?? (node.categories.get(request.category ?? '')?.root || node.options.downloadRoot),
    category: request.category ?? '',
    tags: request.tags ?? [],
    forced: request.forced ?? false,
    sequential: request.sequential ?? false,
    downLimit: request.downLimit ?? 0,
    upLimit: request.upLimit ?? 0,
    seedLimits: request.seedLimits ?? {},
    queuePosition: node.id - 1,
    ...{
      doneBytes: 0,
      pieceDoneCount: 0,
      progress: 0,
      downloadedBytes: 0,
      uploadedBytes: 0,
      completedAtMs: 0,
    },
  };
  const stopped = request.stopped ?? !node.options.startWhenAdded;
  if ('magnet' in request.source) {
    const magnet = parseMagnet(request.source.magnet);
    const infoHash = hex(magnet.infoHashV1 ?? magnet.infoHashV2 ?? new Uint8Array(20));
    const state = stopped ? 'stopped' : 'metadata';
    const name = request.rename ?? magnet.name ?? infoHash;
    const sizes = { totalBytes: 0, wantedBytes: 0, pieceCount: 0, fileCount: 0 };
    const row = fakeRow(node.id, { ...place, ...sizes, infoHash, name, state });
    const trackers = magnet.trackers.map((url) => [url]);
    return { row, lengths: [], contentName: name, bytes: new Uint8Array(0), trackers };
  }
  const bytes = request.source.torrentFile;
  const meta = parseMetainfo(bytes);
  const lengths = meta.files.filter((file) => !file.isPadding).map((file) => file.byteLength);
  const row = fakeRow(node.id, {
    ...place,
    infoHash: hex(meta.infoHashV1 ?? meta.infoHashV2 ?? new Uint8Array(20)),
    infoHashV2: meta.infoHashV2 === undefined ? '' : hex(meta.infoHashV2),
    name: request.rename ?? meta.name,
    state: stopped ? 'stopped' : 'downloading',
    totalBytes: meta.contentBytes,
    pieceLength: meta.pieceLength,
    pieceCount: meta.pieceCount,
    fileCount: lengths.length,
    isPrivate: meta.isPrivate,
  });
  return { row, lengths, contentName: meta.name, bytes, trackers: meta.trackers };
}
