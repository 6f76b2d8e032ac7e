import { AlliumError } from '../../codec/error.ts';
import { printable } from '../../codec/text.ts';
import { fileError } from '../../runtime/real/file-error.ts';
import { bindError } from '../../runtime/real/network-error.ts';

/** Any thrown value as an {@link AlliumError}; undefined for what only a mistake in the program can be. */
export function toAlliumError(thrown: unknown): AlliumError | undefined {
  if (thrown instanceof AlliumError) return thrown;
  if (!(thrown instanceof Error)) return undefined;
  if (thrown.name === 'AbortError') return new AlliumError('INTERRUPTED', 'stopped', { cause: thrown });
  if (!('syscall' in thrown)) return undefined; // ERR_… codes of Node are mistakes of the caller: ours
  const { syscall, path, address, port } = thrown as NodeJS.ErrnoException & {
    address?: string;
    port?: number;
  };
  if (port !== undefined) return bindError(thrown, { host: address ?? '', port });
  return fileError(thrown, syscall ?? 'use', path ?? '');
}

/** The one line for standard error: `allium verify: cannot read …: permission denied. Check …`. */
export function failureLine(commandName: string, error: AlliumError): string {
  const advice = error.advice.charAt(0).toUpperCase() + error.advice.slice(1);
  return `${printable(`${commandName}: ${[error.message, advice].map(sentence).join(' ').trim()}`)}\n`;
}

function sentence(text: string): string {
  const bare = text.replace(/[.\s]+$/, '');
  return bare === '' ? '' : `${bare}.`;
}

/** What `--json` prints instead of a result. */
export function failureJson(error: AlliumError): { readonly error: ReturnType<AlliumError['toData']> } {
  return { error: error.toData() };
}

/** For a mistake in the program itself: one line that says so, then the stack for the report. */
export function bugText(commandName: string, thrown: unknown): string {
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return `${commandName}: unexpected failure; this is a bug in Allium. Please report it with these lines:\n${stack}\n`;
}
