/** Stable codes of {@link AlliumError}; ERRORS.md lists each with what the reader can do. */
export const ERROR_CODES = [
  'BAD_USAGE', // the words on the command line are off
  'BAD_BENCODE', // bytes are not canonical bencode
  'BAD_TORRENT', // bencode, but not a valid metainfo file
  'UNSAFE_PATH', // a torrent names a path outside its folder
  'BAD_STATE', // a checkpoint or store of ours cannot be used
  'IO_FAILED', // the file system said no
  'NO_SPACE', // the disk is full
  'NO_PERMISSION', // not allowed to read or write
  'NOT_FOUND', // a file or folder is not there
  'WRONG_KIND', // a directory where a file should be, or the reverse
  'FILE_CHANGED', // a file shrank or changed while it was read
  'ADDRESS_IN_USE', // the port is taken
  'NETWORK_FAILED', // a connection could not be made or broke
  'WOULD_LEAK', // it would have left outside of the proxy or the interface that everything is to go through
  'TRACKER_FAILED', // the tracker answered with a failure
  'CONSENSUS_REFUSED', // what a directory calls the consensus of an onion network is not to be believed
  'NO_KERNEL', // this engine cannot run the WebAssembly kernels
  'SLAB_FULL', // more memory asked for than the slab can ever give
  'LEASE_MISUSED', // a part of the slab was released twice or never: a fault of this program
  'POOL_FAILED', // a worker task failed every time it was tried
  'INTERRUPTED', // stopped by SIGINT or SIGTERM
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** What survives the trip between threads. */
export interface ErrorData {
  readonly code: ErrorCode;
  readonly message: string;
  readonly advice: string;
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/**
 * The one error class of the project. `message` says what happened to what, `advice` what the reader can do,
 * `details` carries plain values only, so that the error survives `postMessage` as {@link ErrorData}.
 */
export class AlliumError extends Error {
  override readonly name = 'AlliumError';
  readonly code: ErrorCode;
  readonly advice: string;
  readonly details: Readonly<Record<string, string | number | boolean>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      readonly advice?: string;
      readonly details?: Readonly<Record<string, string | number | boolean>>;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.advice = options.advice ?? '';
    this.details = options.details ?? {};
  }

  toData(): ErrorData {
    return { code: this.code, message: this.message, advice: this.advice, details: this.details };
  }

  static fromData(data: ErrorData): AlliumError {
    return new AlliumError(data.code, data.message, { advice: data.advice, details: data.details });
  }
}
