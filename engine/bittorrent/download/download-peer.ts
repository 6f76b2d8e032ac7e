import type { PeerConnection } from '../peer/connection.ts';
import type { PickerPeer } from '../picker/picker-peer.ts';
import type { Pipeline } from '../pipeline.ts';

/** One peer as the downloader sees it. */
export interface DownloadPeer {
  readonly connection: PeerConnection;
  readonly picking: PickerPeer;
  readonly pipeline: Pipeline;
  /** When it last sent a block, or began to owe one. */
  lastBlockMs: number;
  /** It owes blocks and has sent none for a minute. */
  snubbed: boolean;
}
