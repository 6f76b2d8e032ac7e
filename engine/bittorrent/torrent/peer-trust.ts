import type { HashService } from '../../kernels/hash-service.ts';
import type { Endpoint } from '../../runtime/port.ts';
import type { PieceAssembly } from '../download/piece-assembly.ts';
import type { Picker } from '../picker/picker.ts';
import { type Judgement, SmartBan } from '../smart-ban.ts';
import type { PeerPool } from './peer-pool.ts';
import type { TorrentPeer } from './torrent-peer.ts';

const SHA1_BYTES = 20;
/** Peers that have left but may still turn out to have sent a bad block. */
const GONE_MAX = 1024;

/**
 * What follows from pieces that fail: finds out who sent the bad block, bans that peer and nobody else, and puts
 * those under suspicion on parole.
 */
export class PeerTrust {
  private readonly smartBan = new SmartBan();
  /** Who sent blocks and has left since: whoever sends a bad block and leaves is not to come back. */
  private readonly gone = new Map<number, { readonly remote: Endpoint; readonly peerId: Uint8Array }>();
  private readonly modules: {
    readonly hashes: HashService;
    readonly picker: Picker;
    readonly pool: PeerPool;
    readonly peers: ReadonlyMap<number, TorrentPeer>;
  };

  constructor(modules: PeerTrust['modules']) {
    this.modules = modules;
  }

  /** The connection has ended. */
  onGone({ connection }: TorrentPeer): void {
    if (connection.downloadedBytes === 0) return;
    this.gone.set(connection.id, { remote: connection.remote, peerId: connection.peerId! });
    if (this.gone.size <= GONE_MAX) return;
    const [oldest] = this.gone.keys();
    this.gone.delete(oldest!);
  }

  async onFailed(assembly: PieceAssembly): Promise<void> {
    const digests = await this.digests(assembly);
    const blocks = assembly.senders().map((peer, block) => ({ peer, digest: digests(block) }));
    this.apply(this.smartBan.pieceFailed(assembly.piece, blocks));
  }

  async onPassed(assembly: PieceAssembly): Promise<void> {
    if (!this.smartBan.isOfInterest(assembly.piece)) return;
    const digests = await this.digests(assembly);
    this.apply(this.smartBan.pieceVerified(assembly.piece, assembly.senders(), digests));
  }

  private async digests(assembly: PieceAssembly): Promise<(block: number) => Uint8Array> {
    const messages = assembly.extents().map((extent) => [extent]);
    const digests = await this.modules.hashes.digest('sha1', messages);
    return (block) => digests.subarray(block * SHA1_BYTES, (block + 1) * SHA1_BYTES);
  }

  private apply(judgement: Judgement): void {
    const { peers, picker, pool } = this.modules;
    for (const id of judgement.ban) {
      const culprit = peers.get(id)?.connection ?? this.gone.get(id);
      if (culprit === undefined) continue;
      pool.ban(culprit.remote, culprit.peerId!);
      // It may be here again under another number.
      for (const { connection } of peers.values()) {
        if (pool.isBanned(connection.remote, connection.peerId!)) connection.close('banned');
      }
    }
    for (const [ids, onParole] of [
      [judgement.parole, true],
      [judgement.acquit, false],
    ] as const) {
      for (const id of ids) {
        const peer = peers.get(id);
        if (peer !== undefined) picker.setParole(peer.download.picking, onParole);
      }
    }
  }
}
