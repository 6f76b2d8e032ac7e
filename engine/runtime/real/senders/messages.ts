/** What a thread is told when it starts. */
export interface SenderSetup {
  /** What bytes to send and places to read into are offsets of. */
  readonly memory: SharedArrayBuffer;
  /** Where it gets its connections. */
  readonly handOverPath: string;
}

/** Equally long blocks of a file (the last may be shorter) that lie at equal distances in memory, headers between them. */
export interface FileBlocks {
  readonly fd: number;
  readonly position: number;
  /** Offset of the first block. */
  readonly first: number;
  /** From the beginning of one block to that of the next. */
  readonly stride: number;
  readonly blockBytes: number;
  readonly lastBytes: number;
  readonly count: number;
}

/** From the loop that owns a connection to the thread that sends for it. In order, for each `id`. */
export type ToSender =
  /** Bytes of the memory; first read into them, where `file` says so. */
  | {
      readonly kind: 'memory';
      readonly id: number;
      readonly offset: number;
      readonly byteLength: number;
      readonly file: FileBlocks | undefined;
    }
  | { readonly kind: 'bytes'; readonly id: number; readonly bytes: Uint8Array }
  /** Nothing follows. */
  | { readonly kind: 'end'; readonly id: number }
  | { readonly kind: 'close'; readonly id: number }
  | { readonly kind: 'stop' };

/** What became of something that was to be sent. */
export const OUTCOME = { sent: 0, unread: 1 } as const;

/** From the thread. */
export type FromSender =
  | { readonly kind: 'ready' }
  /** The connection has come. */
  | { readonly kind: 'here' }
  /** `id` and outcome by turns, in the order of what was to be sent. */
  | { readonly kind: 'did'; readonly results: readonly number[] }
  | { readonly kind: 'failed'; readonly id: number; readonly code: string }
  /** After `close`: nothing is read into the memory for it any more. */
  | { readonly kind: 'closed'; readonly id: number };
