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
    if (Buffer.compare(other.peerId!, peerId) === 0) return 'duplicate';
  }
  return undefined;
}
