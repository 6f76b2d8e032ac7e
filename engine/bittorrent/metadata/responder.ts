import type { PeerConnection } from '../peer/connection.ts';
import { sendExtended } from '../peer/send-extended.ts';
import { encodeMetadataPart, encodeMetadataRequest, metadataParts } from './message.ts';

/** A request of 40 bytes has an answer of 16 KiB: a peer gets no further one while so much waits for it. */
const UNSENT_BYTES_MAX = 256 * 1024;
/** How often one peer may have the whole of it, and some parts on top. */
const COPIES_MAX = 3;
const EXTRA_PARTS_MAX = 16;

/** Hands the info dictionary out to peers that have a magnet link only (BEP 9). */
export class MetadataResponder {
  private readonly rawInfo: Uint8Array;

  constructor(rawInfo: Uint8Array) {
    this.rawInfo = rawInfo;
  }

  /** Sends the part, or says no. `served`: parts this peer has had; returns how many it has had now. */
  answer(connection: PeerConnection, extension: number, part: number, served: number): number {
    const partCount = metadataParts(this.rawInfo.length);
    const isGreedy = served >= partCount * COPIES_MAX + EXTRA_PARTS_MAX;
    if (part >= partCount || isGreedy || connection.unsentBytes > UNSENT_BYTES_MAX) {
      sendExtended(connection, extension, encodeMetadataRequest('reject', part));
      return served;
    }
    sendExtended(connection, extension, encodeMetadataPart(this.rawInfo, part));
    return served + 1;
  }
}
