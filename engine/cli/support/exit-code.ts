import type { ErrorCode } from '../../codec/error.ts';

/** What every command ends with. */
export const EXIT = {
  /** Done. */
  done: 0,
  /** Done, and found damage: bad pieces, a failed experiment. */
  damage: 1,
  /** The words on the command line or the input they name are off. */
  badInput: 2,
  /** The disk, the network or this machine said no. */
  ioFailed: 3,
  /** Stopped by SIGINT or SIGTERM before the work was done. */
  interrupted: 130,
} as const;

/** One of the values of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const BAD_INPUT: ReadonlySet<ErrorCode> = new Set([
  'BAD_USAGE',
  'BAD_BENCODE',
  'BAD_TORRENT',
  'UNSAFE_PATH',
  'BAD_STATE',
]);

/** The exit code that a failure with this error code ends a command with. */
export function exitCodeOf(code: ErrorCode): ExitCode {
  if (code === 'INTERRUPTED') return EXIT.interrupted;
  return BAD_INPUT.has(code) ? EXIT.badInput : EXIT.ioFailed;
}
