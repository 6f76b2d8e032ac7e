import type { Endpoint } from '../../runtime/port.ts';
import type { CloseReason } from '../peer/peer-host.ts';
import type { PieceIndex } from '../units.ts';

/** What a torrent tells its owner. */
export interface TorrentEvents {
  /** The piece is verified and on its way to stable storage. */
  onPiece?(piece: PieceIndex): void;
  /** Every wanted piece is verified. */
  onDone?(): void;
  /** Something more is wanted after that. */
  onUndone?(): void;
  /** It cannot go on: the disk is full, a file cannot be written. The torrent has stopped. */
  onError?(error: unknown): void;
  onClosed?(reason: CloseReason): void;
  /** BEP 5: a peer says where its DHT node is. */
  onDhtNode?(endpoint: Endpoint): void;
}

/** Somebody who waits for pieces. */
export interface PieceListener {
  /** The piece is verified and can be read. */
  onPiece(piece: PieceIndex): void;
  /** The torrent has stopped. */
  onStopped(): void;
}
