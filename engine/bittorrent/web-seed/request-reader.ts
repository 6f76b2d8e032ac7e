import { readUint32 } from '../../codec/big-endian.ts';
import { REQUEST_FRAME_BYTES } from '../wire/encode.ts';
import { HANDSHAKE_BYTES } from '../wire/handshake.ts';
import { MESSAGE_ID } from '../wire/message-id.ts';

/** A block that is asked for, or not any more. */
export interface BlockWish {
  readonly kind: 'request' | 'cancel';
  readonly piece: number;
  readonly begin: number;
  readonly byteLength: number;
}

/**
 * Finds the requests in what this engine says to a peer, and passes over everything else, the handshake first. It hears
 * nobody but this engine, so what it reads is well-formed; frames may come in parts.
 */
export class RequestReader {
  private readonly head = new Uint8Array(REQUEST_FRAME_BYTES);
  private headLength = 0;
  private skip = HANDSHAKE_BYTES;

  read(bytes: Uint8Array): BlockWish[] {
    const wishes: BlockWish[] = [];
    for (let at = 0; at < bytes.length; ) {
      if (this.skip > 0) {
        const skipped = Math.min(this.skip, bytes.length - at);
        this.skip -= skipped;
        at += skipped;
        continue;
      }
      this.head[this.headLength++] = bytes[at++]!;
      if (this.headLength < 4) continue;
      const frameBytes = 4 + readUint32(this.head, 0);
      if (this.headLength < Math.min(frameBytes, this.head.length)) {
        if (this.headLength < 5 || isWish(this.head[4]!)) continue;
      }
      const wish = this.headLength === REQUEST_FRAME_BYTES ? wishOf(this.head) : undefined;
      if (wish !== undefined) wishes.push(wish);
      this.skip = frameBytes - this.headLength;
      this.headLength = 0;
    }
    return wishes;
  }
}

function isWish(id: number): boolean {
  return id === MESSAGE_ID.request || id === MESSAGE_ID.cancel;
}

function wishOf(frame: Uint8Array): BlockWish | undefined {
  if (!isWish(frame[4]!) || readUint32(frame, 0) !== REQUEST_FRAME_BYTES - 4) return undefined;
  return {
    kind: frame[4] === MESSAGE_ID.request ? 'request' : 'cancel',
    piece: readUint32(frame, 5),
    begin: readUint32(frame, 9),
    byteLength: readUint32(frame, 13),
  };
}
