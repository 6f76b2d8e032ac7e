import { RateMeter } from '../choker/rate-meter.ts';
import type { ChokerPeer } from '../choker/types.ts';
import type { DownloadPeer } from '../download/download-peer.ts';
import type { PeerConnection } from '../peer/connection.ts';
import { clientOf } from '../peer-id.ts';
import type { PieceIndex } from '../units.ts';
import type { ExtendedPeer } from './extension-desk.ts';

/** One connected peer as its torrent sees it. */
export class TorrentPeer implements ExtendedPeer {
  readonly connection: PeerConnection;
  readonly download: DownloadPeer;
  readonly connectedAtMs: number;
  readonly downRate: RateMeter;
  readonly upRate: RateMeter;
  /** BEP 21 and BEP 10: it says it will not download any more. */
  uploadOnly = false;
  /** BEP 10: the numbers it wants to receive extensions under. */
  extensions: ReadonlyMap<string, number> = new Map();
  /** BEP 10: where it listens. */
  listenPort: number | undefined;
  /** BEP 9: parts of the metadata it has had. */
  metadataParts = 0;
  /** Times it has said all that it has. */
  toldPieces = 0;
  /** BEP 6: pieces it may ask for while choked. */
  readonly fastPieces = new Set<PieceIndex>();
  /** What it calls itself in its extension handshake; before that, what its peer id says (BEP 20). */
  client: string;

  constructor(options: { readonly nowMs: number }, modules: Pick<TorrentPeer, 'connection' | 'download'>) {
    this.connection = modules.connection;
    this.download = modules.download;
    this.client = clientOf(modules.connection.peerId ?? new Uint8Array(0));
    this.connectedAtMs = options.nowMs;
    this.downRate = new RateMeter(options.nowMs);
    this.upRate = new RateMeter(options.nowMs);
  }

  toChokerPeer(nowMs: number): ChokerPeer {
    return {
      id: this.connection.id,
      isInterested: this.connection.peerInterested,
      isUnchoked: !this.connection.amChoking,
      isSnubbing: this.download.snubbed,
      downloadBytesPerSec: this.downRate.bytesPerSec(nowMs),
      uploadBytesPerSec: this.upRate.bytesPerSec(nowMs),
      connectedAtMs: this.connectedAtMs,
    };
  }
}
