import { ALLOWED_FAST_COUNT, allowedFastSet } from '../wire/allowed-fast.ts';
import { HAVE_FRAME_BYTES, writePieceIndex } from '../wire/encode.ts';
import { MESSAGE_ID } from '../wire/message-id.ts';
import type { Torrent } from './torrent.ts';
import type { TorrentPeer } from './torrent-peer.ts';

/** BEP 6: names the pieces a peer that has little yet may ask for while it is choked. IPv4 only, as the BEP has it. */
export function offerFastPieces(torrent: Torrent, peer: TorrentPeer): void {
  const { connection } = peer;
  if (torrent.superSeed !== undefined) return; // it shows what it chooses, and no more
  const address = connection.remote.host.split('.').map(Number);
  if (!connection.fast || address.length !== 4 || (connection.pieces?.count ?? 0) >= ALLOWED_FAST_COUNT)
    return;
  for (const piece of allowedFastSet(
    Uint8Array.from(address),
    torrent.infoHashes[0]!,
    torrent.metainfo.pieceCount,
  )) {
    if (!torrent.have.has(piece) || peer.fastPieces.has(piece)) continue;
    peer.fastPieces.add(piece);
    const box = connection.outbox;
    box.commit(writePieceIndex(box.reserve(HAVE_FRAME_BYTES), box.at, MESSAGE_ID.allowedFast, piece));
  }
}
