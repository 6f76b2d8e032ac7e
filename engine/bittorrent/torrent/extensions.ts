import { addressText } from '../../codec/address.ts';
import { decodeMetadataMessage, METADATA_EXTENSION } from '../metadata/message.ts';
import { DONT_HAVE_EXTENSION, decodeDontHave } from '../wire/dont-have.ts';
import type { ExtensionHandshake } from '../wire/extension-handshake.ts';
import type { Torrent } from './torrent.ts';
import type { TorrentPeer } from './torrent-peer.ts';

/** The extensions a torrent speaks itself, and the numbers it wants to receive them under. BEP 10: `m`. */
export const OWN_EXTENSIONS: Readonly<Record<string, number>> = {
  [DONT_HAVE_EXTENSION]: 1,
  [METADATA_EXTENSION]: 2,
};

/** BEP 10: what this side can do; BEP 9: how long the metadata is; BEP 21: and whether it still downloads. */
export function sendExtensionHandshake(torrent: Torrent, peer: TorrentPeer): void {
  torrent.desk.sendHandshake(peer.connection, {
    metadataBytes: torrent.metainfo.rawInfo.length,
    isUploadOnly: torrent.picker.isDone && torrent.superSeed === undefined ? true : undefined,
  });
}

/** An extension message has come. */
export function takeExtended(
  torrent: Torrent,
  peer: TorrentPeer,
  extension: number,
  payload: Uint8Array,
): void {
  const taken = torrent.desk.take(peer, extension, payload);
  if (taken?.kind === 'handshake') takeHandshake(torrent, peer, taken.handshake);
  else if (taken?.name === DONT_HAVE_EXTENSION) takeDontHave(torrent, peer, taken.payload);
  else if (taken?.name === METADATA_EXTENSION) takeMetadata(torrent, peer, taken.payload);
}

function takeHandshake(torrent: Torrent, peer: TorrentPeer, handshake: ExtensionHandshake): void {
  if (handshake.requestsMax !== undefined) peer.download.pipeline.setPeerMax(handshake.requestsMax);
  // BEP 10: yourip. One peer's word is enough: it only decides who is dialled first (BEP 40).
  const { yourAddress } = handshake;
  const { listenPort } = torrent.options;
  if (yourAddress !== undefined) torrent.dialer.own ??= { host: addressText(yourAddress), port: listenPort };
  torrent.updateInterest(peer);
}

function takeMetadata(torrent: Torrent, peer: TorrentPeer, payload: Uint8Array): void {
  const message = decodeMetadataMessage(payload);
  if (message === 'bad-extension') peer.connection.close(message);
  if (typeof message === 'string' || message.kind !== 'request') return;
  const number = peer.extensions.get(METADATA_EXTENSION) ?? 0;
  if (number === 0) return;
  peer.metadataParts = torrent.metadata.answer(peer.connection, number, message.part, peer.metadataParts);
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
