import { VERSION } from '../../codec/version.ts';
import { DONT_HAVE_EXTENSION, decodeDontHave } from '../wire/dont-have.ts';
import { writeExtended } from '../wire/encode.ts';
import {
  decodeExtensionHandshake,
  EXTENSION_HANDSHAKE,
  encodeExtensionHandshake,
} from '../wire/extension-handshake.ts';
import type { Torrent } from './torrent.ts';
import type { TorrentPeer } from './torrent-peer.ts';

/** The numbers under which this side wants to receive extension messages. BEP 10: `m`. */
const LOCAL_EXTENSIONS: ReadonlyMap<string, number> = new Map([[DONT_HAVE_EXTENSION, 1]]);

/** BEP 10: what this side can do; BEP 21: and whether it still downloads. */
export function sendExtensionHandshake(torrent: Torrent, peer: TorrentPeer): void {
  const { connection } = peer;
  if (!connection.extended) return;
  const { listenPort } = torrent.options;
  const payload = encodeExtensionHandshake({
    extensions: LOCAL_EXTENSIONS,
    client: `Allium ${VERSION}`,
    requestsMax: connection.requestQueueMax,
    listenPort: listenPort === 0 ? undefined : listenPort,
    isUploadOnly: torrent.picker.isDone ? true : undefined,
  });
  const box = connection.outbox;
  box.commit(writeExtended(box.reserve(6 + payload.length), box.at, EXTENSION_HANDSHAKE, payload));
}

/** An extension message has come. */
export function takeExtended(
  torrent: Torrent,
  peer: TorrentPeer,
  extension: number,
  payload: Uint8Array,
): void {
  if (extension === EXTENSION_HANDSHAKE) takeHandshake(torrent, peer, payload);
  else if (extension === LOCAL_EXTENSIONS.get(DONT_HAVE_EXTENSION)) takeDontHave(torrent, peer, payload);
}

function takeHandshake(torrent: Torrent, peer: TorrentPeer, payload: Uint8Array): void {
  const handshake = decodeExtensionHandshake(payload);
  if (typeof handshake === 'string') {
    peer.connection.close(handshake);
    return;
  }
  if (handshake.client !== undefined) peer.client = handshake.client;
  if (handshake.requestsMax !== undefined) peer.download.pipeline.setPeerMax(handshake.requestsMax);
  if (handshake.isUploadOnly !== undefined) peer.uploadOnly = handshake.isUploadOnly;
  torrent.updateInterest(peer);
}

function takeDontHave(torrent: Torrent, peer: TorrentPeer, payload: Uint8Array): void {
  const piece = decodeDontHave(payload, { ...torrent.rules, fast: true, extended: true });
  if (typeof piece === 'string') {
    peer.connection.close(piece);
    return;
  }
  if (peer.connection.pieces?.clear(piece) !== true) return;
  torrent.picker.peerLost(peer.download.picking, piece);
  torrent.updateInterest(peer);
}
