import { BLOCK_BYTES } from '../../kernels/types.ts';
import type { PieceIndex } from '../units.ts';
import { PORT_FRAME_BYTES, writeBitfield, writePort } from '../wire/encode.ts';
import type { Handshake } from '../wire/handshake.ts';
import type { BlockRef, Message } from '../wire/message.ts';
import { MESSAGE_ID } from '../wire/message-id.ts';
import { offerFastPieces } from './allowed-fast.ts';
import { sendExtensionHandshake, takeExtended } from './extensions.ts';
import { onPeerHave, showPiece } from './super-seeding.ts';
import type { Torrent } from './torrent.ts';
import type { TorrentPeer } from './torrent-peer.ts';

/** BEP 6 names 10; what a peer sends beyond this is passed over. */
const FAST_PIECES_MAX = 64;

/**
 * BEP 3 has a bitfield as the first message only, but aria2 sends another one in place of many HAVEs. Each costs time
 * in proportion to the pieces, so a peer gets this many at once and then one a second.
 */
const BITFIELDS_BURST_MAX = 32;

/** What this side says first: what it has, in the shortest form the peer understands (BEP 3, 6). */
export function sendGreeting(torrent: Torrent, peer: TorrentPeer, handshake: Handshake): void {
  const { connection } = peer;
  const { have } = torrent;
  if (torrent.superSeed !== undefined) {
    // BEP 16: it looks like a peer that has nothing yet.
    if (connection.fast) connection.sendBare(MESSAGE_ID.haveNone);
    showPiece(torrent, peer);
  } else if (connection.fast && have.isFull) connection.sendBare(MESSAGE_ID.haveAll);
  else if (connection.fast && have.isEmpty) connection.sendBare(MESSAGE_ID.haveNone);
  else if (!have.isEmpty) {
    const box = connection.outbox;
    box.commit(writeBitfield(box.reserve(5 + have.bytes.length), box.at, have.bytes));
  }
  sendExtensionHandshake(torrent, peer);
  const { dhtPort } = torrent.options;
  if (dhtPort !== 0 && handshake.dht) {
    const box = connection.outbox;
    box.commit(writePort(box.reserve(PORT_FRAME_BYTES), box.at, dhtPort));
  }
}

/** Acts on a message that has been decoded and checked. Blocks and requests do not come this way. */
export function takeMessage(torrent: Torrent, peer: TorrentPeer, message: Message): void {
  const { connection, download } = peer;
  switch (message.kind) {
    case 'choke':
      connection.peerChoking = true;
      torrent.downloader.onChoked(download);
      return;
    case 'unchoke':
      connection.peerChoking = false;
      torrent.downloader.fill(download);
      return;
    case 'interested':
    case 'not-interested': {
      const isInterested = message.kind === 'interested';
      if (connection.peerInterested === isInterested) return;
      connection.peerInterested = isInterested;
      torrent.onInterest(peer);
      return;
    }
    case 'have':
      onHave(torrent, peer, message.piece);
      return;
    case 'bitfield':
    case 'have-all':
    case 'have-none':
      onPieces(torrent, peer, message);
      return;
    case 'reject-request':
      onReject(torrent, peer, message);
      return;
    case 'allowed-fast':
      if (download.fastPieces.size < FAST_PIECES_MAX) download.fastPieces.add(message.piece);
      torrent.downloader.fill(download);
      return;
    case 'hash-request':
      torrent.hashResponder.answer(peer, message);
      return;
    case 'port':
      torrent.modules.events.onDhtNode?.({ host: connection.remote.host, port: message.port });
      return;
    case 'extended':
      takeExtended(torrent, peer, message.extension, message.payload);
      return;
    default:
      // Keep-alives, hints this side does not need, and extensions nobody has switched on.
      return;
  }
}

function onHave(torrent: Torrent, peer: TorrentPeer, piece: PieceIndex): void {
  const { connection, download } = peer;
  if (connection.pieces?.set(piece) !== true) return;
  onPeerHave(torrent, peer, piece);
  const wanted = torrent.picker.peerHas(download.picking, piece);
  if (wanted || connection.pieces.isFull) torrent.updateInterest(peer);
}

function onPieces(
  torrent: Torrent,
  peer: TorrentPeer,
  message: Extract<Message, { kind: 'bitfield' | 'have-all' | 'have-none' }>,
): void {
  const { connection, download } = peer;
  const { clock } = torrent.modules.runtime;
  const secondsConnected = (clock.now() - peer.connectedAtMs) / 1000;
  if (++peer.toldPieces > BITFIELDS_BURST_MAX + secondsConnected) {
    connection.close('bad-bitfield');
    return;
  }
  if (message.kind === 'bitfield') {
    torrent.picker.peerBitfield(download.picking, message.bits);
    connection.setPieces(torrent.metainfo.pieceCount, message.bits.slice());
  } else if (message.kind === 'have-all') {
    torrent.picker.peerHasAll(download.picking);
    connection.setAllPieces(torrent.metainfo.pieceCount);
  }
  torrent.updateInterest(peer);
  offerFastPieces(torrent, peer);
}

function onReject(torrent: Torrent, peer: TorrentPeer, block: BlockRef): void {
  if (block.begin % BLOCK_BYTES !== 0) return;
  torrent.downloader.onRejected(peer.download, block.piece, block.begin / BLOCK_BYTES);
}
