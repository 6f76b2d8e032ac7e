import type { PeerConnection } from '../peer/connection.ts';
import type { CloseReason } from '../peer/peer-host.ts';
import type { Handshake } from '../wire/handshake.ts';
import type { Dialer } from './dialer.ts';
import type { RoomMaker } from './room-maker.ts';

/** What decides who is taken. */
export interface AdmittingHost {
  readonly isStopped: boolean;
  readonly localPeerId: Uint8Array;
  readonly dialer: Pick<Dialer, 'pool' | 'peersMax'>;
  readonly peers: ReadonlyMap<number, { readonly connection: PeerConnection }>;
  /** BEP 40; without it a full host takes nobody. */
  readonly room?: RoomMaker;
}

/** Why a peer that has greeted is not taken: it is this node, unwanted, here already, or one too many. */
export function refusal(
  host: AdmittingHost,
  connection: PeerConnection,
  { peerId }: Handshake,
): CloseReason | undefined {
  if (host.isStopped) return 'local';
  if (Buffer.compare(peerId, host.localPeerId) === 0) return 'own-connection';
  if (host.dialer.pool.isBanned(connection.remote, peerId)) return 'banned';
  for (const { connection: other } of host.peers.values()) {
    if (Buffer.compare(other.peerId!, peerId) !== 0) continue;
    if (!isToReplace(other, connection, Buffer.compare(host.localPeerId, peerId) > 0)) return 'duplicate';
    other.close('duplicate');
  }
  const hasRoom = host.peers.size < host.dialer.peersMax || host.room?.make(connection.remote) === true;
  return hasRoom ? undefined : 'too-many-peers';
}

/**
 * Two peers that dial each other at the same moment must keep the same one of the two connections, or they end with
 * none: the one that the peer with the higher id has dialled.
 */
function isToReplace(old: PeerConnection, fresh: PeerConnection, isOwnIdHigher: boolean): boolean {
  if (old.direction === fresh.direction || old.downloadedBytes + old.uploadedBytes > 0) return false;
  return (fresh.direction === 'outgoing') === isOwnIdHigher;
}
