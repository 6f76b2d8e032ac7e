import { AlliumError } from '../../codec/error.ts';
import { EXIT, type ExitCode, exitCodeOf } from './exit-code.ts';
import { bugText, failureJson, failureLine, toAlliumError } from './failure.ts';
import { writeErr, writeJson } from './output.ts';

export interface CommandOptions {
  /** With or without `allium` in front: `verify`, `bench kernels`. */
  readonly name: string;
  /** Whether `--json` was given: a failure is then told as JSON on standard output as well. */
  readonly json?: boolean;
}

/**
 * Runs the body of a command. `body` gets a signal that aborts on the first SIGINT or SIGTERM (the second ends the
 * program at once) and returns the exit code; nothing returned means done. What it throws becomes one line on
 * standard error and the exit code of its kind. The process is left to end by itself, so that output is written.
 */
export async function runCommand(
  options: CommandOptions,
  body: (signal: AbortSignal) => Promise<ExitCode | undefined>,
): Promise<void> {
  const interruption = new AbortController();
  const onSignal = (): void => {
    if (interruption.signal.aborted) process.exit(EXIT.interrupted);
    interruption.abort(new AlliumError('INTERRUPTED', 'stopped'));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    process.exitCode = (await body(interruption.signal)) ?? EXIT.done;
  } catch (thrown) {
    process.exitCode = reportFailure(options, thrown);
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

/** Tells the user what went wrong; returns the exit code that goes with it. */
export function reportFailure(options: CommandOptions, thrown: unknown): ExitCode {
  const name = `allium ${options.name}`.trim();
  const error = toAlliumError(thrown);
  if (error === undefined) {
    writeErr(bugText(name, thrown));
    if (options.json === true) {
      writeJson(
        failureJson(new AlliumError('IO_FAILED', 'unexpected failure', { advice: 'Please report it.' })),
      );
    }
    return EXIT.ioFailed;
  }
  writeErr(failureLine(name, error));
  if (options.json === true) writeJson(failureJson(error));
  return exitCodeOf(error.code);
}
