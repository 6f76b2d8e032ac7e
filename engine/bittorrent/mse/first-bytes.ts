import type { StreamEnd, StreamHandler } from '../../runtime/port.ts';
import { isHandshakeStart } from '../wire/handshake.ts';

/** The name of the protocol, which a plain handshake begins with. */
const NAME_BYTES = 20;

/**
 * The owner of an accepted stream until its first bytes say whether it is plain, and then a mere passage to whom
 * `decide` names. The bytes are read to where the peer wants them, so a plain connection costs no read and no copy.
 */
export class FirstBytes implements StreamHandler {
  private readonly peer: StreamHandler;
  private readonly decide: (isPlain: boolean, bytes: Uint8Array) => StreamHandler;
  private owner: StreamHandler | undefined;
  private target: Uint8Array = new Uint8Array(0);
  private length = 0;

  /** `bytes`: a copy of what has come, for whoever shall read it instead of the peer. */
  constructor(peer: StreamHandler, decide: (isPlain: boolean, bytes: Uint8Array) => StreamHandler) {
    this.peer = peer;
    this.decide = decide;
  }

  onOpen(): void {
    this.peer.onOpen();
  }

  readTarget(): Uint8Array {
    if (this.owner !== undefined) return this.owner.readTarget();
    if (this.length === 0) this.target = this.peer.readTarget();
    return this.target.subarray(this.length);
  }

  onRead(length: number): void {
    if (this.owner !== undefined) {
      this.owner.onRead(length);
      return;
    }
    this.length += length;
    const isPlain = isHandshakeStart(this.target, 0, this.length);
    if (isPlain && this.length < NAME_BYTES) return;
    this.owner = this.decide(isPlain, this.target.slice(0, this.length));
    if (isPlain) this.owner.onRead(this.length);
  }

  onDrain(): void {
    (this.owner ?? this.peer).onDrain();
  }

  onClose(end: StreamEnd): void {
    (this.owner ?? this.peer).onClose(end);
  }
}
