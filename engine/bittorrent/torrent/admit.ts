import type { PeerConnection } from '../peer/connection.ts';
import type { CloseReason } from '../peer/peer-host.ts';
import type { Handshake } from '../wire/handshake.ts';
import type { PeerPool } from './peer-pool.ts';

/** Why a peer that has greeted is not taken: it is this node, unwanted, or here already. */
export function refusal(
  host: {
    readonly isStopped: boolean;
    readonly localPeerId: Uint8Array;
    readonly pool: PeerPool;
    readonly connections: Iterable<PeerConnection>;
  },
  connection: PeerConnection,
  { peerId }: Handshake,
): CloseReason | undefined {
  if (host.isStopped) return 'local';
  if (Buffer.compare(peerId, host.localPeerId) === 0) return 'own-connection';
  if (host.pool.isBanned(connection.remote, peerId)) return 'banned';
  for (const other of host.connections) {
    if (Buffer.compare(other.peerId!, peerId) !== 0) continue;
    if (!isToReplace(other, connection, Buffer.compare(host.localPeerId, peerId) > 0)) return 'duplicate';
    other.close('duplicate');
  }
  return undefined;
}

/**
 * Two peers that dial each other at the same moment must keep the same one of the two connections, or they end with
 * none: the one that the peer with the higher id has dialled.
 */
function isToReplace(old: PeerConnection, fresh: PeerConnection, isOwnIdHigher: boolean): boolean {
  if (old.direction === fresh.direction || old.downloadedBytes + old.uploadedBytes > 0) return false;
  return (fresh.direction === 'outgoing') === isOwnIdHigher;
}
