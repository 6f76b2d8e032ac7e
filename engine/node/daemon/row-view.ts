import type { TorrentRow } from '../control/row.ts';
import type { TorrentView } from '../view.ts';

/** A torrent as `/status.json` shows it. */
export function viewOfRow(row: TorrentRow): TorrentView {
  const { infoHash, name, state, error, totalBytes, pieceCount, pieceDoneCount, progress, root, addedAtMs } =
    row;
  const { downBytesPerSec, upBytesPerSec, downloadedBytes, uploadedBytes, peerCount } = row;
  return {
    ...{ infoHash, name, state, error, totalBytes, pieceCount, pieceDoneCount, progress },
    ...{ downBytesPerSec, upBytesPerSec, downloadedBytes, uploadedBytes, peerCount, root, addedAtMs },
  };
}
