import { EXIT } from './exit-code.ts';

/** Writes a result to standard output. */
export function writeOut(text: string): void {
  process.stdout.write(text);
}

/** Writes the one JSON value of `--json` to standard output. */
export function writeJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Writes a message or a log line to standard error. */
export function writeErr(text: string): void {
  process.stderr.write(text);
}

/**
 * Ends the program when nobody takes its output any more: quietly when the reader has gone (`allium … | head`),
 * with a line when the output cannot be written (a full disk).
 */
export function guardOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE')
      writeErr(`allium: cannot write the output: ${error.code ?? error.message}.\n`);
    process.exit(EXIT.ioFailed);
  });
  // Nothing can be said any more, and that is no reason to stop the work.
  process.stderr.on('error', () => {});
}
