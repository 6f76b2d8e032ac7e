import type { PeerConnection } from '../peer/connection.ts';
import type { PickerPeer } from '../picker/picker-peer.ts';
import type { Pipeline } from '../pipeline.ts';
import type { PieceIndex } from '../units.ts';

/** One peer as the downloader sees it. */
export interface DownloadPeer {
  readonly connection: PeerConnection;
  readonly picking: PickerPeer;
  readonly pipeline: Pipeline;
  /** BEP 6: pieces this side may ask for while choked. */
  readonly fastPieces: Set<PieceIndex>;
  /** When it last sent a block, or began to owe one. */
  lastBlockMs: number;
  /** It owes blocks and has sent none for a minute. */
  snubbed: boolean;
  /** It has rejected a request and sent nothing since: it is asked again with the next tick. */
  rejecting: boolean;
}
