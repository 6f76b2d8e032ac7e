import type { PieceIndex } from '../units.ts';
import { HAVE_FRAME_BYTES, writeHave } from '../wire/encode.ts';
import type { Torrent } from './torrent.ts';
import type { TorrentPeer } from './torrent-peer.ts';

/** BEP 16: shows the peer another piece, if there is one that it has not. */
export function showPiece(torrent: Torrent, peer: TorrentPeer): void {
  const { connection } = peer;
  const piece = torrent.superSeed?.next(connection.id, (index) => connection.pieces?.has(index) === true);
  if (piece === undefined || !connection.ready) return;
  const box = connection.outbox;
  box.commit(writeHave(box.reserve(HAVE_FRAME_BYTES), box.at, piece));
}

/** A peer has a piece: whoever it was shown to has passed it on, and gets to see another one. */
export function onPeerHave(torrent: Torrent, peer: TorrentPeer, piece: PieceIndex): void {
  if (torrent.superSeed === undefined) return;
  const leechers = [...torrent.peers.values()].filter(({ connection }) => connection.pieces?.isFull !== true);
  for (const id of torrent.superSeed.onHave(peer.connection.id, piece, leechers.length < 2)) {
    const other = torrent.peers.get(id);
    if (other !== undefined) showPiece(torrent, other);
  }
}
