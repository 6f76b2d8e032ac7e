/** A failure the reader can do something about: printed as one line, without a stack. */
export class SetupError extends Error {
  /**
   * @param {string} message what happened to what
   * @param {string} advice what to do about it
   */
  constructor(message, advice) {
    super(message);
    this.advice = advice;
  }
}

/** The sources do not compile; everything else is in place. */
export class CompileError extends SetupError {
  /** Whether the compiler has nevertheless written all its outputs, as it does when only types are wrong. */
  isRunnable = false;
}

/** @param {unknown} error @returns {string | undefined} the system's code, such as EACCES */
export function systemCode(error) {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Prints `error` the way a user wants it. @param {unknown} error */
export function printFailure(error) {
  if (error instanceof SetupError) {
    process.stderr.write(`allium: ${error.message}. ${error.advice}\n`);
    return;
  }
  const code = systemCode(error);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    process.stderr.write(
      `allium: no permission to write ${error.path ?? 'here'} (${code}). Make the project folder yours, or clone it where you may write.\n`,
    );
    return;
  }
  if (code === 'ENOSPC') {
    process.stderr.write('allium: the disk is full (ENOSPC). Make room and run the same command again.\n');
    return;
  }
  process.stderr.write(
    `allium: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
}
