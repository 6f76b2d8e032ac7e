import { parseFileSpans } from '../../bittorrent/magnet/file-spans.ts';
import type { FileSpan } from '../../bittorrent/magnet/types.ts';
import { AlliumError } from '../../codec/error.ts';

/** The value of `--files`. Throws BAD_USAGE when it is none. */
export function fileSpansOf(text: string | undefined): readonly FileSpan[] | undefined {
  if (text === undefined) return undefined;
  const spans = parseFileSpans(text);
  if (spans !== undefined) return spans;
  throw new AlliumError('BAD_USAGE', `“${text}” names no files`, {
    advice: 'Give numbers counted from 0, such as 0,2,4-6; allium info --json shows the files in order.',
  });
}
