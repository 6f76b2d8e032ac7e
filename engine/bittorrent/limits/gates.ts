/** What limits the reads of one connection. */
export interface ReadGate {
  /** The part of `target` that one read may fill, from its beginning on. */
  aim(target: Uint8Array): Uint8Array;
  /** So many bytes have been read. */
  count(byteLength: number): void;
  /** It is not being read, whatever the peer sends: its silence is not its own. */
  readonly isHolding: boolean;
  /** Another one takes its place, or the connection is gone. */
  close(): void;
}

/** What a gate needs of a peer's uploads. */
export interface UploadTurns {
  /** There is something to send, and not too much of it is on its way. */
  readonly isReady: boolean;
  /** Begins to send consecutive blocks, one at least, of up to `bytesMax`. Bytes on the wire; 0: nothing can be sent now. */
  startRun(bytesMax: number): number;
}

/** What limits the uploads to one peer. */
export interface UploadGate {
  /** Starts as many runs as may be. */
  pump(uploads: UploadTurns): void;
  /** As in {@link ReadGate.close}. */
  close(): void;
}

/** No limit. */
export const FREE_READS: ReadGate = {
  aim: (target) => target,
  count: () => {},
  isHolding: false,
  close: () => {},
};
