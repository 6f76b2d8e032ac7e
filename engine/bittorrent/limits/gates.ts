import { SLOT_BYTES } from '../../kernels/types.ts';

/** The most that one turn brings: what one read of a socket, or of the disk, takes. */
export const TURN_BYTES_MAX = 16 * SLOT_BYTES;

/** What limits the reads of one connection. */
export interface ReadGate {
  /** The part of `target` that one read may fill, from its beginning on. */
  aim(target: Uint8Array): Uint8Array;
  /** So many bytes have been read. */
  count(byteLength: number): void;
  /** It is not being read, whatever the peer sends: its silence is not its own. */
  readonly isHolding: boolean;
  /** It is of no more use: another one takes its place, or the connection is gone. Does not go on reading. */
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

/** No limit but those of the slab and the socket. */
export const FREE_UPLOADS: UploadGate = {
  pump: (uploads) => {
    while (uploads.startRun(Number.MAX_SAFE_INTEGER) > 0);
  },
  close: () => {},
};
