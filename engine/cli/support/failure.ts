import { AlliumError, type ErrorCode } from '../../codec/error.ts';
import { printable } from './text.ts';

const SYSTEM_CODES: Readonly<Record<string, readonly [ErrorCode, string, string]>> = {
  EACCES: ['NO_PERMISSION', 'permission denied', 'Check who owns it and its mode (ls -l).'],
  EPERM: ['NO_PERMISSION', 'not permitted', 'Check who owns it and its mode (ls -l).'],
  EROFS: ['NO_PERMISSION', 'the file system is read-only', 'Choose another place, or mount it for writing.'],
  ENOENT: ['NOT_FOUND', 'there is no such file or folder', 'Check the path.'],
  ENOTDIR: ['WRONG_KIND', 'a part of the path is not a folder', 'Check the path.'],
  EISDIR: ['WRONG_KIND', 'it is a folder, not a file', 'Check the path.'],
  ENOSPC: ['NO_SPACE', 'the disk is full', 'Make room, then run the same command again.'],
  EDQUOT: ['NO_SPACE', 'your quota is used up', 'Make room, then run the same command again.'],
  EADDRINUSE: [
    'ADDRESS_IN_USE',
    'the port is taken',
    'Choose another port, or stop the program that has it.',
  ],
  EADDRNOTAVAIL: ['NETWORK_FAILED', 'this machine does not have that address', 'Check the address.'],
  ECONNREFUSED: [
    'NETWORK_FAILED',
    'the connection was refused',
    'Check the address and that the other side runs.',
  ],
  EMFILE: ['IO_FAILED', 'too many open files', 'Raise the limit (ulimit -n).'],
};

/** Any thrown value as an {@link AlliumError}; undefined for what only a mistake in the program can be. */
export function toAlliumError(thrown: unknown): AlliumError | undefined {
  if (thrown instanceof AlliumError) return thrown;
  if (!(thrown instanceof Error)) return undefined;
  if (thrown.name === 'AbortError') return new AlliumError('INTERRUPTED', 'stopped', { cause: thrown });
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
  if (!('syscall' in thrown)) return undefined; // ERR_… codes of Node are mistakes of the caller: ours
  const [ours, reason, advice] = SYSTEM_CODES[code] ?? ['IO_FAILED', `the system said ${code}`, ''];
  const path = 'path' in thrown && typeof thrown.path === 'string' ? `${thrown.path}: ` : '';
  return new AlliumError(ours, `${path}${reason}`, { advice, cause: thrown, details: { system: code } });
}

/** The one line for standard error: `allium verify: cannot read …: permission denied. Check …`. */
export function failureLine(commandName: string, error: AlliumError): string {
  const sentence = error.message.replace(/[.\s]+$/, '');
  const advice = error.advice === '' ? '' : ` ${error.advice}`;
  return `${printable(`${commandName}: ${sentence}.${advice}`)}\n`;
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
